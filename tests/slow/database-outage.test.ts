import { randomUUID } from 'node:crypto';
import { sql } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { transact } from '../../src/kernel/data/transact.ts';
import { system } from '../../src/kernel/request/actor.ts';
import { contextFor } from '../../src/kernel/request/context.ts';
import type { PayoutRail } from '../../src/ports/payout-rail.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { newPartner } from '../support/earn.ts';
import { APPROVE, CREATE_COMMISSION, staffOf } from '../support/make.ts';
import { type OwnServer, ownServer } from '../support/own-server.ts';
import { type GenericSimulator, simulatedRail, startSimulator } from '../support/rail-simulator.ts';
import { until } from '../support/until.ts';
import { AFTER, campaign, faultsOfTheBooks } from './chaos/campaign.ts';

const SEED = 42;
const ROUNDS = 100;

let server: OwnServer;
let app: TestApp;
let who: Awaited<ReturnType<typeof staffOf>>;
let simulator: GenericSimulator;
let rail: PayoutRail;

beforeAll(async () => {
  server = await ownServer();
  simulator = await startSimulator();
  rail = simulatedRail(simulator.url);
  app = await createTestApp(
    { rail: () => rail, random: () => 0 },
    { PAYOUT_LEASE_SECONDS: '20' },
    server.database,
  );
  who = await staffOf(app);
});
afterAll(async () => {
  await app.close();
  await simulator.close();
});

const count = async (text: string, ...values: unknown[]): Promise<number> =>
  (await server.database.pool.query<{ n: number }>(`select count(*)::int as n ${text}`, values)).rows[0]?.n ??
  0;

/** As a client does: while the database is away, the same again under the same key. Counts what it was told meanwhile. */
async function persistently(by: string, query: string, variables: object, told: string[]) {
  return until(async () => {
    const { data, errors } = await app.send(by, query, variables);
    if (!errors) return data;
    told.push(...errors.map(({ message, extensions: { code } }) => `${code}: ${message}`));
    return null;
  }, 60);
}

test('stores a change once when its answer is lost and the client repeats the request (F2)', async () => {
  const { id: partnerId } = await newPartner(app, who.manager);
  const told: string[] = [];
  const input = {
    ...{ partnerId, type: 'ONE_TIME', amount: '100.00', occurredAt: '2026-01-15T12:00:00Z' },
    idempotencyKey: randomUUID(),
  };
  server.loseNextCommit();
  const { createCommission } = await persistently(who.manager, CREATE_COMMISSION, { input }, told);
  expect(told).toEqual(['SERVICE_UNAVAILABLE: The database is not available. Try again in a moment.']);
  expect(await count('from commissions where partner_id = $1', partnerId)).toBe(1);
  server.loseNextCommit();
  const lost = await app.refusal(who.maria, APPROVE, { id: createCommission.id });
  expect(lost.code).toBe('SERVICE_UNAVAILABLE');
  expect(await app.refusal(who.maria, APPROVE, { id: createCommission.id })).toMatchObject({
    code: 'CONFLICT',
  });
  expect(await count('from postings where reference = $1', `commission:${createCommission.id}:accrued`)).toBe(
    1,
  );
});

test('pays every payout once when the database cuts connections and restarts (F2)', async () => {
  const { id: partnerId } = await newPartner(app, who.manager);
  await app.app.startWorker();
  const told: string[] = [];
  const end = new AbortController();
  const write = async () => {
    let written = 0;
    for (; !end.signal.aborted; written++) {
      const input = {
        ...{ partnerId, type: 'ONE_TIME', amount: '10.00', occurredAt: '2026-01-15T12:00:00Z' },
        idempotencyKey: randomUUID(),
      };
      await persistently(who.manager, CREATE_COMMISSION, { input }, told);
    }
    return written;
  };
  const writers = Promise.all([write(), write()]);
  const away: number[] = [];
  const toll = await campaign({
    ...{ app, who, simulator, seed: SEED, payouts: 60, kinds: AFTER, share: 0.05, seconds: 120 },
    async meanwhile(ids) {
      const paid = () => count(`from payouts where id = any($1) and status = 'PAID'`, ids);
      for (const [i, hurt] of [
        server.cut,
        server.cut,
        server.restart,
        server.cut,
        server.restart,
      ].entries()) {
        await until(async () => (await paid()) >= (i + 1) * 10, 60);
        await hurt();
        const [since, before] = [performance.now(), await paid()];
        await until(async () => (await paid()) > before, 60);
        away.push(Math.round(performance.now() - since));
      }
    },
  });
  end.abort();
  const written = (await writers).reduce((sum, one) => sum + one);
  process.stdout.write(
    `F2, seed ${SEED}: ${JSON.stringify(toll)}; sending went on after ${away.join(', ')} ms; ${written} writes, ${told.length} told to try again\n`,
  );
  expect(toll).toMatchObject({ sent: 60, paidTwice: 0, lost: 0, adrift: 0 });
  expect(new Set(told)).toEqual(
    new Set(['SERVICE_UNAVAILABLE: The database is not available. Try again in a moment.']),
  );
  expect(await count('from commissions where partner_id = $1', partnerId)).toBe(written);
}, 200_000);

test('two writers that lock the same rows in opposite order both succeed, without an error for clients (F3)', async () => {
  const [one, other] = await Promise.all([newPartner(app, who.manager), newPartner(app, who.manager)]);
  let runs = 0;
  const write = (...ids: string[]) => {
    const ctx = contextFor(app.app.services, { actor: system, requestId: 'a writer' });
    return transact(ctx, async (em) => {
      runs++;
      for (const id of ids) await em.execute(sql`update partners set metadata = metadata where id = ${id}`);
    });
  };
  for (let round = 0; round < ROUNDS; round++)
    await Promise.all([write(one.id, other.id), write(other.id, one.id)]);
  process.stdout.write(`F3: ${ROUNDS} rounds, ${runs - 2 * ROUNDS} collisions\n`);
  expect(runs).toBeGreaterThan(2 * ROUNDS);
});

test('the books check passes afterwards (I1 to I4)', async () => {
  const found = await until(async () => {
    const faults = await faultsOfTheBooks(app);
    return !faults.some((fault) => fault.includes('UNLINKED')) && faults;
  });
  expect(found).toEqual([]);
});
