import { bandedBasis, bandOf } from './bands.ts';
import type { Change, Computed } from './computed.ts';
import { divide, type RoundingMode } from './money.ts';
import type { RuleLevel } from './plan.ts';

/** One step of the computation of a commission. */
interface ExplanationStep {
  readonly label: string;
  readonly detail: string;
  /** Amount of the step in minor units. Null for a step without an amount. */
  readonly amount: bigint | null;
}

export interface Explanation {
  /** Sentences that a partner understands. Their own figures give the amount. */
  readonly sentence: string;
  readonly steps: readonly ExplanationStep[];
}

interface Wording {
  /** Formats an amount in the currency of the commission, for example `149.85 USD`. */
  readonly amount: (minor: bigint) => string;
  /** Formats an amount in the currency of the sale. */
  readonly sold: (minor: bigint) => string;
  /** The partner's tier at the time of the sale. */
  readonly tier: string;
  readonly mode: RoundingMode;
}

const percent = (bps: number): string => `${bps / 100} %`;

function describeTerms(level: RuleLevel, rule: Computed['rule'], tier: string): string {
  if (rule) {
    const named = `rule "${rule.name}" (version ${rule.version})`;
    return level === 'PLAN' ? `${named} of the plan` : `the partner's own ${named}`;
  }
  if (level === 'LINE') return 'a rate given with the sale';
  return level === 'PARTNER' ? "the partner's own rate" : `the rate of tier ${tier}`;
}

const LIMITS = {
  NOT_FIRST_PURCHASE: 'the rule pays only for a first purchase',
  RECURRING_WINDOW_OVER: "the rule's limit of months or purchases is exceeded",
  STEPPED_DOWN: 'the limit of months or purchases at the full rate is exceeded, so the lower rate applies',
} as const;

/** What an amount is, and the steps to it. */
interface Made {
  readonly text: string;
  readonly steps: readonly ExplanationStep[];
}

/** Explains what a sale earns in all its commissions, from its stored computation alone. */
export function explain(computed: Computed, wording: Wording): Explanation {
  const { base, refunded, rule, level, product, limited, gross } = computed;
  const { amount, tier } = wording;
  const by = describeTerms(level, rule, tier);
  const steps: ExplanationStep[] = [
    {
      label: 'Base',
      detail: `${amount(base)} collected, net of tax and discount${product === null ? '' : `, for ${product}`}`,
      amount: base,
    },
    { label: 'Terms', detail: by, amount: null },
  ];
  const total = { label: 'Total', detail: amount(computed.amount), amount: computed.amount };
  if (base > 0n && refunded >= base) {
    steps.push({ label: 'Left', detail: `nothing of ${amount(base)}`, amount: 0n }, total);
    return {
      sentence: `${amount(computed.amount)}, because nothing is left of the sale of ${amount(base)}.`,
      steps,
    };
  }
  if (refunded > 0n)
    steps.push({ label: 'Refunded', detail: `${amount(refunded)} of the base`, amount: -refunded });
  const why = limited ? LIMITS[limited] : null;
  if (why) steps.push({ label: 'Limit', detail: why, amount: null });
  if (why && limited !== 'STEPPED_DOWN') {
    steps.push(total);
    return { sentence: `${amount(computed.amount)}, by ${by}: ${why}.`, steps };
  }
  const made = computed.bands
    ? madeByBands(computed, computed.bands, wording)
    : madeOfBase(computed, wording);
  const capped = cappedBy(computed, wording);
  steps.push(...made.steps, ...capped.steps, total);
  const cut = computed.amount < gross ? capped.text : '';
  return {
    sentence: `${amount(computed.amount)} is ${made.text}${cut}, by ${by}${why ? `; ${why}` : ''}.`,
    steps,
  };
}

/** An amount by bands is the difference of two sums, each of them rounded once. */
function madeByBands(
  { base, refunded }: Computed,
  { mode: bandMode, before, total, bands }: NonNullable<Computed['bands']>,
  { amount, mode }: Wording,
): Made {
  const after = before + base - refunded;
  const reached = bandOf(bands, total);
  const sumOf = (revenue: bigint) =>
    bandMode === 'PROGRESSIVE'
      ? divide(bandedBasis(bands, revenue), 10_000n, mode)
      : divide(revenue * BigInt(reached.rateBps), 10_000n, mode);
  const rates = bands.map(({ from, rateBps }) => `${percent(rateBps)} from ${amount(from)}`);
  const how =
    bandMode === 'PROGRESSIVE'
      ? `at ${rates.join(', ')}`
      : `at ${percent(reached.rateBps)}, the rate of the band from ${amount(reached.from)}, which the period reached with ${amount(total)}`;
  const [sumAfter, sumBefore] = [sumOf(after), sumOf(before)];
  return {
    text: `${amount(sumAfter)} for ${amount(after)} less ${amount(sumBefore)} for ${amount(before)}, ${how}`,
    steps: [
      { label: 'Period so far', detail: `${amount(before)} before this sale`, amount: before },
      { label: 'Band', detail: how, amount: null },
      { label: 'With this sale', detail: `${amount(sumAfter)} for ${amount(after)}`, amount: sumAfter },
      {
        label: 'Without this sale',
        detail: `${amount(sumBefore)} for ${amount(before)}`,
        amount: -sumBefore,
      },
    ],
  };
}

