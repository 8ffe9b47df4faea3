import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { bandedLines } from '../../../domain/bands.ts';
import { parseComputation } from '../../../domain/computation.ts';
import { money } from '../../../domain/money.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { addLine } from './add-line.ts';
import { Commission } from './commission.entity.ts';

/** Locks and returns the true-ups of a sale that are neither rejected nor reversed. Each is approved on its own. */
export const lockTrueUps = (em: EntityManager, { id }: Commission): Promise<Commission[]> =>
  em.find(
    Commission,
    { adjustsId: id, type: 'TRUE_UP', status: { $nin: ['REJECTED', 'REVERSED'] } },
    { orderBy: { id: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );

/** Returns the commission of the sale itself, also from an ADJUSTMENT that restored it after a dispute. */
async function saleOf(em: EntityManager, line: Commission): Promise<Commission> {
  let sale = line;
  while (sale.type === 'ADJUSTMENT' && !sale.carriedBy && sale.adjustsId)
    sale = await em.findOneOrFail(Commission, sale.adjustsId);
  return sale;
}

/** Locks and returns the commission that is in force: the commission itself, or the ADJUSTMENT that restored it after a
 *  dispute. */
export async function lockInForce(em: EntityManager, line: Commission): Promise<Commission> {
  for (let standing = line; ; ) {
    const back = await em.findOne(
      Commission,
      { adjustsId: standing.id, type: 'ADJUSTMENT', carriedBy: null },
      { lockMode: LockMode.PESSIMISTIC_WRITE },
    );
    if (!back) return standing;
    standing = back;
  }
}

/** Subtracts a refund from the period of a tiered commission and returns the change by the stored bands, in minor units. A
 *  rejection is a refund of the rest. The change is more than a share of the commission when other sales fall into a lower
 *  band. A negative refund adds to the period as a sale does. Returns null when the commission is not tiered. */
export async function bandsShrink(em: EntityManager, of: Commission, refund: bigint): Promise<bigint | null> {
  const line = await saleOf(em, of);
  const computed = line.computation ? parseComputation(line.computation) : null;
  if (!computed?.period || !line.ruleId) return null;
  const [usage] = await sql<{ base_minor: string; rule_key: string; period_start: string }>`
    select u.base_minor, u.rule_key, u.period_start::text from commission_rules r join programs g on g.tenant_id = r.tenant_id
    join rule_usage u on u.rule_key = r.rule_key and u.partner_id = ${line.partnerId} and u.scope = 'bands'
      and u.period_start = rule_period(r.band_period, ${line.occurredAt}::timestamptz at time zone g.time_zone)
    where r.id = ${line.ruleId} for update of u`.execute(em);
  if (!usage) return null;
  const { currency } = line.baseAmount;
  const { bands, mode } = computed.period;
  const before = money(BigInt(usage.base_minor), currency);
  const moved = bandedLines(bands, mode, before, money(-refund, currency), line.roundingMode);
  const taken = moved.line.minor + moved.trueUp.minor;
  await sql`
    update rule_usage set base_minor = base_minor - ${refund}, earned_minor = earned_minor + ${taken}
    where partner_id = ${line.partnerId} and rule_key = ${usage.rule_key} and scope = 'bands' and period_start = ${usage.period_start}::date
  `.execute(em);
  // The bands do not know the part that a cap cut off, so a capped commission is reversed by its own share.
  return computed.cap && computed.cap.cut > 0n ? null : taken;
}

/** Changes the used part of a rule's cap after a refund, a rejection or a won dispute. `minor` is in the currency of the
 *  commission, negative when earnings are lost. */
export async function changeCapUsed(em: EntityManager, of: Commission, minor: bigint): Promise<void> {
  const { ruleId, partnerId, customerId = null, occurredAt } = await saleOf(em, of);
  if (!ruleId || minor === 0n) return;
  await sql`
    update rule_usage u set earned_minor = u.earned_minor + ${minor}
    from commission_rules r join programs g on g.tenant_id = r.tenant_id
    where r.id = ${ruleId} and r.cap_per in ('CUSTOMER', 'PARTNER') and u.partner_id = ${partnerId} and u.rule_key = r.rule_key
      and u.scope = case r.cap_per when 'CUSTOMER' then coalesce(${customerId}::uuid::text, 'all') else 'all' end
      and u.period_start = rule_period(r.cap_period, ${occurredAt}::timestamptz at time zone g.time_zone)
  `.execute(em);
}

interface Adjustment {
  readonly minor: bigint;
  readonly approved: boolean;
  readonly occurredAt: Date;
}

/** Creates a TRUE_UP for the change that a refund or a rejection causes for the other sales of a tiered period. */
export function trueUp(
  em: EntityManager,
  ctx: Context,
  line: Commission,
  { minor, approved, occurredAt }: Adjustment,
): void {
  addLine(em, ctx, line, {
    ...{ approved, occurredAt, type: 'TRUE_UP', status: approved ? 'APPROVED' : 'PENDING' },
    ...{ baseMinor: 0n, amountMinor: minor, revenueMinor: 0n },
    adjustsId: line.id,
    ruleId: line.ruleId ?? null,
    computation: line.computation ?? null,
    holdUntil: approved ? null : (line.holdUntil ?? null), // approved automatically at the same time as the commission
  });
}
