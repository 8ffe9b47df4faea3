import type { EntityManager } from '@mikro-orm/postgresql';
import { MAX_MINOR, money } from '../../../domain/money.ts';
import { PayoutMethod, type SkipReason } from '../../../domain/payout.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import { within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { currencyCodes } from '../../../kernel/request/currency.ts';
import { memo } from '../../../kernel/request/memo.ts';
import type { PayoutRail } from '../../../ports/payout-rail.ts';
import { postAccruals } from '../../foundation/ledger/public.ts';

/** The partners and the period of the balances. */
export interface Due {
  readonly tenantId: string;
  readonly partnerIds: readonly string[];
  /** Time of a run, which pays each partner's last complete period before it and earlier unpaid amounts. Not used when `days` is set. */
  readonly asOf: Date;
  readonly days: { readonly start: string; readonly end: string } | null;
  readonly currency: string | null;
  readonly method: PayoutMethod | null;
}

interface Making {
  readonly runId: string | null;
  readonly createdBy: string;
  readonly initiatedBy: string;
  readonly metadata: object;
}

export interface Balance {
  readonly payoutId: string;
  readonly partnerId: string;
  readonly currency: string | null;
  readonly method: PayoutMethod | null;
  readonly amount: bigint;
  readonly lines: number;
  readonly reason: SkipReason | null;
}

type RailSupport = Record<string, boolean | string[]>;
const supportOfRail = new WeakMap<PayoutRail, RailSupport>();

/** The currency support of each configured rail as JSON, for the SQL function `payout_balances`. */
export function railSupportJson(ctx: Pick<Context, 'rail'>): string {
  const rails: Record<string, RailSupport> = {};
  for (const method of Object.values(PayoutMethod)) {
    const rail = ctx.rail(method);
    if (rail) rails[method] = memo(supportOfRail, rail, () => railSupport(rail));
  }
  return JSON.stringify(rails);
}

function railSupport(rail: PayoutRail): RailSupport {
  const support: RailSupport = { account: rail.needsAccount };
  for (const currency of currencyCodes) {
    const limits = rail.currencySupport(currency);
    if (!limits) continue;
    const { step, minimum, maximum } = limits;
    const most = maximum === null || maximum > MAX_MINOR ? MAX_MINOR : maximum;
    support[currency] = [`${step}`, `${minimum}`, `${most}`];
  }
  return support;
}

/** The balances of some partners, each with the reason why it is not paid: the same query for `createPayout`, a run and
 *  its preview. */
export const balances = (ctx: Context, due: Due): Sql =>
  sql`payout_balances(${due.tenantId}, ${due.partnerIds}::uuid[], ${due.asOf}::timestamptz, ${ctx.clock.now()}::timestamptz,
        ${railSupportJson(ctx)}::jsonb, ${due.days?.start ?? null}::date, ${due.days?.end ?? null}::date + 1, ${due.currency}, ${due.method})`;

/** Creates a payout of each payable balance and allocates its commissions, in one query; the partners are already locked. Items are
 *  inserted in the order of their commissions, so that the indexes are read and written from left to right.
 *  A payout remainder, which the rail cannot send, stays owed: one ADJUSTMENT subtracts it from the payout, another one keeps it. */
export async function payBalances(
  em: EntityManager,
  ctx: Context,
  due: Due,
  { runId, createdBy, initiatedBy, metadata }: Making,
): Promise<Balance[]> {
  const { tenantId } = due;
  const now = ctx.clock.now();
  const rows = await sql<
    Omit<Balance, 'amount'> & { amount: string | null; rest: string[] | null; taken: string }
  >`
    with /* payouts.make */ balance as materialized (
      select b.*, b.reason is null and b.amount <> b.total as leaves, new_id() as payout_id, new_id() as taken_id, new_id() as kept_id
      from ${balances(ctx, due)} b),
    made as (
      insert into payouts (id, tenant_id, partner_id, run_id, method, payout_account_id, period_start, period_end, amount_minor,
        amount_currency, commission_count, created_by, initiated_by, metadata)
      select payout_id, ${tenantId}, partner_id, ${runId}, method, account_id, period_start, period_end, amount, currency,
        lines + leaves::int, ${createdBy}, ${initiatedBy}, ${JSON.stringify(metadata)}
      from balance where reason is null),
    rest as (
      select b.*, r.id, r.minor from balance b
      cross join lateral (values (b.taken_id, b.amount - b.total), (b.kept_id, b.total - b.amount)) r (id, minor) where b.leaves),
    carried as (
      insert into commissions (id, tenant_id, partner_id, adjusts_id, carried_by, type, method, status, base_minor, base_currency, rate_bps,
        tier, rounding_mode, amount_minor, amount_currency, revenue_minor, occurred_at, approved_at, approved_by)
      select id, ${tenantId}, partner_id, line_ids[1], payout_id, 'ADJUSTMENT', 'PERCENTAGE', 'APPROVED', 0, currency, 0,
        tier, 'HALF_UP', minor, currency, 0, last_at, ${now}, ${createdBy} from rest),
    claimed as (
      insert into payout_items (id, tenant_id, payout_id, commission_id)
      select new_id(), ${tenantId}, payout_id, line_id from (
        select payout_id, unnest(line_ids) as line_id from balance where reason is null
        union all select payout_id, taken_id from balance where leaves
        order by line_id) l),
    skipped as (
      insert into payout_run_skips (id, tenant_id, run_id, partner_id, reason, line_count, amount_minor, amount_currency)
      select new_id(), ${tenantId}, ${runId}, partner_id, reason, lines, total, currency from balance
      where reason is not null and ${runId}::uuid is not null)
    select payout_id as "payoutId", partner_id as "partnerId", currency, method, amount::text, lines, reason, case when leaves then array[taken_id, kept_id] end as rest, (amount - total)::text as taken
    from balance order by partner_id, currency`.execute(em);
  const carried = rows.flatMap(({ partnerId, currency, rest, taken }) =>
    (rest ?? []).map((id, kept) => {
      const minor = kept ? -BigInt(taken) : BigInt(taken);
      return { id, tenantId, partnerId, amount: money(minor, currency as string) };
    }),
  );
  await postAccruals(within(em), carried, now);
  return rows.map(({ rest: _, taken: __, ...row }) => ({ ...row, amount: BigInt(row.amount ?? 0) }));
}
