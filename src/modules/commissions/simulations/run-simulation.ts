import { setImmediate as nextTurn } from 'node:timers/promises';
import { v7 } from 'uuid';
import { unlessTooLarge } from '../../../domain/money.ts';
import {
  groupName,
  isCounting,
  isWindowed,
  type Purchase,
  periodsOf,
  type Standing,
} from '../../../domain/owed.ts';
import {
  changedRules,
  decideAgain,
  owedUnder,
  standingsOf,
  type TriedRule,
  type TriedTerms,
} from '../../../domain/simulation.ts';
import { windowsOf } from '../../../domain/terms.ts';
import { query } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import { type Run, transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Program, programOf } from '../../programs/program/public.ts';
import { itemsWhere, longest, type StoredItem, spanOf } from '../commission/public.ts';

import { PlanSimulation, type StoredResult } from './plan-simulation.entity.ts';
import { type Changes, type SimulatedTerms, type Span, simulatedTerms } from './simulated-terms.ts';

const PAGE = 2_000; // about 30 ms of computation, so that other requests are served in between
const TOP = 50;

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
  const { program, span, terms } = begun;
  const run: Run = (statement) => query(ctx, statement);
  // A sale that is recorded after the start is left out.
  const simulable = sql`i.refused is null and i.base_minor is not null and i.id < ${v7()}::uuid`;
  const partners = await run(sql<{ id: string; items: number }>`
    select /* simulations.partners */ i.partner_id as id, count(*)::int as items from sale_items i
    where i.tenant_id = ${program.tenantId} and ${within(span)} and ${simulable} group by i.partner_id order by i.partner_id`);
  const total = partners.reduce((sum, { items }) => sum + items, 0);
  let done = 0;
  if (!(await progress(ctx, id, { total, done }))) return;

  const sums = new Sums();
  let refused = 0;
  for (const batch of batchesOf(partners)) {
    const items = await itemsWhere(
      run,
      sql`i.partner_id = any(${batch}::uuid[]) and ${within(span)} and ${simulable}`,
    );
    const owed = await simulate(run, items, span, terms, simulable);
    for (const item of items) {
      const amount = owed.get(item.id);
      if (amount === null) refused++;
      else sums.add(item, amount ?? item.owed);
    }
    done += items.length;
    if (!(await progress(ctx, id, { total, done }))) return; // the simulation was canceled
  }
  const [{ leftOut } = { leftOut: 0 }] = await run(leftOutOf(program, span));
  const result = sums.result(leftOut + refused);
  await transact(ctx, (em) =>
    em.nativeUpdate(
      PlanSimulation,
      { id, status: 'RUNNING' },
      { status: 'DONE', result, salesDone: done, finishedAt: ctx.clock.now() },
    ),
  );
}

const within = ({ month, next }: Span): Sql => sql`i.day >= ${month}::date and i.day < ${next}::date`;

/** Returns the partners in batches of about `PAGE` items. All items of a partner are in one batch. */
function batchesOf(partners: readonly { readonly id: string; readonly items: number }[]): string[][] {
  const batches: string[][] = [];
  let room = 0;
  for (const { id, items } of partners) {
    if (items > room) {
      batches.push([]);
      room = PAGE;
    }
    batches.at(-1)?.push(id);
    room -= items;
  }
  return batches;
}

/** Returns what items would be owed under the changed terms, by id. An item that is absent keeps what it is owed. Null for a sale
 *  that would be refused, because its commission would be too large. */
async function simulate(
  run: Run,
  items: readonly StoredItem[],
  span: Span,
  terms: SimulatedTerms,
  simulable: Sql,
): Promise<Map<string, bigint | null>> {
  const owed = new Map<string, bigint | null>();
  const tried = new Map<string, TriedTerms>();
  for (const [index, item] of items.entries()) {
    try {
      const again = decideAgain(item, terms, partnerWindows(item, terms));
      if (again) tried.set(item.id, again);
    } catch (error) {
      owed.set(item.id, unlessTooLarge(error));
    }
    if (index % PAGE === PAGE - 1) await nextTurn();
  }
  const left = items.filter(({ id }) => !owed.has(id));
  const rules = changedRules(left, tried, await standings(run, items, tried));
  const others = await salesElsewhere(run, rules, span, terms, simulable);
  for (const rule of rules)
    for (const [id, amount] of owedUnder(rule, others.get(groupName(rule, rule.key ?? '')) ?? []))
      owed.set(id, amount);
  return owed;
}

