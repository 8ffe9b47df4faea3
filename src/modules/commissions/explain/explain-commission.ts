import { bandOf } from '../../../domain/bands.ts';
import { parseComputation } from '../../../domain/computation.ts';
import { type EnteredRate, exchange, rateInto } from '../../../domain/exchange.ts';
import { type Explanation, explain } from '../../../domain/explanation.ts';
import type { Money, RoundingMode } from '../../../domain/money.ts';
import { type ComputedLine, recompute } from '../../../domain/plan.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import { type Commission, digitsOf, soldFor } from '../commission/public.ts';

type Stored = Pick<
  Commission,
  | 'amount'
  | 'baseAmount'
  | 'tier'
  | 'roundingMode'
  | 'method'
  | 'rateBps'
  | 'rateSource'
  | 'perUnitMinor'
  | 'quantity'
  | 'product'
  | 'computation'
  | 'reversesId'
  | 'saleMinor'
  | 'saleCurrency'
  | 'exchange'
  | 'unrated'
>;

/** Returns the stored computation of a commission. For a commission without one, the computation is built from its columns. */
export function computedLineOf(line: Stored): ComputedLine {
  if (line.computation) return parseComputation(line.computation);
  const { amount, baseAmount, method, rateBps, perUnitMinor, rateSource } = line;
  return {
    product: line.product ?? null,
    quantity: line.quantity ?? 1,
    base: baseAmount.minor,
    level: rateSource ?? 'LINE',
    rule: null,
    method,
    parts: [
      {
        base: baseAmount.minor,
        rateBps: rateBps ?? null,
        perUnit: perUnitMinor ?? null,
        quantity: line.quantity ?? 1,
        from: null,
        amount: amount.minor,
      },
    ],
    period: null,
    limited: null,
    cap: null,
    amount: amount.minor,
    trueUp: 0n,
  };
}

/** The partner's share of a sale with several credited partners, in minor units of the sale. */
interface PartOfSale {
  readonly share: string;
  readonly sale: string;
  readonly currency: string;
  readonly own: number;
  readonly all: number;
  readonly model: string;
}

type Explained = Stored &
  Pick<Commission, 'type' | 'carriedBy'> & {
    readonly refundedEarly?: bigint | null;
    readonly part?: PartOfSale | null;
    /** For a refund: the reversed commission, and the refunds up to and before this one, as positive amounts. */
    readonly reversedLineAmount?: bigint | null;
    readonly reversedLineBase?: bigint | null;
    readonly refundedSoFar?: bigint | null;
    readonly reversedBefore?: bigint | null;
    readonly lostDispute?: boolean;
  };

export function explanationOf(line: Explained): Explanation {
  const explanation = shared(explanationOfLine(line), line);
  const { refundedEarly } = line;
  if (refundedEarly == null || line.reversesId) return explanation;
  const { currency } = soldFor(line);
  const refunded = `${amountText({ minor: refundedEarly, currency })} ${currency}`;
  return {
    sentence: `${explanation.sentence} ${refunded} of the sale was refunded before the sale was recorded; separate commissions reverse that share.`,
    steps: [
      ...explanation.steps,
      {
        label: 'Refunded before',
        detail: `${refunded} of the sale, reversed by separate commissions`,
        amount: null,
      },
    ],
  };
}

/** Adds the partner's share of a shared sale to an explanation. */
function shared({ sentence, steps }: Explanation, { part, reversesId, type }: Explained): Explanation {
  if (!part || reversesId || type === 'TRUE_UP' || type === 'ADJUSTMENT') return { sentence, steps };
  const { share, sale, currency, own, all, model } = part;
  const amount = (minor: string) => amountText({ minor: BigInt(minor), currency });
  const of = `${amount(share)} of ${amount(sale)} ${currency}, ${own} of ${all} touches, ${model}`;
  return {
    sentence: `${sentence} The sale is shared: ${of}.`,
    steps: [{ label: 'Share', detail: of, amount: null }, ...steps],
  };
}

