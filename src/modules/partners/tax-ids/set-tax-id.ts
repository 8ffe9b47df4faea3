import { v7 } from 'uuid';
import { lastFour as endOf } from '../../../domain/bank-account.ts';
import { invalid } from '../../../domain/errors.ts';
import { taxIdOf } from '../../../domain/tax-id.ts';
import { authorize } from '../../../kernel/data/authorize.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { record } from '../../foundation/audit/public.ts';
import { transactSealing } from '../../foundation/data-keys/public.ts';
import { lockPartner, partnerOwner } from '../partner/public.ts';
import { TaxId } from './tax-id.entity.ts';
import type { SetTaxIdInput } from './tax-id.inputs.ts';

/** Sets or replaces a partner's tax id. Returns the partner's id. */
export async function setTaxId(ctx: Context, input: SetTaxIdInput): Promise<string> {
  const owner = await partnerOwner(ctx, input.partnerId, 'input.partnerId');
  await authorize(ctx, 'edit', { kind: 'payoutAccount', id: '(tax id)', attributes: owner });
  const { country } = input;
  const number = taxIdOf(input.number, country);
  if (number === null) throw invalid('input.number', 'must be a tax id of this country');
  const lastFour = endOf(number);

  return transactSealing(ctx, owner, async (em, seal) => {
    const { id: partnerId, tenantId } = await lockPartner(em, owner.partnerId, 'input.partnerId');
    const known = await em.findOne(TaxId, { partnerId });
    const before = known && { country: known.country, lastFour: known.lastFour, changedAt: known.changedAt };
    const id = known?.id ?? v7();
    const now = { country, lastFour, changedAt: ctx.clock.now() };
    const sealedNumber = seal('tax_ids', 'number', id, number);
    if (known) em.assign(known, { ...now, sealedNumber });
    else em.create(TaxId, { id, tenantId, partnerId, sealedNumber, ...now });
    record(em, ctx, 'taxId.set', { id, tenantId, partnerId }, { before, after: now });
    return partnerId;
  });
}