/** Returns the stored windows of an item without those of its rule, which come last. */
function partnerWindows({ terms: { rule, windows } }: StoredItem, terms: SimulatedTerms) {
  const version = rule && terms.version(rule.id);
  return version ? windows.slice(0, windows.length - windowsOf(version).length) : windows;
}

/** Returns the standings of the items whose tried terms depend on the other purchases of their customers. */
async function standings(
  run: Run,
  items: readonly StoredItem[],
  tried: ReadonlyMap<string, TriedTerms>,
): Promise<Map<string, Standing>> {
  const asked = Map.groupBy(
    items.filter(({ id, customerId }) => {
      const terms = tried.get(id);
      return terms !== undefined && customerId !== null && isWindowed(terms);
    }),
    ({ customerId }) => customerId as string,
  );
  if (asked.size === 0) return new Map();
  const rows = await run(sql<Purchase & { readonly of: string }>`
    select /* simulations.purchases */ k.id as of, i.id, i.partner_id as "partnerId", i.purchase as "order", i.occurred_at as at, i.seq,
      i.sold_minor as base, i.refunded_minor as refunded, i.is_out as "out"
    from unnest(${[...asked.keys()]}::uuid[]) k (id) cross join lateral family_of(k.id) f (id)
      join sale_items i on i.customer_id = f.id and i.is_purchase
    where not i.is_out and i.refunded_minor < i.sold_minor`);
  const purchases = Map.groupBy(rows, ({ of }) => of);
  const found = new Map<string, Standing>();
  for (const [customer, own] of asked)
    for (const [id, standing] of standingsOf(own, purchases.get(customer) ?? [])) found.set(id, standing);
  return found;
}

/** Returns the sales outside the simulated months that the rules count in the same periods, by rule, see `groupName`. */
async function salesElsewhere(
  run: Run,
  rules: readonly TriedRule[],
  { month, next }: Span,
  { isStored }: SimulatedTerms,
  simulable: Sql,
): Promise<Map<string, StoredItem[]>> {
  const counting = rules.filter(
    ({ key, placed }) => key !== null && isStored(key) && placed.some(({ terms }) => isCounting(terms)),
  );
  const partners = counting.map(({ partnerId }) => partnerId);
  const keys = counting.map(({ key }) => key);
  for (
    let period = longest(counting.flatMap(({ placed }) => placed.flatMap(({ terms }) => periodsOf(terms))));
    period;
  ) {
    const { from, until } = spanOf(period, [month, dayBefore(next)]);
    const items = await itemsWhere(
      run,
      sql`(i.partner_id, i.rule_key) in (select * from unnest(${partners}::uuid[], ${keys}::uuid[]))
        and (i.day >= ${from}::date and i.day < ${month}::date or i.day >= ${next}::date and i.day <= ${until}::date) and ${simulable}`,
    );
    const needed = longest([period, ...items.flatMap(({ terms }) => periodsOf(terms))]);
    if (needed === period) return Map.groupBy(items, (item) => groupName(item, item.ruleKey ?? ''));
    period = needed;
  }
  return new Map();
}

/** Counts the purchases that never earn, and so cannot be simulated. */
const leftOutOf = ({ tenantId, timeZone }: Program, span: Span) => sql<{ leftOut: number }>`
  select /* simulations.left_out */ ((select count(*) from sale_items i where i.tenant_id = ${tenantId} and ${within(span)} and i.refused is not null)
    + (select count(*) from conversions v where v.tenant_id = ${tenantId} and v.amount_minor > 0
        and v.occurred_at >= ${span.month}::date::timestamp at time zone ${timeZone}
        and v.occurred_at < ${span.next}::date::timestamp at time zone ${timeZone}
        and not exists (select from sale_items i where i.conversion_id = v.id)))::int as "leftOut"`;

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

const dayAfter = (day: string): string => shifted(day, 1);
const dayBefore = (day: string): string => shifted(day, -1);

function shifted(day: string, by: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + by);
  return date.toISOString().slice(0, 10);
}

interface Cost {
  now: bigint;
  simulated: bigint;
}

/** Sums of the recorded and the simulated commissions by currency, month and partner. */
class Sums {
  readonly #costs = new Map<string, Cost>();

  add(item: StoredItem, simulated: bigint): void {
    for (const cost of this.#of(item)) {
      cost.now += item.owed;
      cost.simulated += simulated;
    }
  }

  *#of({ currency, day, partnerId }: StoredItem): Generator<Cost> {
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
