import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { bandedLines } from '../../../domain/bands.ts';
import { read } from '../../../domain/computation.ts';
import { money } from '../../../domain/money.ts';
import { commissionAccrued } from '../../../domain/posting.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { post } from '../../foundation/ledger/public.ts';
import { Commission } from './commission.entity.ts';

/** What a sale made beside its line and nothing has ended yet, locked: each is approved by itself. */
export const trueUpsOf = (em: EntityManager, { id }: Commission): Promise<Commission[]> =>
  em.find(
    Commission,
    { adjustsId: id, type: 'TRUE_UP', status: { $nin: ['REJECTED', 'REVERSED'] } },
    { orderBy: { id: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );

/** The sale's own line, of which a won dispute may have given back what a lost one took. */
async function saleOf(em: EntityManager, line: Commission): Promise<Commission> {
  let sale = line;
  while (sale.type === 'ADJUSTMENT' && !sale.carriedBy && sale.adjustsId)
    sale = await em.findOneOrFail(Commission, sale.adjustsId);
  return sale;
}

/** What of a line counts now: itself, or, taken back by a lost dispute that was won after all, what came back. Locked. */
export async function standingOf(em: EntityManager, line: Commission): Promise<Commission> {
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

/** What a refund (or a rejection, of all that is left) takes from the period of a tiered line, by the line's own bands: more
 *  than a share of the line where other sales fall into a lower band with it; what comes back, negative, adds as a sale does.
 *  null: the line is not tiered. Counts it under its rule. */
export async function bandsShrink(em: EntityManager, of: Commission, refund: bigint): Promise<bigint | null> {
  const line = await saleOf(em, of);
  const computed = line.computation ? read(line.computation) : null;
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
  // What a cap cut off the sale is not in the bands' sums: it is taken back by its own share.
  return computed.cap && computed.cap.cut > 0n ? null : taken;
}

/** What a refund, a rejection or a won dispute changes of what a rule's cap has used up: minor units of the line's currency,
 *  negative where earnings went. */
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

/** What a refund or a rejection changes of the other sales of a tiered period: a line of its own beside it. */
export function trueUp(
  em: EntityManager,
  ctx: Context,
  line: Commission,
  { minor, approved, occurredAt }: Adjustment,
): void {
  const { currency } = line.amount;
  const made = em.create(Commission, {
    tenantId: line.tenantId,
    partnerId: line.partnerId,
    customerId: line.customerId ?? null,
    adjustsId: line.id,
    ruleId: line.ruleId ?? null,
    computation: line.computation ?? null,
    type: 'TRUE_UP',
    method: line.method,
    status: approved ? 'APPROVED' : 'PENDING',
    baseAmount: new MoneyColumn(money(0n, currency)),
    tier: line.tier,
    roundingMode: line.roundingMode,
    amount: new MoneyColumn(money(minor, currency)),
    revenueMinor: 0n,
    source: line.source,
    subscriptionId: line.subscriptionId ?? null,
    occurredAt,
    holdUntil: approved ? null : (line.holdUntil ?? null), // it is approved by itself as the line would have been
    approvedAt: approved ? ctx.clock.now() : null,
    approvedBy: approved ? ctx.actor.id : null,
  });
  if (approved)
    post(
      em,
      made,
      `commission:${made.id}:accrued`,
      commissionAccrued(line.partnerId, made.amount),
      ctx.clock.now(),
    );
}
