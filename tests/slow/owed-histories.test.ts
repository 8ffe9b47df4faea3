import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Terms } from '../../src/domain/owed.ts';
import { MemoryBook } from '../support/memory-book.ts';
import { dayOf, type Fact, naiveOwed, OFFSETS } from '../support/naive-owed.ts';

// Whatever is sold, edited, refunded, disputed and rejected, in any order: the lines of each item sum to what a second,
// naive computation says. More of it, or one history again: HISTORIES=20000 SEED=... npx vitest run ...
const HISTORIES = Number(process.env['HISTORIES'] ?? 2_000);
const STEPS = Number(process.env['STEPS'] ?? 30);
const seed = Number(process.env['SEED'] ?? 676_057_046);

const PERIODS = ['MONTH', 'QUARTER', 'YEAR', 'LIFETIME'] as const;
const ZONES = Object.keys(OFFSETS);
const DAY = 86_400_000;
const START = Date.parse('2025-11-20T10:00:00Z');
const of = <const T>(...values: readonly T[]) => fc.constantFrom(...values);

/** The terms of a rule's version. */
const version = fc.record({
  method: of('PERCENTAGE', 'FLAT', 'TIERED', 'TIERED', 'TIERED'),
  rateBps: of(0, 333, 1_000, 1_250, 2_000),
  perUnit: of(1n, 999n, 5_000n),
  mode: of('PROGRESSIVE', 'RETROACTIVE'),
  bandPeriod: of(...PERIODS),
  bands: fc.uniqueArray(of(50_00n, 100_05n, 400_00n, 1_000_00n), { minLength: 1, maxLength: 3 }),
  rates: fc.tuple(...Array.from({ length: 4 }, () => of(0, 100, 550, 1_000, 1_733, 2_500))),
  window: of(null, null, 'FIRST', 'MONTHS', 'COUNT', 'BOTH'),
  months: of(1, 2, 6),
  count: of(1, 2, 3),
  stepDownRateBps: of(null, 500, 777),
  cap: of(null, 1n, 7_77n, 40_00n, 100_00n),
  per: of('SALE', 'CUSTOMER', 'PARTNER'),
  capPeriod: of(...PERIODS),
  minimum: of(0n, 0n, 0n, 60_00n),
});
type Version = typeof version extends fc.Arbitrary<infer T> ? T : never;