function madeOfBase(
  { base, refunded, flat, rateBps, allOrNothing }: Computed,
  { amount, sold, mode }: Wording,
): Made {
  const whole = flat ? flat.amount : divide(base * BigInt(rateBps ?? 0), 10_000n, mode);
  const given = flat && flat.part !== flat.whole ? `${sold(flat.part)} of ${sold(flat.whole)}` : null;
  const text = !flat
    ? `${percent(rateBps ?? 0)} of ${amount(base)}`
    : given === null
      ? `${flat.quantity} x ${amount(flat.perUnit)}`
      : `${amount(flat.amount)} of ${flat.quantity} x ${amount(flat.perUnit)}, for ${given}`;
  const steps = [{ label: 'Commission', detail: text, amount: whole }];
  if (refunded === 0n) return { text, steps };
  if (flat && allOrNothing) return { text: `${text}, because a refund in part takes nothing`, steps };
  const taken = divide(whole * refunded, base, mode);
  const share = `${amount(taken)} for the refund of ${amount(refunded)} of ${amount(base)}`;
  return {
    text: `${text} less ${share}`,
    steps: [...steps, { label: 'Refund', detail: share, amount: -taken }],
  };
}

/** Names the cap and its used part, also where the cap takes nothing. */
function cappedBy({ cap, gross, amount: capped }: Computed, { amount }: Wording): Made {
  if (!cap) return { text: '', steps: [] };
  const of = `the cap of ${amount(cap.limit)}, of which ${amount(cap.used)} was used before`;
  return {
    text: `, cut to the rest of ${of}`,
    steps: [{ label: 'Cap', detail: of, amount: capped - gross }],
  };
}

interface ChangeWording extends Wording {
  readonly type: string;
  /** The amount of the commission. */
  readonly minor: bigint;
  /** REVERSAL: the refunded part of the sale. */
  readonly refund: string | null;
}

/** Explains a commission that brings a sale from one amount to another. */
export function explainChange(computed: Computed, change: Change, wording: ChangeWording): Explanation {
  const { amount, minor } = wording;
  const { from, to } = change;
  const now = explain(computed, wording);
  const beside = to - from - minor;
  const because = `because ${causeOf(change, wording)}`;
  const others =
    beside === 0n ? '' : ` Other commissions of this sale changed by ${amount(beside)} at the same time.`;
  return {
    sentence: `${amount(minor)}: this sale earned ${amount(from)} and now earns ${amount(to)}, ${because}.${others} ${now.sentence}`,
    steps: [
      { label: 'Cause', detail: because, amount: null },
      ...now.steps.slice(0, -1),
      { label: 'Earns now', detail: amount(to), amount: to },
      { label: 'Earned before', detail: amount(from), amount: -from },
      ...(beside === 0n
        ? []
        : [
            {
              label: 'Other commissions',
              detail: `${amount(beside)} in other commissions of this sale`,
              amount: -beside,
            },
          ]),
      { label: 'Total', detail: amount(minor), amount: minor },
    ],
  };
}

const OF_ORDER = {
  SALE: 'was recorded',
  REFUND: 'was refunded',
  REJECTION: 'was rejected',
  DISPUTE: 'was disputed, and the dispute was resolved',
} as const;

function causeOf({ why, order, own }: Change, { type, tier, minor, refund }: ChangeWording): string {
  if (why === 'TIER') return `the partner reached the tier ${tier} with effect for this sale`;
  if (why === 'RATE') return 'its exchange rate was entered';
  if (own && why === 'DISPUTE')
    return type === 'ADJUSTMENT' || minor > 0n ? 'its dispute was won' : 'its dispute was lost';
  if (own && why === 'REFUND') return `${refund === null ? 'a part' : refund} of it was refunded`;
  const what = own ? 'it' : order === null ? 'another sale' : `order ${order}`;
  return `${what} ${OF_ORDER[why]}`;
}