const textOf = ({ minor, currency }: Money): string => `${amountText({ minor, currency })} ${currency}`;

/** Adds the sale and its exchange rate to an explanation. */
export function exchanged(
  { sentence, steps }: Explanation,
  sold: Money,
  { base, quote, rate, effectiveOn }: EnteredRate,
  worth: string,
): Explanation {
  const by = `${rate} ${quote} for one ${base}, the rate of ${effectiveOn}`;
  return {
    sentence: `${sentence} The sale of ${textOf(sold)} is worth ${worth} at ${by}.`,
    steps: [
      { label: 'Sale', detail: `${textOf(sold)} sold`, amount: null },
      { label: 'Exchange', detail: `${textOf(sold)} is ${worth} at ${by}`, amount: null },
      ...steps,
    ],
  };
}

function explanationOfLine(line: Explained): Explanation {
  if (line.unrated) {
    const { day } = line.unrated;
    const { currency } = line.amount;
    const sold = soldFor(line);
    const why = `no exchange rate between ${sold.currency} and ${currency} for ${day}`;
    return {
      sentence: `The commission on ${textOf(sold)} is not computed yet: there is ${why}.`,
      steps: [
        { label: 'Sale', detail: `${textOf(sold)} sold`, amount: null },
        { label: 'Exchange', detail: why, amount: null },
      ],
    };
  }

  const { currency } = line.amount;
  const amount = (minor: bigint) => `${amountText({ minor, currency })} ${currency}`;
  if (line.reversesId) return refundExplained(line, amount);
  if (line.type === 'ADJUSTMENT') {
    const { minor } = line.amount;
    const carried =
      minor < 0n
        ? `The payment rail cannot send ${amount(-minor)} of this payout, so the amount stays on the balance.`
        : `${amount(minor)} stayed on the balance, because the payment rail of an earlier payout could not send it.`;
    return {
      sentence: line.carriedBy
        ? carried
        : `${amount(minor)} restores the amount that a lost dispute reversed.`,
      steps: [{ label: 'Total', detail: amount(minor), amount: minor }],
    };
  }
  const computed = computedLineOf(line);
  if (line.type === 'TRUE_UP' && line.rateSource === 'TIER') {
    const more = line.amount.minor;
    const whole = `${(line.rateBps ?? 0) / 100} % of ${amount(computed.base)}`;
    return {
      sentence: `${amount(more)} is added to a sale that earned at the rate of an earlier tier: the tier ${line.tier}, reached in the month before the sale, pays ${whole}, which is ${amount(computed.amount)}.`,
      steps: [
        {
          label: 'Base',
          detail: `${amount(computed.base)} of the sale, less refunds`,
          amount: computed.base,
        },
        { label: 'Commission', detail: `${whole}, the rate of tier ${line.tier}`, amount: computed.amount },
        { label: 'Earned before', detail: 'by the commission of the sale', amount: more - computed.amount },
        { label: 'Total', detail: amount(more), amount: more },
      ],
    };
  }
  if (line.type === 'TRUE_UP' && computed.period)
    return bandsExplained(line, computed, computed.period, amount);
  const explanation = explain(computed, { amount, tier: line.tier });
  return line.exchange && line.saleMinor != null
    ? exchanged(explanation, soldFor(line), line.exchange, amount(computed.base))
    : explanation;
}

/** Explains a TRUE_UP: the change for the other sales of a tiered period after a sale reached another band, or after its
 *  refund or rejection left one. */
