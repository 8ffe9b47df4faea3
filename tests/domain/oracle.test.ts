import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AttributionModel, attribute, pathOf } from '../../src/domain/attribution.ts';
import { type Band, bandOf } from '../../src/domain/bands.ts';
import {
  type CommissionTerms,
  commissionBase,
  commissionOn,
  reversalDue,
} from '../../src/domain/commission.ts';
import { exchange, inverse, parseRate } from '../../src/domain/exchange.ts';
import { formatMinor, money, parseMinor, type RoundingMode, share } from '../../src/domain/money.ts';
import { owedBy, type SaleItem, type Terms } from '../../src/domain/owed.ts';
import { defaultTiers, type PartnerTier } from '../../src/domain/partner.ts';
import { decide, type Rule } from '../../src/domain/plan.ts';
import { monthsLater } from '../../src/domain/recurring.ts';
import { NO_TERMS } from '../../src/domain/terms.ts';
import { evaluateTier, tierEarned } from '../../src/domain/tier.ts';

const file = join(import.meta.dirname, '../../../shared/oracle.json');
const present = existsSync(file);
if (!present) process.stderr.write(`Skipped: the oracle is not at ${file}.\n`);

// biome-ignore lint/suspicious/noExplicitAny: each vector has fields of its own
type Fields = any;
interface Vector {
  readonly id: string;
  readonly group: string;
  readonly rule: string;
  readonly given: Fields;
  readonly expect: Fields;
}

const vectors: Vector[] = present
  ? (JSON.parse(readFileSync(file, 'utf8')).vectors as Vector[]).filter(({ group }) =>
      /^[ABCDEFGHK]\./.test(group),
    )
  : [];

const commission = ({ amount, currency, bps }: Fields, mode: RoundingMode = 'HALF_UP') =>
  Number(share(money(BigInt(amount), currency), bps, mode).minor);

interface Line {
  readonly base: number;
  readonly original: number;
  readonly method?: 'PERCENTAGE' | 'FLAT';
  readonly flatRefund?: 'PROPORTIONAL' | 'ALL_OR_NOTHING';
}

