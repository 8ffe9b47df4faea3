import { randomInt, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sandboxRail } from '../../../src/adapters/sandbox/sandbox-rail.ts';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { sendPayout } from '../../../src/modules/payouts/sending/send-payout.ts';
import type { PayoutRail, RailOutcome } from '../../../src/ports/payout-rail.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import * as pay from '../../support/earn.ts';
import {
  APPROVE,
  balanceOf,
  DISPUTE,
  HOLD,
  makeCommission,
  RELEASE,
  RESOLVE,
  REVERSE,
  staffOf,
} from '../../support/make.ts';

// Whatever people and banks do, in any order: a model that a person can read says what each step does to the balances, and
// the whole program must agree to the cent. More of it: MODEL_RUNS=1000 MODEL_COMMANDS=100 MODEL_SEED=... npx vitest run ...
const RUNS = Number(process.env['MODEL_RUNS'] ?? 10);
const COMMANDS = Number(process.env['MODEL_COMMANDS'] ?? 30);
const seed = Number(process.env['MODEL_SEED'] ?? randomInt(2 ** 31));

let app: TestApp;
let who: Awaited<ReturnType<typeof staffOf>>;
const says = new Map<string, 'CONFIRMED' | 'REFUSED' | 'RETURNED' | 'ACCEPTED'>();
beforeAll(async () => {
  let rail: PayoutRail;
  app = await createTestApp({ rail: () => rail });
  const outcome = async ({ payoutId, key }: { payoutId: string; key: string }): Promise<RailOutcome> => {
    const status = says.get(payoutId) ?? 'CONFIRMED';
    const reference = `ref_${key.slice(-12)}`;
    return status === 'REFUSED'
      ? { status, code: 'account_closed', reason: 'closed' }
      : { status, reference, reason: 'came back' };
  };
  rail = { ...(await sandboxRail(app.database.pool)), send: outcome, lookup: outcome };
  who = await staffOf(app);
});
afterAll(() => app.close());

interface Row {
  minor: bigint;
  status: 'PENDING' | 'HELD' | 'APPROVED' | 'REVERSED';
  /** The payout that it is in. */
  claim: Payout | null;
}
interface Refund extends Row {
  base: bigint;
  approved: boolean;
}
interface Dispute {
  id: string;
  state: 'OPEN' | 'WON' | 'LOST' | 'ENDED';
  refund: Refund | null;
}
interface Line extends Row {
  id: string;
  base: bigint;
  refunds: Refund[];
  hold: string | null;
  disputes: Dispute[];
  /** What a dispute that was lost and then won gives back. */
  back: Row | null;
}
interface Payout {
  id: string;
  minor: bigint;
  status: 'PENDING' | 'APPROVED' | 'PROCESSING' | 'PAID' | 'FAILED' | 'CANCELED' | 'RETURNED';
  attempts: number;
  released: boolean;
}

const isHeld = (line: Line): boolean =>
  line.hold !== null || line.disputes.some(({ state }) => state === 'OPEN');
const sum = (rows: readonly { minor: bigint }[]): bigint => rows.reduce((all, { minor }) => all + minor, 0n);
/** `amount * part / whole`, halves away from zero. */
const shareOf = (amount: bigint, part: bigint, whole: bigint): bigint =>
  (2n * amount * part + whole) / (2n * whole);

class Model {
  readonly lines: Line[] = [];
  readonly payouts: Payout[] = [];

  rows(): Row[] {
    return this.lines.flatMap((line) => [line, ...line.refunds, ...(line.back ? [line.back] : [])]);
  }

  balances() {
    const [rows, payouts] = [this.rows(), this.payouts];
    const at = (...statuses: string[]) => sum([...rows].filter(({ status }) => statuses.includes(status)));
    const sent = (...statuses: string[]) => sum(payouts.filter(({ status }) => statuses.includes(status)));
    const held = sum(
      this.lines
        .filter(({ claim, disputes }) => claim === null && disputes.some(({ state }) => state === 'OPEN'))
        .flatMap((line) => [line, ...line.refunds])
        .filter(({ status, claim }) => status === 'APPROVED' && claim === null),
    );
    return {
      pending: at('PENDING', 'HELD') + held,
      payable: at('APPROVED') - held - sent('PROCESSING', 'PAID'),
      inTransit: sent('PROCESSING'),
      paid: sent('PAID'),
    };
  }

  claimable(): Row[] {
    const free = (line: Line) => line.status === 'APPROVED' && !isHeld(line);
    return this.lines
      .flatMap((line) => [
        ...(free(line) ? [line] : []),
        ...(line.claim || free(line) ? line.refunds : []),
        ...(line.back ? [line.back] : []),
      ])
      .filter(({ status, claim }) => status === 'APPROVED' && claim === null);
  }

