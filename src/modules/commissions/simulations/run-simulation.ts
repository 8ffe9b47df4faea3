import { v7 } from 'uuid';
import { type PastSale, Simulation } from '../../../domain/simulation.ts';
import { query } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Program, programOf } from '../../programs/program/public.ts';

import { PlanSimulation, type StoredResult } from './plan-simulation.entity.ts';
import { type Changes, type SimulatedTerms, type Span, simulatedTerms } from './simulated-terms.ts';

const PAGE = 2_000; // about 30 ms of computation, so that other requests are served in between
const TOP = 50;
const FIRST = '00000000-0000-0000-0000-000000000000';

/** Recomputes the sales of a simulation's months and stores the result. Starts from the beginning when an earlier run was
 *  interrupted. */
export async function runSimulation(ctx: Context, id: string): Promise<void> {
  const begun = await transact(ctx, async (em) => {
    const simulation = await em.findOne(PlanSimulation, id);
    if (!simulation || (simulation.status !== 'WAITING' && simulation.status !== 'RUNNING')) return null;
    const program = await programOf(em, simulation.tenantId);
    const span = { month: simulation.firstDay, next: dayAfter(simulation.lastDay) };
    const terms = await simulatedTerms(em, program, simulation.changes as Changes, span);
    return { program, span, terms };
  });
  if (!begun) return;
  const stream = salesOf(begun.program, begun.span, begun.terms, v7());
  const [{ total } = { total: 0 }] = await query(ctx, stream.count());
  let done = 0;
  if (!(await progress(ctx, id, { total, done }))) return;

  const sums = new Sums();
  const simulation = new Simulation(begun.terms, (sale, then) => sums.wouldBe(sale, then));
  for (let coming = query(ctx, stream.page(FIRST)); ; ) {
    const page = (await coming).map(read);
    const last = page.at(-1)?.id;
    if (last === undefined) break;
    coming = query(ctx, stream.page(last)); // the database reads the next page during the computation of this one
    for (const { within, ...sale } of page) {
      if (within) {
        sums.now(sale, sale.net);
        simulation.sale(sale);
      } else {
        const rule = sale.ruleId === null ? null : begun.terms.countedBy(sale.ruleId, sale.occurredAt);
        if (rule) simulation.elsewhere(sale, rule);
      }
    }
    done += page.length;
    if (!(await progress(ctx, id, { total, done }))) {
      await coming; // the simulation was canceled
      return;
    }
  }
  simulation.end();
  const [{ leftOut } = { leftOut: 0 }] = await query(ctx, stream.leftOut());
  const result = sums.result(leftOut);
  await transact(ctx, (em) =>
    em.nativeUpdate(
      PlanSimulation,
      { id, status: 'RUNNING' },
      { status: 'DONE', result, salesDone: done, finishedAt: ctx.clock.now() },
    ),
  );
}

/** Stores the progress. Returns false when the simulation was canceled. */
async function progress(
  ctx: Context,
  id: string,
  { total, done }: { total: number; done: number },
): Promise<boolean> {
  const updated = await transact(ctx, (em) =>
    em.nativeUpdate(
      PlanSimulation,
      { id, status: { $in: ['WAITING', 'RUNNING'] } },
      { status: 'RUNNING', salesTotal: total, salesDone: done },
    ),
  );
  return updated === 1;
}