const nth = fc.nat(1_000);
const base = of(1n, 7n, 33_33n, 50_00n, 99_99n, 100_05n, 250_00n, 1_234_56n);
const sale = fc.record({
  kind: of('sell'),
  partner: of('p', 'p', 'p', 'q'),
  customer: of('a', 'a', 'b', 'c', null),
  items: fc.array(fc.record({ base, rule: of(0, 0, 0, 1), quantity: of(1, 3) }), {
    minLength: 1,
    maxLength: 3,
  }),
  when: of('LATER', 'LATER', 'LATER', 'LATE', 'SAME', 'NOW'),
  days: fc.integer({ min: 0, max: 40 }),
  hours: fc.integer({ min: 0, max: 23 }),
  shared: of(false, false, false, true),
  currency: of('USD', 'USD', 'USD', 'USD', 'EUR'),
});
const refund = fc.record({
  kind: of('refund'),
  nth,
  percents: fc.array(fc.nat(100), { minLength: 1, maxLength: 3 }),
});
const whole = fc.record({ kind: of('whole'), nth });
const one = fc.record({ kind: of('lose', 'win', 'reject', 'raise'), nth });
const edit = fc.record({ kind: of('edit'), rule: of(0, 1), version });
const setting = fc.record({
  kind: of('setting'),
  roundingMode: of('HALF_UP', 'HALF_EVEN', 'DOWN'),
  flatRefund: of('PROPORTIONAL', 'ALL_OR_NOTHING'),
  timeZone: of(...ZONES),
  kinds: fc.boolean(),
});
const step = fc.oneof(
  { weight: 12, arbitrary: sale },
  { weight: 5, arbitrary: refund },
  { weight: 2, arbitrary: whole },
  { weight: 3, arbitrary: one },
  { weight: 2, arbitrary: edit },
  { weight: 1, arbitrary: setting },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const history = fc.record({
  rules: fc.tuple(version, version),
  steps: fc.array(step, { minLength: STEPS, maxLength: STEPS }),
  shuffle: fc.array(fc.nat(1_000_000), { minLength: 4 * STEPS, maxLength: 4 * STEPS }),
});

const NONE = { rule: null, flat: null, tiered: null, windows: [], cap: null };
const tier = (rateBps: number): Terms => ({ ...NONE, level: 'TIER', method: 'PERCENTAGE', rateBps });

function termsOf(key: string, nth: number, from: Version, quantity: number, share: bigint): Terms {
  const { method, rateBps, perUnit, mode, bandPeriod, bands, rates, window, cap } = from;
  const amount = (perUnit * BigInt(quantity) * share) / 2n;
  const starts = [0n, ...bands.toSorted((a, b) => (a < b ? -1 : 1))];
  return {
    level: 'PARTNER',
    rule: { id: `${key} ${nth}`, key, name: key, version: nth },
    method,
    rateBps: method === 'PERCENTAGE' ? rateBps : null,
    flat: method === 'FLAT' ? { perUnit, quantity, part: share, whole: 2n, amount } : null,
    tiered:
      method === 'TIERED'
        ? {
            ...{ mode, period: bandPeriod },
            bands: starts.map((start, index) => ({ from: start, rateBps: rates[index] ?? 0 })),
          }
        : null,
    windows:
      window === null
        ? []
        : [
            {
              firstPurchaseOnly: window === 'FIRST',
              months: window === 'MONTHS' || window === 'BOTH' ? from.months : null,
              count: window === 'COUNT' || window === 'BOTH' ? from.count : null,
              stepDownRateBps: window === 'FIRST' ? null : from.stepDownRateBps,
            },
          ],
    cap: cap === null ? null : { limit: cap, per: from.per, period: from.capPeriod },
  };
}

/** One history: the book in memory, and the facts that the naive computation reads. */
class World {
  readonly facts: Fact[] = [];
  readonly lost = new Map<string, bigint>();
  readonly #versions: Version[][];
  #settings: Omit<Extract<Step, { kind: 'setting' }>, 'kind'> = {
    ...{ roundingMode: 'HALF_UP', flatRefund: 'PROPORTIONAL', timeZone: 'UTC', kinds: false },
  };
  #now = START;
  #orders = 0;

  constructor(
    readonly book: MemoryBook,
    rules: readonly Version[],
  ) {
    this.#versions = rules.map((each) => [each]);
  }

  #terms(partner: string, rule: number, quantity: number, share: bigint, order: bigint): Terms {
    const versions = this.#versions[rule] ?? [];
    const last = versions.at(-1) as Version;
    if (order < last.minimum) return tier(1_000);
    return termsOf(`${partner} rule ${rule}`, versions.length, last, quantity, share);
  }

  async sell({
    partner,
    customer,
    items,
    when,
    days,
    hours,
    shared,
    currency,
  }: Extract<Step, { kind: 'sell' }>) {
    const past = this.facts.at((days * 24 + hours) % (this.facts.length || 1));
    if (when === 'LATER') this.#now += (days % 12) * DAY + hours * 3_600_000;
    const at = new Date(
      when === 'SAME' && past
        ? past.at
        : when === 'LATE'
          ? this.#now - days * DAY - hours * 3_600_000
          : this.#now - (when === 'NOW' ? 60_000 : 0),
    );
    const { timeZone, roundingMode, flatRefund, kinds } = this.#settings;
    const order = `order ${++this.#orders}`;
    const total = items.reduce((sum, each) => sum + each.base, 0n);
    const parts = shared ? ['p', 'q'] : [partner];
    for (const partnerId of parts)
      for (const [index, { base: minor, rule, quantity }] of items.entries()) {
        const share = shared ? 1n : 2n;
        const terms = this.#terms(partnerId, rule, quantity, share, total);
        const fact: Fact = {
          ...{ id: `${order} ${partnerId} ${index}`, partnerId, customerId: customer, order, at },
          ...{ seq: 0n, day: dayOf(at, timeZone), timeZone, currency, base: minor, refunded: 0n, out: false },
          ...{ roundingMode, flatRefund, terms },
          returning: kinds ? this.#terms(partnerId, 1 - rule, quantity, share, total) : null,
        };
        await this.book.record(fact, when === 'NOW');
        const { seq, at: stored } = this.book.item(fact.id);
        expect(+stored).toBeGreaterThanOrEqual(+at);
        this.facts.push(Object.assign(fact, { seq, at: stored }));
      }
  }

  async #refund(facts: readonly Fact[], amounts: readonly bigint[]) {
    const taken = facts.flatMap((fact, index) => {
      const open = fact.base - fact.refunded;
      const amount = amounts[index] ?? 0n;
      const now = amount < open ? amount : open;
      if (now === 0n) return [];
      fact.refunded += now;
      return [{ id: fact.id, refunded: fact.refunded }];
    });
    if (taken.length > 0) await this.book.change(taken);
  }

  #order(nth: number): Fact[] {
    const orders = [...new Set(this.facts.map(({ order }) => order))];
    return this.facts.filter(({ order }) => order === orders[nth % orders.length]);
  }

  async take(each: Step) {
    if (each.kind === 'sell') return this.sell(each);
    if (each.kind === 'edit') return void this.#versions[each.rule]?.push(each.version);
    if (each.kind === 'setting') {
      this.#settings = each;
      return;
    }
    if (this.facts.length === 0) return;
    const fact = this.facts[each.nth % this.facts.length] as Fact;
    if (each.kind === 'refund') {
      const facts = this.#order(each.nth);
      const amounts = facts.map(
        (of, i) => (of.base * BigInt(each.percents[i % each.percents.length] ?? 0)) / 100n,
      );
      return this.#refund(facts, amounts);
    }
    if (each.kind === 'whole') return this.refundAll(this.#order(each.nth));
    if (each.kind === 'lose') {
      if (!this.lost.has(fact.id)) this.lost.set(fact.id, fact.base - fact.refunded);
      return this.#refund([fact], [fact.base]);
    }
    if (each.kind === 'win') {
      const back = this.lost.get(fact.id) ?? 0n;
      this.lost.delete(fact.id);
      if (back === 0n) return;
      fact.refunded -= back;
      return this.book.change([{ id: fact.id, refunded: fact.refunded }]);
    }
    if (each.kind === 'reject') {
      fact.out = true;
      return this.book.reject(fact.id);
    }
    const raised = this.facts.filter(({ terms, returning }) =>
      [terms, returning].some((of) => of?.level === 'TIER'),
    );
    for (const of of raised) {
      if (of.terms.level === 'TIER') of.terms = tier(1_500);
      if (of.returning?.level === 'TIER') of.returning = tier(1_500);
    }
    if (raised.length > 0)
      await this.book.change(raised.map(({ id, terms, returning }) => ({ id, terms, returning })));
  }

  async refundAll(facts: readonly Fact[]) {
    await this.#refund(
      facts,
      facts.map((of) => of.base),
    );
  }

  agree(what: string) {
    const expected = naiveOwed(this.facts);
    for (const { id } of this.facts) {
      const [owed, is, net] = [expected.get(id), this.book.item(id).owed, this.book.net(id)];
      if (is !== owed || net !== owed)
        expect({ what, id, is, net }).toEqual({ what, id, is: owed, net: owed });
    }
  }
}