  /** Whether it can be done; `asked` null: all that is left. */
  takeBack(line: Line, asked: bigint | null, dispute: Dispute | null = null): boolean {
    const claimed = line.claim !== null;
    const refunded = line.refunds.reduce((all, { base }) => all + base, 0n);
    const left = line.base - refunded;
    if ((!claimed && line.status === 'REVERSED') || left === 0n) return false;
    const whole = asked === null || asked >= left;
    const base = whole ? left : asked;
    const waits = line.status !== 'APPROVED';
    const closes = whole && !claimed && line.refunds.every(({ claim }) => claim === null);
    const target = whole ? line.minor : shareOf(line.minor, refunded + base, line.base);
    const refund: Refund = {
      ...{ base, minor: -target - sum(line.refunds), claim: null, approved: !waits },
      status: waits ? 'PENDING' : 'APPROVED',
    };
    line.refunds.push(refund);
    if (dispute) dispute.refund = refund;
    if (closes) {
      for (const each of [line, ...line.refunds]) each.status = 'REVERSED';
      line.hold = null;
      for (const each of line.disputes) if (each !== dispute && each.state === 'OPEN') each.state = 'ENDED';
    }
    return true;
  }

  resume(line: Line): void {
    if (line.status === 'HELD' && !isHeld(line)) line.status = 'PENDING';
  }

  giveBack(payout: Payout): void {
    payout.released = true;
    for (const row of this.rows()) if (row.claim === payout) row.claim = null;
  }

  settle(payout: Payout, outcome: string): void {
    if (payout.status === 'APPROVED') {
      payout.attempts += 1;
      payout.status = 'PROCESSING';
    }
    if (payout.status === 'PROCESSING') {
      if (outcome === 'REFUSED') {
        payout.status = 'FAILED';
        if (payout.attempts >= 5) this.giveBack(payout);
      }
      if (outcome === 'CONFIRMED' || outcome === 'RETURNED') payout.status = 'PAID';
    }
    if (payout.status === 'PAID' && outcome === 'RETURNED') {
      payout.status = 'RETURNED';
      this.giveBack(payout);
    }
  }
}

interface Real {
  readonly partnerId: string;
}
type Step = (model: Model, real: Real, nth: number, percent: number) => Promise<void>;

/** Asks for it; what the model refuses must be refused, and the other way round. */
async function must(done: boolean, by: string, query: string, variables: object) {
  const { data, errors } = await app.send(by, query, variables);
  expect(errors?.[0]?.extensions.code ?? 'ok', errors?.[0]?.message).toBe(done ? 'ok' : 'CONFLICT');
  return data;
}
const lineOf = ({ lines }: Model, nth: number) => lines[nth % lines.length] as Line;
const payoutOf = ({ payouts }: Model, nth: number) => payouts[nth % payouts.length] as Payout;
const holdOf = async (line: Line, kind: string): Promise<string> =>
  (
    await app.database.pool.query(
      'select id from commission_holds where commission_id = $1 and kind = $2 order by id desc limit 1',
      [line.id, kind],
    )
  ).rows[0].id;
const text = (minor: bigint): string => (Number(minor) / 100).toFixed(2);

async function resolve(model: Model, nth: number, outcome: 'WON' | 'LOST'): Promise<void> {
  const line = lineOf(model, nth);
  const dispute = line.disputes.at(-1);
  if (!dispute) return;
  const { state } = dispute;
  const again = state === 'LOST' && outcome === 'WON';
  const done = state === 'OPEN' || (again && !line.back && dispute.refund !== null);
  await must(done, who.maria, RESOLVE, { id: dispute.id, outcome, reason: 'the bank says so' });
  if (!done) return;
  if (again) {
    const { minor, approved } = dispute.refund as Refund;
    line.back = { minor: -minor, status: approved ? 'APPROVED' : 'PENDING', claim: null };
  } else {
    if (outcome === 'LOST') model.takeBack(line, null, dispute);
    dispute.state = outcome;
    model.resume(line);
  }
}

