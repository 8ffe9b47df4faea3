import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { conflict, notFound } from '../../../domain/errors.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';

import { record } from '../../foundation/audit/public.ts';
import { findPartner, partnerTable } from '../../partners/partner/public.ts';

import { prospectOf, prospectState } from '../prospects/public.ts';
import { Lead } from './lead.entity.ts';
import type { SubmitLeadInput } from './lead.inputs.ts';

/** Submits a lead, by a member of the partner or by staff. Returns its id. */
export async function submitLead(ctx: Context, input: SubmitLeadInput): Promise<string> {
  const field = 'input.partnerId';
  await authorizeRow(ctx, 'edit', partnerTable, input.partnerId, { field });
  const prospect = prospectOf(input, 'input.domain');
  return transact(ctx, async (em) => {
    const { id: partnerId, tenantId } = await findPartner(em, input.partnerId, field);
    if ((await prospectState(em, tenantId, partnerId, prospect, ctx.clock.now())) === 'TAKEN')
      throw conflict('Another partner already submitted this prospect.', {
        field: prospect.domain ? 'input.domain' : 'input.email',
        reason: 'DUPLICATE',
      });
    const lead = em.create(Lead, {
      tenantId,
      partnerId,
      company: input.company,
      contactName: input.contactName ?? null,
      ...prospect,
      notes: input.notes ?? null,
      submittedBy: ctx.actor.id,
    });
    record(em, ctx, 'lead.submitted', lead, { after: { status: lead.status } });
    return lead.id;
  });
}

/** Accepts a lead. */
export const acceptLead = (ctx: Context, id: string): Promise<string> => decide(ctx, id, 'ACCEPTED', null);

/** Rejects a lead. The partner can read the reason. */
export const rejectLead = (ctx: Context, id: string, reason: string): Promise<string> =>
  decide(ctx, id, 'REJECTED', reasonOf(reason));

function decide(ctx: Context, id: string, status: 'ACCEPTED' | 'REJECTED', reason: string | null) {
  return transact(ctx, async (em) => {
    const lead = await em.findOne(Lead, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!lead) throw notFound('lead');
    if (lead.status !== 'SUBMITTED')
      throw conflict(`This lead is already ${lead.status}.`, { reason: 'ALREADY_DECIDED' });
    const before = { status: lead.status };
    Object.assign(lead, { status, reason, decidedAt: ctx.clock.now(), decidedBy: ctx.actor.id });
    record(em, ctx, `lead.${status.toLowerCase()}`, lead, { before, after: { status }, reason });
    return lead.id;
  });
}

/** Finds the accepted lead that a sale names, and locks it until the sale is recorded. */
export async function leadOfSale(
  em: EntityManager,
  tenantId: string,
  id: string,
  field: string,
): Promise<Lead> {
  const lead = await em.findOne(
    Lead,
    { id: idOf(id, field), tenantId },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  if (!lead) throw notFound('lead', { field });
  if (lead.status !== 'ACCEPTED')
    throw conflict(`This lead is ${lead.status}. Only an ACCEPTED lead can be named by a sale.`, {
      field,
      reason: 'LEAD_NOT_ACCEPTED',
    });
  return lead;
}
