import { system } from '../../../src/kernel/request/actor.ts';
import { proveAll } from '../../../src/proof.ts';
import type { TestApp } from '../../support/app.ts';
import type { staffOf } from '../../support/make.ts';
import { manyPayouts, send } from '../../support/many-payouts.ts';
import { type Fault, type RailSimulator, seededFaults } from '../../support/rail-faults.ts';
import { until } from '../../support/until.ts';

export const AFTER: readonly Fault[] = ['timeout-after', 'reset-after', 'garbage-after', '500-after'];
export const BEFORE: readonly Fault[] = [
  ...(['timeout-before', 'reset-before', '500-before', '503-before', '429', 'slow'] as const),
];

export interface Toll {
  readonly seed: number;
  readonly sent: number;
  readonly injected: number;
  readonly paidTwice: number;
  /** Paid here and not there, or there and not here, or to another amount. */
  readonly lost: number;
  /** Neither paid, failed nor looked up still. */
  readonly adrift: number;
}

interface Campaign {
  readonly app: TestApp;
  readonly who: Awaited<ReturnType<typeof staffOf>>;
  readonly simulator: RailSimulator;
  readonly seed: number;
  readonly payouts: number;
  readonly kinds: readonly Fault[];
  /** How often each of them comes. */
  readonly share: number;
  readonly seconds: number;
  /** What happens to us meanwhile. */
  readonly meanwhile?: (ids: readonly string[]) => Promise<void>;
}

/** Sends payouts over a rail that fails as the seed says, waits until each is settled, and holds the vendor's own ledger against
 *  the database. */
export async function campaign({
  app,
  who,
  simulator,
  seed,
  payouts,
  kinds,
  share,
  seconds,
  meanwhile,
}: Campaign): Promise<Toll> {
  let injected = 0;
  const faultOf = seededFaults(seed, share * kinds.length, kinds);
  simulator.fault = () => {
    const fault = faultOf();
    if (fault !== 'none') injected++;
    return fault;
  };
  const { ids } = await manyPayouts(app, who, payouts);
  await send(app, ids);
  await meanwhile?.(ids);
  const open = async () => {
    const { rows } = await app.database.pool.query<{ n: number }>(
      `select count(*)::int as n from payouts where id = any($1) and status not in ('PAID', 'FAILED')`,
      [ids],
    );
    return rows[0]?.n ?? 0;
  };
  await until(async () => (await open()) === 0, seconds).catch(() => {}); // the toll says what is open
  simulator.fault = () => 'none';
  const { rows: ours } = await app.database.pool.query<{ key: string; status: string; truth: string }>(
    `select a.key, a.status, a.key || ' ' || coalesce(a.provider_reference, '') || ' ' || o.amount_minor || ' ' || o.amount_currency as truth
     from payouts o join payout_attempts a on a.payout_id = o.id where o.id = any($1)`,
    [ids],
  );
  const keys = new Set(ours.map(({ key }) => key));
  const theirs = simulator
    .ledger()
    .filter(({ key }) => keys.has(key))
    .map(({ key, reference, minor, currency }) => `${key} ${reference} ${minor} ${currency}`);
  const paid = ours.filter(({ status }) => status === 'CONFIRMED').map(({ truth }) => truth);
  const [here, there] = [new Set(paid), new Set(theirs)];
  const lost = paid.filter((one) => !there.has(one)).length + theirs.filter((one) => !here.has(one)).length;
  return {
    seed,
    sent: ids.length,
    injected,
    paidTwice: simulator.twice().length,
    lost,
    adrift: await open(),
  };
}

/** Everything that must always be so of the books, and is not. */
export async function faultsOfTheBooks({ app }: TestApp): Promise<string[]> {
  const found: string[] = [];
  const { seals, pool } = app.services;
  for await (const { name, faults } of proveAll({ actor: system, seals, pool }))
    found.push(...faults.map((fault) => `${name}: ${fault}`));
  return found;
}
