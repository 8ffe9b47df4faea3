import { v7 } from 'uuid';
import { query, Statement } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { faultyLines } from '../../commissions/explain/public.ts';
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

/** A check that is not one query. */
export interface Check {
  readonly name: string;
  faults(): AsyncIterable<string>;
}

/** Checks every invariant on the whole database, one after the other. Each is one query, or reads rows in bounded
 *  batches. So the check needs little memory and no lock, and is also right on a database in use. */
export async function* prove(ctx: Reads, further: readonly Check[]): AsyncGenerator<Proof> {
  for (const { name, faults } of invariants) {
    const started = performance.now();
    const rows = await query(ctx, new Statement().add(`${faults} limit ${NAMED + 1}`));
    yield proof(
      name,
      rows.map(([sentence]) => sentence as string),
      started,
    );
  }
  const lines = {
    name: 'every stored explanation recomputes to the amount of its commission',
    faults: () => faultyLines(ctx),
  };
  for (const { name, faults } of [lines, ...further]) {
    const started = performance.now();
    const found: string[] = [];
    for await (const fault of faults()) if (found.push(fault) > NAMED) break;
    yield proof(name, found, started);
  }
}

/** Checks the per-partner invariants for partners with postings since `since`. Cheap enough to run every minute. */
export async function* proveMoved(ctx: Reads, since: Date): AsyncGenerator<Proof> {
  const from = v7({ msecs: since.getTime(), random: new Uint8Array(16) }); // ids sort by creation time
  const moved = await query(
    ctx,
    new Statement().add(
      `select partner_id from postings where id >= $::uuid union select partner_id from payouts where id >= $::uuid
       union select partner_id from commissions where id >= $::uuid`,
      from,
      from,
      from,
    ),
  );
  const partners = moved.map(([id]) => id);
  if (partners.length === 0) return;
  for (const { name, faults } of invariants.filter(({ online }) => online)) {
    const started = performance.now();
    // The queries are those of the whole check: these common table expressions hide the tables.
    const narrowed = new Statement().add(
      `with ${['postings', 'commissions', 'payouts']
        .map((table) => `${table} as (select * from public.${table} where partner_id = any($::uuid[]))`)
        .join(', ')},
       payout_items as (select i.* from public.payout_items i join payouts o on o.id = i.payout_id)
       ${faults} limit ${NAMED + 1}`,
      ...[partners, partners, partners],
    );
    const rows = await query(ctx, narrowed);
    yield proof(
      name,
      rows.map(([sentence]) => sentence as string),
      started,
    );
  }
}

const proof = (name: string, found: readonly string[], started: number): Proof => ({
  name,
  faults: found.slice(0, NAMED),
  more: found.length > NAMED,
  seconds: (performance.now() - started) / 1_000,
});
