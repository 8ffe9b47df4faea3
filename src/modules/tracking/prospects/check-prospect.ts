import { invalid } from '../../../domain/errors.ts';
import type { ProspectState } from '../../../domain/prospect.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { findPartner, partnerTable } from '../../partners/partner/public.ts';
import type { CheckProspectInput } from './prospect.inputs.ts';
import { prospectOf, prospectState } from './prospect-state.ts';

/** Returns whether a prospect is free for a partner; for staff without a partner, whether it is free at all. */
export async function checkProspect(ctx: Context, input: CheckProspectInput): Promise<ProspectState> {
  const partnerId = input.partnerId ?? ctx.actor.partnerId;
  const prospect = prospectOf(input, 'input.domain');
  if (!prospect.domain && !prospect.email)
    throw invalid('input.domain', 'give a domain or an e-mail address');
  if (partnerId !== null)
    await authorizeRow(ctx, 'edit', partnerTable, partnerId, { field: 'input.partnerId' });
  return transact(ctx, async (em) => {
    const partner = partnerId === null ? null : await findPartner(em, partnerId, 'input.partnerId');
    const tenantId = partner?.tenantId ?? ctx.actor.tenantId ?? '';
    return prospectState(em, tenantId, partner?.id ?? null, prospect, ctx.clock.now());
  });
}
