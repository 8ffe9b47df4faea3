import type { EntityManager } from '@mikro-orm/postgresql';
import { refusedBy } from '../../../domain/duties.ts';
import { conflict } from '../../../domain/errors.ts';
import { type PayoutBlock, payoutBlocks } from '../../../domain/payout.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { digits } from '../../../kernel/request/currency.ts';
import { ratesInForce } from '../../programs/exchange-rates/public.ts';
import type { Program } from '../../programs/program/public.ts';
import { railSupportJson } from './pay-balances.ts';
import type { Payout } from './payout.entity.ts';

/** Sets `second_approval` on the PENDING payouts of these partners, or on one payout: the reason why two people must approve. The
 *  comparison with the limit is exact: other currencies are converted by today's rate. A missing rate requires two, and so does a rate that
 *  only the creator of the payout or this actor vouches for: the person could have chosen the rate for the payout. A payout that needed two approvals goes on needing two, whatever limit or rate comes later. */
export async function flagForSecondApproval(
  em: EntityManager,
  { actor }: Pick<Context, 'actor'>,
  program: Program,
  of: { readonly partnerIds: readonly string[] } | { readonly payoutIds: readonly string[] },
): Promise<void> {
  const { tenantId, timeZone, splitDays } = program;
  const limit = program.secondApprovalAboveMinor ?? null;
  if (limit === null) return;
  const payouts = JSON.stringify('payoutIds' in of ? of.payoutIds : []);
  const partners = JSON.stringify('partnerIds' in of ? [...new Set(of.partnerIds)] : []);
  await sql`
    with worth as materialized (select * from jsonb_to_recordset(${await loadCurrencyValues(em, program)}::jsonb) w (currency text, n numeric, d numeric, entered_by text)),
    waiting as (
      select o.id, o.partner_id, o.created_by, o.second_approval as before, o.amount_minor, o.amount_currency, (o.created_at at time zone ${timeZone})::date as day from payouts o
      where o.status = 'PENDING' and o.tenant_id = ${tenantId} and (
        o.id in (select value::uuid from jsonb_array_elements_text(${payouts}::jsonb))
        or o.partner_id in (select value::uuid from jsonb_array_elements_text(${partners}::jsonb)))),
    judged as (
      select o.id, case
        when o.before is not null then o.before
        when w.n is null or may_be_one(w.entered_by, o.created_by) or may_be_one(w.entered_by, ${actor.id}) then 'NO_RATE'
        when o.amount_minor * w.n > ${limit}::numeric * w.d then 'ABOVE_LIMIT'
        when (select sum(q.amount_minor * v.n / v.d) from payouts q join worth v on v.currency = q.amount_currency
          where q.partner_id = o.partner_id and q.status not in ('CANCELED', 'RETURNED') and q.released_at is null
            and abs((q.created_at at time zone ${timeZone})::date - o.day) < ${splitDays}) > ${limit}::numeric then 'SPLIT' end as reason
      from waiting o left join worth w on w.currency = o.amount_currency)
    update payouts o set second_approval = j.reason from judged j where j.id = o.id and o.second_approval is distinct from j.reason
  `.execute(em);
}

/** The value of a minor unit of each currency in the program's currency, as a fraction. */
async function loadCurrencyValues(
  em: EntityManager,
  { tenantId, currency, timeZone }: Program,
): Promise<string> {
  const [today] = await sql<{
    day: string;
  }>`select (now() at time zone ${timeZone})::date::text as day`.execute(em);
  const rates = await ratesInForce(em, tenantId, currency, today?.day ?? '');
  const unit = (code: string) => 10n ** BigInt(digits(code));
  const foreign = Array.from(rates, ([code, { numerator, denominator, enteredBy }]) => ({
    currency: code,
    entered_by: enteredBy,
    n: `${numerator * unit(currency)}`,
    d: `${denominator * unit(code)}`,
  }));
  return JSON.stringify([{ currency, n: '1', d: '1' }, ...foreign]);
}

/** Throws CONFLICT with a reason when a payout must not be approved or retried because of changes since its creation. */
export async function requireSendable(em: EntityManager, ctx: Context, payout: Payout): Promise<void> {
  const reason = await whyNotSent(em, ctx, payout);
  if (reason) throw conflict(payoutBlocks[reason], { reason });
}

/** The change since the creation of a payout that prevents its approval; null when there is none. */
export async function whyNotSent(
  em: EntityManager,
  ctx: Pick<Context, 'clock' | 'rail'>,
  { id }: Pick<Payout, 'id'>,
): Promise<PayoutBlock | null> {
  const [row] = await sql<{ reason: PayoutBlock | null }>`
    select why_not_sent(o, ${ctx.clock.now()}::timestamptz, ${railSupportJson(ctx)}::jsonb) as reason from payouts o where o.id = ${id}
  `.execute(em);
  return row?.reason ?? null;
}

/** Query for the last bank payment of a payout: `differs` when the bank status contradicts our records, `mine` when it is a rejection
 *  that this person imported. */
export const lastBankStatus = (payoutId: string | Sql, actorId: string) => sql<{
  differs: boolean;
  mine: boolean;
}>`
    select b.difference is not null as differs, is_rejection_told_by(b, ${actorId}) as mine
    from bank_payments b where b.payout_id = ${payoutId} order by b.id desc limit 1`;

/** Throws FORBIDDEN when the caller imported the bank's rejection: another person must release the money again. Throws CONFLICT
 *  while the bank status contradicts our records. */
export async function requireNotImportedBy(
  em: EntityManager,
  { actor }: Context,
  { id }: Payout,
): Promise<void> {
  const [last] = await lastBankStatus(id, actor.id).execute(em);
  if (last?.differs) throw conflict(payoutBlocks.BANK_DIFFERS, { reason: 'BANK_DIFFERS' });
  if (last?.mine) throw refusedBy('SEND', 'TOLD_BY_YOU');
}