/** Tells the same facts again in another order: sales at one time keep theirs. */
async function toldAgain(facts: readonly Fact[], shuffle: readonly number[]): Promise<MemoryBook> {
  const book = new MemoryBook();
  const at = new Map<number, number>();
  facts.forEach((fact, index) => {
    if (!at.has(+fact.at)) at.set(+fact.at, shuffle[index % shuffle.length] ?? 0);
  });
  const order = (fact: Fact) => at.get(+fact.at) ?? 0;
  const told = facts.toSorted((a, b) => order(a) - order(b) || +a.at - +b.at || Number(a.seq - b.seq));
  const later: (() => Promise<void>)[] = [];
  for (const [index, fact] of told.entries()) {
    await book.record({ ...fact, refunded: 0n, out: false });
    if (fact.refunded > 0n) later.push(() => book.change([{ id: fact.id, refunded: fact.refunded }]));
    if (fact.out) later.push(() => book.reject(fact.id));
    if ((shuffle[index % shuffle.length] ?? 0) % 3 === 0) await later.shift()?.();
  }
  for (const each of later.reverse()) await each();
  return book;
}

test(`whatever happens, the lines of each sale sum to the owed amount, and to 0 when everything is refunded (SEED=${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(history, async ({ rules, steps, shuffle }) => {
      const world = new World(new MemoryBook(), rules);
      for (const [index, each] of steps.entries()) {
        await world.take(each);
        world.agree(`after step ${index}, ${each.kind}`);
      }
      const again = await toldAgain(world.facts, shuffle);
      for (const { id } of world.facts)
        expect({ id, owed: again.net(id) }, 'told in another order').toEqual({
          id,
          owed: world.book.net(id),
        });
      const random = new Map(world.facts.map(({ order }, index) => [order, shuffle[index] ?? 0]));
      for (const [order] of [...random].sort(([, a], [, b]) => a - b)) {
        await world.refundAll(world.facts.filter((fact) => fact.order === order));
        world.agree(`after the refund of ${order}`);
      }
      for (const { id } of world.facts) expect({ id, net: world.book.net(id) }).toEqual({ id, net: 0n });
    }),
    { seed, numRuns: HISTORIES, endOnFailure: process.env['SHRINK'] === undefined },
  );
}, 600_000);

const PLAIN = {
  roundingMode: 'HALF_UP',
  flatRefund: 'PROPORTIONAL',
  refunded: 0n,
  out: false,
  seq: 0n,
} as const;
const fact = (id: string, at: string, more: Partial<Fact> & Pick<Fact, 'terms'>): Fact => ({
  ...{ ...PLAIN, id, partnerId: 'p', customerId: 'c', order: id, at: new Date(at), day: at.slice(0, 10) },
  ...{ timeZone: 'UTC', currency: 'USD', base: 300_00n, returning: null, ...more },
});
const percent: Terms = {
  ...{
    level: 'PLAN',
    rule: { id: '1', key: 'rule', name: 'rule', version: 1 },
    method: 'PERCENTAGE',
    rateBps: 2_000,
  },
  ...{ flat: null, tiered: null, windows: [], cap: null },
};
const capped: Terms = { ...percent, cap: { limit: 100_00n, per: 'PARTNER', period: 'LIFETIME' } };
const first: Terms = {
  ...percent,
  windows: [{ firstPurchaseOnly: true, months: null, count: null, stepDownRateBps: null }],
};
const nets = (book: MemoryBook) =>
  Object.fromEntries([...book.stored].map(({ id }) => [id, Number(book.net(id))]));

test('sales in another currency count apart under one rule', async () => {
  const book = new MemoryBook();
  await book.record(fact('dollars', '2026-10-01T10:00:00Z', { terms: capped, base: 500_00n }));
  await book.record(fact('euros', '2026-10-02T10:00:00Z', { terms: capped, currency: 'EUR' }));
  expect(nets(book)).toEqual({ dollars: 100_00, euros: 60_00 });
});

test('of two sales at once, the one that waited for the other is the later one', async () => {
  const book = new MemoryBook();
  await book.record(fact('recorded', '2026-10-01T10:00:01Z', { terms: first }), true);
  await book.record(fact('waited', '2026-10-01T10:00:00Z', { terms: first }), true);
  expect(nets(book)).toEqual({ recorded: 60_00, waited: 0 });
});

test('a sale that becomes the last of its rule is the last of its customer too', async () => {
  const book = new MemoryBook();
  const twice = { ...first, rule: { ...percent.rule, key: 'second' } } as Terms;
  await book.record(fact('other', '2026-10-01T10:00:01Z', { terms: capped, customerId: 'd' }));
  await book.record(fact('first', '2026-10-01T10:00:01Z', { terms: twice }));
  await book.record(fact('now', '2026-10-01T10:00:00Z', { terms: capped }), true);
  expect(nets(book)).toEqual({ other: 60_00, first: 60_00, now: 40_00 });
});

test('a sale is in its place although its day is another one since the time zone changed', async () => {
  const book = new MemoryBook();
  const india = { terms: capped, timeZone: 'Asia/Kolkata', day: '2026-11-01' };
  await book.record(fact('last', '2026-10-31T20:00:00Z', { terms: capped }));
  await book.record(fact('first', '2026-10-31T18:40:00Z', india));
  await book.record(fact('between', '2026-10-31T19:00:00Z', india));
  expect(nets(book)).toEqual({ last: 0, first: 60_00, between: 40_00 });
});