function dayAfter(day: string): string {
  const next = new Date(`${day}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().slice(0, 10);
}

/** Queries for the sales in order of recording, each with its later changes. Sales recorded after the start are left out. */
function salesOf(
  { tenantId, timeZone }: Program,
  { month, next }: Span,
  terms: SimulatedTerms,
  until: string,
) {
  const starts = sql`${month}::date::timestamp at time zone ${timeZone}`;
  const ends = sql`${next}::date::timestamp at time zone ${timeZone}`;
  const within = (at: Sql) => sql`${at} >= ${starts} and ${at} < ${ends}`;
  const inSpan = within(sql`c.occurred_at`);
  // A rule that counts also needs the sales of its period in other months.
  const near = terms.lifelong
    ? sql`true`
    : sql`c.occurred_at >= ${month}::date - interval '367 days' and c.occurred_at < ${next}::date + interval '367 days'`;
  const scope = sql`c.tenant_id = ${tenantId} and c.id < ${until}::uuid and c.reverses_id is null and c.adjusts_id is null
    and (${inSpan} or (c.rule_id = any(${terms.countedIds}::uuid[]) and ${near}))`;
  const customerKind = terms.asksKind
    ? sql`case when c.customer_id is null then null when customer_bought_before(c.customer_id, c.occurred_at) then 'RETURNING' else 'NEW' end`
    : sql`null`;
  const past = terms.asksPurchases
    ? sql`
        left join lateral (select min(p.occurred_at) as first, count(distinct coalesce(p.order_id, p.conversion_id::text, p.id::text))::int as count
          from commissions p where p.customer_id = c.customer_id and p.partner_id = c.partner_id and p.occurred_at < c.occurred_at and p.id < c.id
            and p.type not in ('REVERSAL', 'BONUS', 'TRUE_UP', 'ADJUSTMENT') and (p.status <> 'REJECTED' or p.updated_at > c.created_at)) past on true`
    : sql`cross join (select null::timestamptz as first, 0 as count) past`;
  return {
    count: () => sql<{ total: number }>`select count(*)::int as total from commissions c where ${scope}`,
    page: (last: string) => sql<Row>`
      select /* simulations.sales */ c.id, c.partner_id as "partnerId", c.customer_id as "customerId", c.type, c.occurred_at as "occurredAt",
        (c.occurred_at at time zone ${timeZone})::date as day, c.base_currency as currency, c.product, c.country,
        coalesce((c.computation->>'quantity')::int, c.quantity, 1) as quantity, c.base_minor as base, c.status = 'REJECTED' as rejected,
        c.rounding_mode as "roundingMode", case when c.amount_currency = c.base_currency then c.rate_source end as level,
        c.rule_id as "ruleId", coalesce(added.rate, c.rate_bps) as "rateBps", coalesce(added.tier, c.tier) as tier, c.amount_minor as amount,
        coalesce((c.computation->>'trueUp')::bigint, 0) as "trueUp", coalesce((c.computation->'cap'->>'cut')::bigint, 0) > 0 as cut,
        coalesce(added.amount, 0) + case when c.status = 'REJECTED' then 0::bigint else c.amount_minor + coalesce(refunds.amount, 0) end as net,
        coalesce(refunds.rows, '[]') || coalesce(added.rows, '[]') as entered, c.updated_at as "changedAt", ${customerKind} as "customerKind",
        past.first as "firstPurchaseAt", past.count as purchases, ${inSpan} as within
      from commissions c
        left join lateral (select sum(r.amount_minor)::bigint as amount, jsonb_agg(jsonb_build_object('id', r.id, 'base', (-r.base_minor)::text)) as rows
          from commissions r where r.reverses_id = c.id) refunds on true
        left join lateral (select sum(a.amount_minor) filter (where a.status <> 'REJECTED')::bigint as amount,
            jsonb_agg(jsonb_build_object('id', a.id, 'base', (-a.base_minor)::text)) filter (where a.type = 'ADJUSTMENT' and a.status <> 'REJECTED') as rows,
            (array_agg(a.tier order by a.id desc) filter (where a.type = 'TRUE_UP' and a.rate_source = 'TIER'))[1] as tier,
            (array_agg(a.rate_bps order by a.id desc) filter (where a.type = 'TRUE_UP' and a.rate_source = 'TIER'))[1] as rate
          from commissions a where a.adjusts_id = c.id) added on true
      ${past}
      where ${scope} and c.id > ${last}::uuid order by c.id limit ${sql.raw(PAGE)}`,
    /** Counts the purchases without a commission, which cannot be simulated. */
    leftOut: () => sql<{ leftOut: number }>`
      select ((select count(*) from conversions v where v.tenant_id = ${tenantId} and v.amount_minor > 0 and ${within(sql`v.occurred_at`)}
          and not exists (select from commissions c where c.conversion_id = v.id))
        + (select coalesce(sum(jsonb_array_length(s.refused)), 0) from sales s
          where s.tenant_id = ${tenantId} and s.refused <> '[]' and ${within(sql`s.created_at`)}))::int as "leftOut"`,
  };
}

interface Row extends Omit<PastSale, 'refunds'> {
  readonly entered: { readonly id: string; readonly base: string }[];
  readonly changedAt: Date;
  readonly within: boolean;
}

function read({ entered, changedAt, ...sale }: Row): PastSale & { readonly within: boolean } {
  const refunds = entered
    .map((each) => ({ id: each.id, base: BigInt(each.base), rejected: false }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  if (sale.rejected) {
    const left = refunds.reduce((rest, refund) => rest - refund.base, sale.base);
    refunds.push({ id: firstIdOf(changedAt), base: left, rejected: true });
  }
  return { ...sale, refunds };
}

/** Returns the smallest id (UUIDv7) of a time. */
function firstIdOf(at: Date): string {
  const hex = at.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

interface Cost {
  now: bigint;
  simulated: bigint;
}

/** Sums of the recorded and the simulated commissions by currency, month and partner. */
class Sums {
  readonly #costs = new Map<string, Cost>();

  now(sale: PastSale, amount: bigint): void {
    for (const cost of this.#of(sale)) cost.now += amount;
  }

  wouldBe(sale: PastSale, amount: bigint): void {
    for (const cost of this.#of(sale)) cost.simulated += amount;
  }

  *#of({ currency, day, partnerId }: PastSale): Generator<Cost> {
    for (const name of [
      `all ${currency} `,
      `month ${currency} ${day.slice(0, 7)}`,
      `partner ${currency} ${partnerId}`,
    ]) {
      let cost = this.#costs.get(name);
      if (!cost) {
        cost = { now: 0n, simulated: 0n };
        this.#costs.set(name, cost);
      }
      yield cost;
    }
  }

  result(leftOut: number): StoredResult {
    const of = (kind: string) =>
      [...this.#costs]
        .map(([name, cost]) => ({ parts: name.split(' '), ...cost }))
        .filter(({ parts }) => parts[0] === kind)
        .map(({ parts: [, currency = '', key = ''], now, simulated }) => ({ currency, key, now, simulated }))
        .sort((a, b) => (`${a.currency}${a.key}` < `${b.currency}${b.key}` ? -1 : 1));
    const stored = ({ currency, now, simulated }: { currency: string } & Cost) => ({
      currency,
      now: `${now}`,
      simulated: `${simulated}`,
    });
    const partners = of('partner').map((each) => ({ ...each, gain: each.simulated - each.now }));
    // Per currency, because amounts in different currencies cannot be compared.
    const top = (sign: 1n | -1n) =>
      [...Map.groupBy(partners, ({ currency }) => currency).values()].flatMap((own) =>
        own
          .filter(({ gain }) => gain * sign > 0n)
          .sort((a, b) => (a.gain === b.gain ? 0 : a.gain * sign < b.gain * sign ? 1 : -1))
          .slice(0, TOP)
          .map((each) => ({ ...stored(each), partnerId: each.key })),
      );
    return {
      costs: of('all').map(stored),
      months: of('month').map((each) => ({ ...stored(each), month: `${each.key}-01` })),
      winners: top(1n),
      losers: top(-1n),
      better: partners.filter(({ gain }) => gain > 0n).length,
      worse: partners.filter(({ gain }) => gain < 0n).length,
      leftOut,
    };
  }
}