function bandsExplained(
  { amount: { minor } }: Explained,
  { base, trueUp }: ComputedLine,
  { before, bands }: NonNullable<ComputedLine['period']>,
  amount: (minor: bigint) => string,
): Explanation {
  const total = { label: 'Total', detail: amount(minor), amount: minor };
  if (minor !== trueUp)
    return {
      sentence: `${amount(minor)} for the other sales of the period: after a refund or a rejection the period is in another band, whose rate applies to all of its sales.`,
      steps: [total],
    };
  const after = before + base;
  const { from, rateBps } = bandOf(bands, after);
  const reached = `${rateBps / 100} % of ${amount(after)}, by the band from ${amount(from)}`;
  return {
    sentence: `${amount(minor)} is added for the earlier sales of ${amount(before)}: with this sale of ${amount(base)} the whole period earns ${reached}.`,
    steps: [
      { label: 'Period before', detail: amount(before), amount: before },
      { label: 'Sale', detail: amount(base), amount: base },
      { label: 'Band', detail: reached, amount: null },
      total,
    ],
  };
}

/** Explains a refund: the original commission, the refunded part of its base so far, and the reversed amount so far and
 *  before. */
function refundExplained(line: Explained, amount: (minor: bigint) => string): Explanation {
  const base = -line.baseAmount.minor;
  const { reversedLineAmount, reversedLineBase, refundedSoFar, reversedBefore } = line;
  const steps = [];
  if (reversedLineAmount != null && reversedLineBase != null && refundedSoFar != null) {
    const before = reversedBefore ?? 0n;
    steps.push(
      {
        label: 'Original',
        detail: `${amount(reversedLineAmount)} on a base of ${amount(reversedLineBase)}`,
        amount: reversedLineAmount,
      },
      { label: 'Refunded so far', detail: `${amount(refundedSoFar)} of the base`, amount: refundedSoFar },
      {
        label: 'Reversed so far',
        detail: `${amount(before - line.amount.minor)} of ${amount(reversedLineAmount)}`,
        amount: before - line.amount.minor,
      },
      { label: 'Reversed before', detail: amount(before), amount: before },
    );
  }
  return {
    sentence: line.lostDispute
      ? `${amount(line.amount.minor)} reverses the rest of a sale whose dispute was lost: ${amount(base)} of its base.`
      : line.method === 'TIERED'
        ? `${amount(line.amount.minor)} reverses the effect of a refund of ${amount(base)}: the bands pay by the remaining sales of the period.`
        : `${amount(line.amount.minor)} reverses the share of a refund of ${amount(base)}.`,
    steps: [
      {
        label: line.lostDispute ? 'Lost dispute' : 'Refund',
        detail: `${amount(base)} of the base`,
        amount: line.baseAmount.minor,
      },
      ...steps,
      { label: 'Total', detail: amount(line.amount.minor), amount: line.amount.minor },
    ],
  };
}

export interface Difference {
  readonly what: string;
  readonly stored: bigint;
  readonly recomputed: bigint;
}

/** Recomputes the base by the exchange rate that is stored with the commission. */
function baseByRate(line: Stored): bigint {
  const { baseAmount, roundingMode } = line;
  if (!line.exchange || line.saleMinor == null) return baseAmount.minor;
  const rate = rateInto(line.exchange, baseAmount.currency);
  return exchange(soldFor(line), rate, digitsOf(soldFor(line), baseAmount), roundingMode).minor;
}

/** Recomputes a commission from its stored terms. Returns the differences; there are none unless stored data was changed. */
export function differencesOf(line: Stored & { readonly roundingMode: RoundingMode }): Difference[] {
  if (line.unrated) return []; // not computed until the exchange rate is entered
  const computed = computedLineOf(line);
  const again = recompute(computed, line.roundingMode);
  const compared: Difference[] = [
    { what: 'base', stored: line.baseAmount.minor, recomputed: computed.base },
    { what: 'base', stored: line.baseAmount.minor, recomputed: baseByRate(line) },
    { what: 'amount', stored: line.amount.minor, recomputed: again.amount },
    { what: 'true-up', stored: computed.trueUp, recomputed: again.trueUp },
  ];
  return compared.filter(({ stored, recomputed }) => stored !== recomputed);
}