/** What each cumulative refund adds, in turn. */
function reversals(
  { base, original, method = 'PERCENTAGE', flatRefund = 'PROPORTIONAL' }: Line,
  totals: readonly number[],
) {
  let reversed = 0n;
  return totals.map((refunded) => {
    const due = reversalDue({
      base: BigInt(base),
      original: BigInt(original),
      refunded: BigInt(refunded),
      reversed,
      method,
      flatRefund,
      mode: 'HALF_UP',
    });
    reversed += due;
    return Number(due);
  });
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
const cumulative = (parts: readonly number[]) => parts.map((_, index) => sum(parts.slice(0, index + 1)));

const usd = (minor: number) => money(BigInt(minor), 'USD');
const seedBands: Band[] = defaultTiers.map(({ minMonthlyRevenue, rateBps }) => ({
  from: minMonthlyRevenue * 100n,
  rateBps,
}));
const bandsOf = (bands: [number, number][]): Band[] =>
  bands.map(([from, rateBps]) => ({ from: BigInt(from), rateBps }));
type Mode = 'PROGRESSIVE' | 'RETROACTIVE';
const underRule = (more: Partial<Terms>): Terms => ({
  ...{ ...NO_TERMS, rule: { id: 'v1', key: 'k', name: 'rule', version: 1 } },
  ...more,
});
/** Sales of one customer, in turn. */
const owedInTurn = (sales: readonly { base: number; at?: Date }[], terms: Terms): number[] => {
  const items = sales.map(
    ({ base, at = new Date(Date.UTC(2026, 0, 1)) }, seq): SaleItem => ({
      ...{
        id: `${seq}`,
        partnerId: 'p',
        customerId: 'c',
        order: `${seq}`,
        at,
        seq: BigInt(seq),
        base: BigInt(base),
      },
      ...{
        day: '2026-01-01',
        timeZone: 'UTC',
        currency: 'USD',
        refunded: 0n,
        out: false,
        roundingMode: 'HALF_UP',
      },
      ...{ flatRefund: 'PROPORTIONAL', terms, returning: null },
    }),
  );
  const owed = owedBy(items);
  return items.map(({ id }) => Number(owed.get(id)?.amount));
};
const tieredBy = (bands: readonly Band[], mode: Mode) =>
  underRule({ method: 'TIERED', rateBps: null, tiered: { mode, period: 'MONTH', bands } });
const wholeOf = (bands: readonly Band[], mode: Mode, revenue: number): number =>
  sum(owedInTurn([{ base: revenue }], tieredBy(bands, mode)));
const both = (bands: readonly Band[], revenue: number) => ({
  progressive: wholeOf(bands, 'PROGRESSIVE', revenue),
  retroactive: wholeOf(bands, 'RETROACTIVE', revenue),
});
/** Sales of one period, in turn: what each earns itself, and what it adds to the earlier ones. */
function period(bands: readonly Band[], mode: Mode, sales: readonly number[]) {
  const terms = tieredBy(bands, mode);
  return sales.map((_, index) => {
    const until = (count: number) =>
      owedInTurn(
        sales.slice(0, count).map((base) => ({ base })),
        terms,
      );
    const now = until(index + 1);
    return { line: now[index] ?? 0, trueUp: sum(now.slice(0, index)) - sum(until(index)) };
  });
}
const window = { firstPurchaseOnly: false, months: null, count: null, stepDownRateBps: null };
const anyRule: Rule = {
  ...{ id: 'v1', key: 'k', name: 'rule', version: 1, of: 'PLAN', product: null, customerKind: 'ANY' },
  ...{
    countries: null,
    types: null,
    minimum: null,
    currency: null,
    cap: null,
    until: null,
    from: new Date(0),
  },
  terms: { method: 'PERCENTAGE', rateBps: 1_000 },
  ...{ firstPurchaseOnly: false, recurringMonths: null, recurringCount: null, stepDownRateBps: null },
};
const thresholds = defaultTiers.map(({ tier, minMonthlyRevenue, minCustomers }) => ({
  tier,
  minRevenue: minMonthlyRevenue * 100n,
  minCustomers,
}));
const tierNamed = (name: string) => name.toUpperCase() as PartnerTier;
const day = (text: string) => new Date(`${text}T00:00:00Z`);

function wholePeriod({ given: { period_revenue }, expect: { band_bps, ...answer } }: Vector) {
  expect(both(seedBands, period_revenue)).toEqual(answer);
  expect(bandOf(seedBands, BigInt(period_revenue)).rateBps).toBe(band_bps);
}
const tierOf = ({ given: { revenue, customers }, expect: { tier } }: Vector) =>
  expect(tierEarned(thresholds, { revenue: BigInt(revenue), customers })).toBe(tierNamed(tier));
const windowEnd = ({ given: { first_paid, months }, expect: { end } }: Vector) =>
  expect(monthsLater(day(first_paid), months, 'UTC')).toEqual(day(end));

const now = new Date('2026-06-30T12:00:00Z');
const touchOf = (partnerId: string, daysBefore: number) => ({
  id: `${partnerId}${daysBefore}`,
  partnerId,
  at: new Date(now.getTime() - daysBefore * 86_400_000),
  until: new Date(now.getTime() + 1),
  excluded: null,
});

/** What each of so many partners gets, one touch each, so many days before the sale. */
const attributed = (base: number, ages: readonly number[], model: AttributionModel): number[] =>
  attribute(
    BigInt(base),
    ages.map((age, index) => touchOf(`${index}`, age)),
    { model, unit: 'TOUCH' },
  ).shares.map(({ minor }) => Number(minor));

const checks: Record<string, (vector: Vector) => void> = {
  T01: ({ given, expect: { commission: answer } }) => expect(commission(given)).toBe(answer),
  T03: ({ given, expect: { half_up, half_even, down } }) => {
    expect(commission(given, 'HALF_UP')).toBe(half_up);
    expect(commission(given, 'HALF_EVEN')).toBe(half_even);
    expect(commission(given, 'DOWN')).toBe(down);
  },
  T04: ({ given, expect: { commission: answer } }) => expect(commission(given)).toBe(answer),
  T06: ({ given, expect: { minor } }) => expect(Number(parseMinor(given.text, 2))).toBe(minor),
  T07: ({ given, expect: { commission: answer } }) => expect(commission(given)).toBe(answer),
  T08: ({ given, expect: { commission: answer, display } }) => {
    expect(commission(given)).toBe(answer);
    expect(`${given.currency} ${formatMinor(BigInt(commission(given)), 0)}`).toBe(display);
  },
  T12: ({ given, expect: answer }) => {
    const lines = given.lines.map(({ net, bps, flat_per_unit, qty }: Fields) => {
      const terms: CommissionTerms =
        bps === undefined
          ? { method: 'FLAT', perUnit: money(BigInt(flat_per_unit), 'USD'), quantity: qty }
          : { method: 'PERCENTAGE', rateBps: bps };
      return Number(commissionOn(money(BigInt(net ?? 0), 'USD'), terms, 'HALF_UP').minor);
    });
    expect(lines).toEqual(answer.lines);
    expect(sum(lines)).toBe(answer.commission);
  },
  T13: ({ given: { flat, qty }, expect: { commission: answer } }) => {
    const terms = { method: 'FLAT', perUnit: money(BigInt(flat), 'USD'), quantity: qty } as const;
    expect(Number(commissionOn(money(0n, 'USD'), terms, 'HALF_UP').minor)).toBe(answer);
  },
  T14: ({ given: { subtotal, discount, tax, total, paid_cash, bps }, expect: answer }) => {
    expect(subtotal - discount + tax).toBe(total);
    const base = commissionBase({
      subtotal: BigInt(subtotal),
      discount: BigInt(discount),
      tax: BigInt(tax),
      collected: BigInt(paid_cash),
    });
    expect(Number(base)).toBe(answer.base);
    expect(commission({ amount: base, currency: 'USD', bps })).toBe(answer.commission);
  },
  T16: ({ given: { minimum, amounts }, expect: { commissionable } }) => {
    const rates = { line: null, partner: null, tier: 0 };
    const facts = {
      type: 'SIGNUP',
      occurredAt: now,
      currency: 'USD',
      country: null,
      customerKind: null,
    } as const;
    const smallest = { ...anyRule, minimum: BigInt(minimum), currency: 'USD' };
    const earns = (base: number) =>
      decide([smallest], rates, { product: null, quantity: 1, base: BigInt(base) }, facts).rule !== null;
    expect(amounts.map(earns)).toEqual(commissionable);
  },
  T17: wholePeriod,
  T19: wholePeriod,
  T20: wholePeriod,
  T21: ({ given: { sales }, expect: { lines, total } }) => {
    const made = period(seedBands, 'PROGRESSIVE', sales).map(({ line }) => line);
    expect(made).toEqual(lines);
    expect(sum(made)).toBe(total);
  },
  T22: ({ given: { sales }, expect: { lines, true_up, total } }) => {
    const made = period(seedBands, 'RETROACTIVE', sales);
    expect(made.map(({ line }) => line)).toEqual(lines);
    expect(sum(made.map(({ trueUp }) => trueUp))).toBe(true_up);
    expect(sum(made.map(({ line, trueUp }) => line + trueUp))).toBe(total);
  },
  T24: ({ given: { sales, refund }, expect: { delta, total } }) => {
    const of = (left: number) => both(seedBands, left).progressive;
    expect(of(sum(sales) - refund) - of(sum(sales))).toBe(delta);
    expect(of(sum(sales) - refund)).toBe(total);
  },
  T25: ({ given: { revenue, refund }, expect: { delta, total } }) => {
    const of = (left: number) => both(seedBands, left).retroactive;
    expect(of(revenue - refund) - of(revenue)).toBe(delta);
    expect(both(seedBands, revenue - refund).retroactive).toBe(total);
  },
  T28: ({ given: { period_revenue, bands }, expect: answer }) =>
    expect(both(bandsOf(bands), period_revenue)).toEqual(answer),
  T30: ({ given: { bands, sales }, expect: { total } }) =>
    expect(sum(period(bandsOf(bands), 'PROGRESSIVE', sales).map(({ line }) => line))).toBe(total),
  T32: () => {
    const bands = [
      { from: 0n, rateBps: 100 },
      { from: 100_000n, rateBps: 200 },
    ];
    const converted = exchange(money(999_995n, 'KWD'), parseRate('1'), {
      currency: 'USD',
      digits: 2,
      fromDigits: 3,
    }); // 999.995 rounds to 1000.00
    expect(bandOf(bands, converted.minor).rateBps).toBe(200);
  },
  T33: tierOf,
  T34: tierOf,
  T35: ({ given: { gross, refunds, customers }, expect: { metric, tier } }) => {
    expect(gross - refunds).toBe(metric);
    expect(tierEarned(thresholds, { revenue: BigInt(gross - refunds), customers })).toBe(tierNamed(tier));
  },
  T37: ({ given: { tier, misses, earned, max_drop }, expect: answer }) => {
    const standing = { tier: tierNamed(tier), misses: misses - 1, locked: false };
    const rules = { graceMonths: 1, maxDrop: max_drop };
    expect(evaluateTier(standing, tierNamed(earned), rules).tier).toBe(tierNamed(answer.tier));
  },
  T40: ({ given: { price, bps, months }, expect: { each, total } }) => {
    expect(commission({ amount: price, currency: 'USD', bps })).toBe(each);
    expect(each * months).toBe(total);
  },
  T41: windowEnd,
  T42: windowEnd,
  T44: ({ given: { first_paid, months, payments }, expect: { eligible } }) => {
    const terms = underRule({ rateBps: 10_000, windows: [{ ...window, months }] });
    const earns = (at: string) =>
      owedInTurn(
        [
          { base: 1, at: day(first_paid) },
          { base: 1, at: day(at) },
        ],
        terms,
      )[1];
    expect(payments.map((at: string) => (at === first_paid ? 1 : earns(at)) === 1)).toEqual(eligible);
  },
  T45: ({ given: { first_paid, amount, bps, second }, expect: answer }) => {
    const terms = underRule({ rateBps: bps, windows: [{ ...window, months: 12 }] });
    const [first, later] = owedInTurn(
      [
        { base: amount, at: day(first_paid) },
        { base: amount, at: day(second) },
      ],
      terms,
    );
    expect({ first, second: later }).toEqual(answer);
  },
  T46: ({ given: { trial_invoice, first_paid, months }, expect: { trial_commission, window_end } }) => {
    expect(commission({ amount: trial_invoice, currency: 'USD', bps: 2_000 })).toBe(trial_commission);
    expect(monthsLater(day(first_paid), months, 'UTC')).toEqual(day(window_end));
  },
  T48: ({ given: { sales, bps }, expect: { lines } }) => {
    const terms = underRule({ rateBps: bps, windows: [{ ...window, firstPurchaseOnly: true }] });
    expect(
      owedInTurn(
        sales.map((base: number) => ({ base })),
        terms,
      ),
    ).toEqual(lines);
  },
  T50: ({ given: { credit, charge, bps }, expect: answer }) => {
    expect(credit + charge).toBe(answer.base);
    expect(commission({ amount: answer.base, currency: 'USD', bps })).toBe(answer.commission);
  },
  T52: ({ given: { paid, bps, refund }, expect: { earned, clawback, kept } }) => {
    expect(commission({ amount: paid, currency: 'USD', bps })).toBe(earned);
    expect(reversals({ base: paid, original: earned }, [refund])).toEqual([clawback]);
    expect(earned + clawback).toBe(kept);
  },
  T66: ({ given: { amount, jpy_per_usd, bps }, expect: answer }) => {
    const rate = inverse(parseRate(`${jpy_per_usd}`));
    const converted = exchange(money(BigInt(amount), 'JPY'), rate, {
      currency: 'USD',
      digits: 2,
      fromDigits: 0,
    });
    expect(Number(converted.minor)).toBe(answer.usd_minor);
    expect(Number(share(converted, bps).minor)).toBe(answer.commission);
  },
  T68: ({ given: { amount, jpy_per_usd }, expect: { jpy } }) => {
    const to = { currency: 'JPY', digits: 0, fromDigits: 2 };
    expect(Number(exchange(usd(amount), parseRate(jpy_per_usd), to).minor)).toBe(jpy);
  },
  T53: ({ given: { base, original, refunds }, expect: answer }) => {
    const lines = reversals({ base, original }, cumulative(refunds));
    expect(lines).toEqual(answer.reversals);
    expect(sum(lines)).toBe(answer.sum);
  },
  T55: ({ given: { base, original, amount_refunded_events }, expect: { net_after } }) => {
    const lines = reversals({ base, original }, amount_refunded_events);
    expect(cumulative(lines).map((taken) => original + taken)).toEqual(net_after);
  },
  T57: ({ given: { base, original, refund }, expect: { net } }) =>
    expect(original + sum(reversals({ base, original }, [refund]))).toBe(net),
  T58: ({ given: { paid_commission }, expect: { new_line } }) =>
    expect(reversals({ base: 10_000, original: paid_commission }, [10_000])).toEqual([new_line]),
  T60: ({ given: { flat, base, refund }, expect: { proportional, all_or_nothing } }) => {
    const line = { base, original: flat, method: 'FLAT' } as const;
    expect(reversals({ ...line, flatRefund: 'PROPORTIONAL' }, [refund])).toEqual([proportional]);
    expect(sum(reversals({ ...line, flatRefund: 'ALL_OR_NOTHING' }, [refund]))).toBe(all_or_nothing);
  },
  // No later rate can reach it: the refund is exchanged as the sale was.
  T61: ({ given: { sale_eur, rate_at_sale, bps, refund_eur }, expect: answer }) => {
    const inUsd = (eur: number) =>
      exchange(money(BigInt(eur), 'EUR'), parseRate(rate_at_sale), {
        currency: 'USD',
        digits: 2,
        fromDigits: 2,
      });
    const original = Number(share(inUsd(sale_eur), bps).minor);
    expect(original).toBe(answer.commission);
    const base = Number(inUsd(sale_eur).minor);
    expect(reversals({ base, original }, [Number(inUsd(refund_eur).minor)])).toEqual([answer.reversal]);
  },
  T71: ({ given: { base }, expect: answer }) => {
    const names = {
      first: 'FIRST',
      last: 'LAST',
      linear: 'LINEAR',
      position: 'POSITION',
      time_decay: 'TIME_DECAY',
    };
    for (const [name, model] of Object.entries(names))
      expect(attributed(base, [20, 10, 3], model as AttributionModel)).toEqual(answer[name]);
  },
  T72: ({ given: { base }, expect: answer }) =>
    expect(attributed(base, [14, 7, 0], 'TIME_DECAY')).toEqual(answer.shares),
  T74: ({ given: { base }, expect: answer }) => {
    for (const [count, parts] of Object.entries(answer)) {
      const ages = Array.from({ length: Number(count) }, (_, index) => 20 - index);
      expect(attributed(base, ages, 'POSITION')).toEqual(parts);
    }
  },
  T77: ({ given: { base }, expect: answer }) => {
    const path = [touchOf('A', 9), touchOf('B', 5), touchOf('A', 1)];
    for (const unit of ['TOUCH', 'PARTNER'] as const) {
      const { shares } = attribute(BigInt(base), path, { model: 'LINEAR', unit });
      const told = Object.fromEntries(shares.map(({ partnerId, minor }) => [partnerId, Number(minor)]));
      expect(told).toEqual(answer[unit === 'TOUCH' ? 'per_touch' : 'per_partner']);
    }
  },
  T79: ({ given: { click, conversions }, expect: answer }) => {
    const at = new Date(click);
    const until = new Date(at.getTime() + 30 * 86_400_000);
    const counts = (conversion: string) =>
      pathOf([{ ...touchOf('A', 0), at, until }], new Date(conversion))[0]?.excluded === null;
    expect(conversions.map(counts)).toEqual(answer.attributed);
  },
};

/** Checked through the graph, in tests/modules. */
const throughTheGraph = new Set(['T10', 'T38', 'T63', 'T64', 'T70', 'T80', 'T103', 'T104', 'T106']);

const notBuilt: Record<string, string> = {};

describe.skipIf(!present)('the oracle', () => {
  test.each(vectors.filter(({ id }) => checks[id]))('$id $rule', (vector) => checks[vector.id]?.(vector));

  test('has no vector of money or refunds that is neither checked nor named as not built', () => {
    for (const [id, reason] of Object.entries(notBuilt))
      process.stderr.write(`Not checked: ${id}, ${reason}.\n`);
    const unknown = vectors.filter(({ id }) => !checks[id] && !throughTheGraph.has(id) && !notBuilt[id]);
    expect(unknown.map(({ id, rule }) => `${id} ${rule}`)).toEqual([]);
    expect(vectors.length).toBeGreaterThanOrEqual(Object.keys(checks).length);
  });
});