const ofLines: Record<string, Step> = {
  async approve(model, _, nth) {
    const line = lineOf(model, nth);
    const done = line.status === 'PENDING';
    await must(done, who.maria, APPROVE, { id: line.id });
    if (!done) return;
    line.status = 'APPROVED';
    for (const refund of line.refunds) Object.assign(refund, { status: 'APPROVED', approved: true });
  },
  async hold(model, _, nth) {
    const line = lineOf(model, nth);
    const done = (line.status === 'PENDING' || line.status === 'HELD') && line.hold === null;
    await must(done, who.maria, HOLD, { id: line.id, reason: 'to look at' });
    if (done) Object.assign(line, { status: 'HELD', hold: await holdOf(line, 'MANUAL') });
  },
  async release(model, _, nth) {
    const line = lineOf(model, nth);
    if (line.hold === null) return;
    await must(true, who.maria, RELEASE, { id: line.hold, reason: 'all right' });
    line.hold = null;
    model.resume(line);
  },
  async refund(model, _, nth, percent) {
    const line = lineOf(model, nth);
    const part = percent > 90 ? null : (line.base * BigInt(percent)) / 100n || 1n;
    const input = part === null ? {} : { amount: text(part) };
    await must(model.takeBack(line, part), who.maria, REVERSE, { id: line.id, input });
  },
  async dispute(model, _, nth) {
    const line = lineOf(model, nth);
    if (line.back) return; // what came back would be disputed, as a line of its own
    const done = line.status !== 'REVERSED' && line.disputes.every(({ state }) => state !== 'OPEN');
    await must(done, who.maria, DISPUTE, { id: line.id, reason: 'chargeback' });
    if (!done) return;
    if (line.status === 'PENDING') line.status = 'HELD';
    line.disputes.push({ id: await holdOf(line, 'DISPUTE'), state: 'OPEN', refund: null });
  },
  win: (model, _, nth) => resolve(model, nth, 'WON'),
  lose: (model, _, nth) => resolve(model, nth, 'LOST'),
  async createPayout(model, { partnerId }) {
    const rows = model.claimable();
    const done = rows.length > 0 && sum(rows) > 0n;
    const input = { partnerId, periodStart: '2026-01-01', periodEnd: '2099-12-31' };
    const data = await must(done, who.maria, pay.CREATE, { input });
    if (!done) return;
    const payout: Payout = {
      ...{ id: data.createPayout.id, minor: sum(rows), status: 'PENDING', attempts: 0, released: false },
    };
    for (const row of rows) row.claim = payout;
    expect(data.createPayout).toMatchObject({
      amount: { amount: text(payout.minor) },
      commissionCount: rows.length,
    });
    model.payouts.push(payout);
  },
};

const ofPayouts: Record<string, Step> = {
  async approvePayout(model, _, nth) {
    const payout = payoutOf(model, nth);
    const done = payout.status === 'PENDING';
    await must(done, who.tom, pay.APPROVE, { id: payout.id });
    if (done) payout.status = 'APPROVED';
  },
  async cancelPayout(model, _, nth) {
    const payout = payoutOf(model, nth);
    const done = ['PENDING', 'APPROVED', 'FAILED'].includes(payout.status);
    await must(done, who.tom, pay.CANCEL, { id: payout.id, reason: 'called off' });
    if (!done) return;
    payout.status = 'CANCELED';
    model.giveBack(payout);
  },
  async retryPayout(model, _, nth) {
    const payout = payoutOf(model, nth);
    const done = payout.status === 'FAILED' && !payout.released;
    await must(done, who.tom, pay.RETRY, { id: payout.id });
    if (done) payout.status = 'APPROVED';
  },
};
for (const outcome of ['CONFIRMED', 'REFUSED', 'RETURNED', 'ACCEPTED'] as const)
  ofPayouts[`the rail says ${outcome}`] = async (model, _, nth) => {
    const payout = payoutOf(model, nth);
    says.set(payout.id, outcome);
    await sendPayout(contextFor(app.app.services, { actor: system, requestId: randomUUID() }), payout.id, 5);
    model.settle(payout, outcome);
  };

async function create(model: Model, { partnerId }: Real, nth: number): Promise<void> {
  const base = BigInt(1 + ((nth * 7_919) % 90_000));
  const occurredAt = '2026-01-15T12:00:00Z';
  const id = await makeCommission(app, who.manager, partnerId, { amount: text(base), occurredAt });
  const line = { id, base, minor: shareOf(base, 20n, 100n), status: 'PENDING' as const, claim: null };
  model.lines.push({ ...line, refunds: [], hold: null, disputes: [], back: null });
}

/** One step; afterwards the program's balances are the model's. */
const command = (name: string, step: Step, ready: (model: Model) => boolean) =>
  fc.tuple(fc.nat(1_000), fc.integer({ min: 1, max: 100 })).map(([nth, percent]) => ({
    check: ready,
    async run(model: Model, real: Real) {
      await step(model, real, nth, percent);
      const balances = Object.entries(model.balances()).map(([of, minor]) => [of, text(minor)]);
      expect(await balanceOf(app, who.tom, real.partnerId), name).toEqual(Object.fromEntries(balances));
    },
    toString: () => `${name}(${nth}, ${percent})`,
  }));
const creating = () => command('create', create, () => true);
const all = [
  creating(),
  creating(),
  ...Object.entries(ofLines).map(([name, step]) => command(name, step, ({ lines }) => lines.length > 0)),
  command('approve', ofLines['approve'] as Step, ({ lines }) => lines.length > 0),
  ...Object.entries(ofPayouts).map(([name, step]) =>
    command(name, step, ({ payouts }) => payouts.length > 0),
  ),
];

test(`balances are the model's to the cent after whatever is done, in any order (MODEL_SEED=${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(all, { maxCommands: COMMANDS, size: 'max' }), async (commands) => {
      const { id: partnerId } = await pay.newPartner(app, who.manager);
      await fc.asyncModelRun(() => ({ model: new Model(), real: { partnerId } }), commands);
    }),
    { seed, numRuns: RUNS, endOnFailure: false, interruptAfterTimeLimit: 500_000 },
  );
}, 600_000);
