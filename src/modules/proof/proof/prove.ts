import { v7 } from 'uuid';
import { query } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { faultyLines, faultySales, type Progress } from '../../commissions/explain/public.ts';
import { invariants } from './invariants.ts';

const NAMED = 20;

export interface Proof {
  readonly name: string;
  /** The first violations, one sentence each; empty without a violation. */
  readonly faults: readonly string[];
  /** True if there are more violations. */
  readonly more: boolean;
  readonly seconds: number;
}

type Reads = Pick<Context, 'pool' | 'actor'>;

/** A check that is not one query. It may report how many of its rows are checked. */
export interface Check {
  readonly name: string;
  faults(progress: Progress): AsyncIterable<string>;
}

/** The check that runs, by its position among all checks, and the rows that it has read. Null for a check that is one query. */
export interface Running {
  readonly name: string;
  readonly position: number;
  readonly checks: number;
  readonly rows: { readonly done: number; readonly all: number } | null;
}

/** Checks every invariant on the whole database, one after the other. Each is one query, or reads rows in bounded
 *  batches. So the check needs little memory and no lock, and is also right on a database in use. */
export async function* prove(
  ctx: Reads,
  further: readonly Check[],
  report: (running: Running) => void = () => {},
): AsyncGenerator<Proof> {
  const own: Check[] = [
    {
      name: 'every stored explanation recomputes to the amount of its commission',
      faults: (progress) => faultyLines(ctx, progress),
    },
    {
      name: 'every sale is owed what its terms and the sales that are left give, and the sums of each rule and period are theirs',
      faults: (progress) => faultySales(ctx, progress),
    },
  ];
  const checks = [...own, ...further];
  const count = invariants.length + checks.length;
  let position = 0;
  for (const { name, faults } of invariants) {
    report({ name, position: ++position, checks: count, rows: null });
    const started = performance.now();
    yield proof(name, await sentencesOf(ctx, sql``, faults), started);
  }
  for (const { name, faults } of checks) {
    const at = { name, position: ++position, checks: count };
    report({ ...at, rows: null });
    const started = performance.now();
    const found: string[] = [];
    for await (const fault of faults((done, all) => report({ ...at, rows: { done, all } })))
      if (found.push(fault) > NAMED) break;
    yield proof(name, found, started);
  }
}

/** Checks the per-partner invariants for partners with postings since `since`. Cheap enough to run every minute. */
export async function* proveMoved(ctx: Reads, since: Date): AsyncGenerator<Proof> {
  const from = v7({ msecs: since.getTime(), random: new Uint8Array(16) }); // ids sort by creation time
  const moved = await query(
    ctx,
    sql<{ id: string }>`
      select partner_id as id from postings where id >= ${from}::uuid union select partner_id from payouts where id >= ${from}::uuid
      union select partner_id from commissions where id >= ${from}::uuid`,
  );
  const partners = moved.map(({ id }) => id);
  if (partners.length === 0) return;
  const theirs = (table: string) =>
    sql`${sql.raw(table)} as (select * from ${sql.raw(`public.${table}`)} where partner_id = any(${partners}::uuid[]))`;
  // The queries are those of the whole check: these common table expressions hide the tables.
  const narrowed = sql`with ${theirs('postings')}, ${theirs('sale_items')}, ${theirs('commissions')}, ${theirs('payouts')},
    payout_items as (select i.* from public.payout_items i join payouts o on o.id = i.payout_id)`;
  for (const { name, faults } of invariants.filter(({ online }) => online)) {
    const started = performance.now();
    yield proof(name, await sentencesOf(ctx, narrowed, faults), started);
  }
}

async function sentencesOf(ctx: Reads, before: Sql, faults: string): Promise<string[]> {
  const rows = await query(
    ctx,
    sql<{
      sentence: string;
    }>`${before} select sentence from (${sql.raw(faults)}) fault (sentence) limit ${sql.raw(NAMED + 1)}`,
  );
  return rows.map(({ sentence }) => sentence);
}

const proof = (name: string, found: readonly string[], started: number): Proof => ({
  name,
  faults: found.slice(0, NAMED),
  more: found.length > NAMED,
  seconds: (performance.now() - started) / 1_000,
});
