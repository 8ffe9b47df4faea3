import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import { expiryOf } from '../../../domain/referral.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { findPartner, partnerTable } from '../../partners/partner/public.ts';

import { programOf } from '../../programs/program/public.ts';
import { companyDomainOf, type Prospect, prospectOf, prospectState } from '../prospects/public.ts';
import { Deal } from './deal.entity.ts';
import type { RegisterDealInput } from './deal.inputs.ts';

/** Registers a prospect for a partner until the deal expires. Concurrent registrations run one after the other; the first wins. */
export async function registerDeal(ctx: Context, input: RegisterDealInput): Promise<string> {
  await authorizeRow(ctx, 'edit', partnerTable, input.partnerId, { field: 'input.partnerId' });
  const prospect = prospectOf(input, 'input.domain');
  const { email } = prospect;
  const domain = prospect.domain ?? (email && companyDomainOf(email));
  if (!domain && !email) throw invalid('input.domain', 'give a company domain or an e-mail address');
  const now = ctx.clock.now();
  return transact(ctx, async (em) => {
    const { id: partnerId, tenantId } = await findPartner(em, input.partnerId, 'input.partnerId');
    const state = await prospectState(em, tenantId, partnerId, { domain, email }, now);
    if (state === 'TAKEN' || (state === 'YOURS' && (await hasDeal(em, partnerId, { domain, email }))))
      throw conflict('The prospect is already registered.', {
        field: domain ? 'input.domain' : 'input.email',
        reason: 'DEAL_REGISTERED',
      });
    if (ctx.actor.partnerId !== null) await requireRoom(em, tenantId, partnerId, now);
    const deal = em.create(Deal, {
      tenantId,
      partnerId,
      company: input.company,
      domain,
      email,
      registeredBy: ctx.actor.id,
      registeredAt: now,
      expiresAt: expiryOf(now, input.days ?? (await programOf(em, tenantId)).prospectDays),
    });
    record(em, ctx, 'deal.registered', deal, { after: { expiresAt: deal.expiresAt } });
    return deal.id;
  });
}

/** True if the partner itself has a live deal for the prospect; its own lead does not prevent a deal. */
async function hasDeal(em: EntityManager, partnerId: string, { domain, email }: Prospect): Promise<boolean> {
  const [deal] = await sql`
    select 1 from deals where partner_id = ${partnerId} and closed_at is null
      and (domain = ${domain} or normal_email(email) = normal_email(${email})) limit 1`.execute(em);
  return deal !== undefined;
}

/** Limits the open deals of a partner, so that a partner cannot reserve every prospect. The lock on the prospect serialises the count. */
async function requireRoom(em: EntityManager, tenantId: string, partnerId: string, now: Date): Promise<void> {
  const { dealsPerPartner } = await programOf(em, tenantId);
  const open = { partnerId, closedAt: null, referralId: null, expiresAt: { $gt: now } };
  if ((await em.count(Deal, open)) >= dealsPerPartner)
    throw conflict(
      `This partner already has ${dealsPerPartner} open deals. Close one, or ask the program for more.`,
      {
        reason: 'TOO_MANY_DEALS',
      },
    );
}

/** Closes a deal early. Any partner may then register the prospect. */
export function closeDeal(ctx: Context, id: string): Promise<string> {
  return transact(ctx, async (em) => {
    const deal = await em.findOne(Deal, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!deal) throw notFound('deal');
    const now = ctx.clock.now();
    if (deal.closedAt || deal.expiresAt <= now)
      throw conflict('This deal is already won, closed or expired.', { reason: 'OVER' });
    deal.closedAt = now;
    record(em, ctx, 'deal.closed', deal, { before: { closedAt: null }, after: { closedAt: now } });
    return deal.id;
  });
}

/** Finds the deal of an ACTIVE partner that reserved the buyer at the given time, and locks it until the sale is recorded. */
export async function dealOfSale(
  em: EntityManager,
  tenantId: string,
  email: string | null | undefined,
  at: Date,
): Promise<{ id: string; partnerId: string } | null> {
  if (!email) return null;
  const [deal] = await sql<{ id: string; partner_id: string }>`
    select id, partner_id from deals
    where tenant_id = ${tenantId} and (normal_email(email) = normal_email(${email}) or domain = ${companyDomainOf(email)})
      and registered_at <= ${at} and expires_at > ${at} and (closed_at is null or closed_at > ${at}) and referral_id is null
      and exists (select from partners p where p.id = deals.partner_id and p.status = 'ACTIVE')
    order by registered_at, id limit 1 for update`.execute(em);
  return deal ? { id: deal.id, partnerId: deal.partner_id } : null;
}
