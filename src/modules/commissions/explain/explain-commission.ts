import { type Change, type Computed, parseComputed } from '../../../domain/computed.ts';
import { type EnteredRate, exchange, rateInto } from '../../../domain/exchange.ts';
import { type Explanation, explain, explainChange } from '../../../domain/explanation.ts';
import { type Money, money } from '../../../domain/money.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import { type Commission, digitsOf, soldFor } from '../commission/public.ts';

export type Stored = Pick<
  Commission,
  | 'type'
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
  | 'carriedBy'
  | 'saleMinor'
  | 'saleCurrency'
  | 'exchange'
  | 'unrated'
>;

/** Returns the stored computation of a commission. For a commission without one, the computation is built from its columns. */
export function computedOfLine(line: Stored): Computed & { readonly change?: Change } {
  if (line.computation) return parseComputed(line.computation);
  const {
    amount,
    baseAmount,
    method,
    rateBps = null,
    perUnitMinor = null,
    rateSource,
    product = null,
  } = line;
  const quantity = line.quantity ?? 1;
  const { minor } = amount;
  return {
    ...{
      product,
      quantity,
      base: baseAmount.minor,
      refunded: 0n,
      level: rateSource ?? 'LINE',
      rule: null,
      method,
    },
    ...{ rateBps, allOrNothing: false, bands: null, limited: null, gross: minor, cap: null, amount: minor },
    flat:
      perUnitMinor === null ? null : { perUnit: perUnitMinor, quantity, part: 1n, whole: 1n, amount: minor },
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

type Explained = Stored & {
  readonly refundedEarly?: bigint | null;
  readonly part?: PartOfSale | null;
  /** For a line that follows an exchanged sale: the sale, its worth and its rate. */
  readonly sold?: {
    readonly minor: string;
    readonly currency: string;
    readonly worth: string;
    readonly exchange: EnteredRate;
  } | null;
};

const textOf = ({ minor, currency }: Money): string => `${amountText({ minor, currency })} ${currency}`;

export function explanationOf(line: Explained): Explanation {
  if (line.unrated) return unratedExplained(line, line.unrated.day);
  if (line.carriedBy) return carriedExplained(line.amount);
  const computed = computedOfLine(line);
  const { currency, minor } = line.amount;
  const sold = soldFor(line);
  const soldIn = line.sold?.currency ?? sold.currency;
  const wording = {
    amount: (of: bigint) => textOf(money(of, currency)),
    sold: (of: bigint) => textOf(money(of, soldIn)),
    ...{ tier: line.tier, mode: line.roundingMode, type: line.type, minor },
    refund: line.reversesId ? textOf(money(-sold.minor, sold.currency)) : null,
  };
  const explained = computed.change
    ? explainChange(computed, computed.change, wording)
    : explain(computed, wording);
  return [ofSale, ofShare, ofEarlyRefund].reduce((made, add) => add(made, line), explained);
}

/** Adds the sale and its exchange rate. */
function ofSale(explained: Explanation, line: Explained): Explanation {
  const { baseAmount, exchange: rate, sold } = line;
  const { currency } = line.amount;
  if (sold) {
    const sale = money(BigInt(sold.minor), sold.currency);
    const worth = money(BigInt(sold.worth), currency);
    const made = exchanged(explained, sale, sold.exchange, worth, line.roundingMode);
    if (!line.reversesId) return made;
    const of = `The refund of ${textOf(money(-soldFor(line).minor, sold.currency))} is ${textOf(money(-baseAmount.minor, currency))} of that.`;
    return { sentence: `${made.sentence} ${of}`, steps: made.steps };
  }
  return rate && line.saleMinor != null && !line.reversesId
    ? exchanged(explained, soldFor(line), rate, baseAmount, line.roundingMode)
    : explained;
}

/** Adds a sale and its exchange rate. An item of an order has its part of the whole order, which is exchanged once. */
export function exchanged(
  { sentence, steps }: Explanation,
  sale: Money,
  entered: EnteredRate,
  worth: Money,
  mode: Stored['roundingMode'],
): Explanation {
  const { base, quote, rate, effectiveOn } = entered;
  const by = `${rate} ${quote} for one ${base}, the rate of ${effectiveOn}`;
  const alone = exchange(sale, rateInto(entered, worth.currency), digitsOf(sale, worth), mode);
  const how = `${alone.minor === worth.minor ? '' : ', as its part of the whole order,'} at ${by}`;
  return {
    sentence: `${sentence} The sale of ${textOf(sale)} is worth ${textOf(worth)}${how}.`,
    steps: [
      { label: 'Sale', detail: `${textOf(sale)} sold`, amount: null },
      { label: 'Exchange', detail: `${textOf(sale)} is ${textOf(worth)}${how}`, amount: null },
      ...steps,
    ],
  };
}

/** Adds the partner's share of a shared sale. */
function ofShare({ sentence, steps }: Explanation, { part, reversesId, type }: Explained): Explanation {
  if (!part || reversesId || type === 'TRUE_UP' || type === 'ADJUSTMENT') return { sentence, steps };
  const { share, sale, currency, own, all, model } = part;
  const amount = (minor: string) => amountText({ minor: BigInt(minor), currency });
  const of = `${amount(share)} of ${amount(sale)} ${currency}, ${own} of ${all} touches, ${model}`;
  return {
    sentence: `${sentence} The sale is shared: ${of}.`,
    steps: [{ label: 'Share', detail: of, amount: null }, ...steps],
  };
}

/** Adds the refunds that were known before the sale. They must not come last: the last step is the total. */
function ofEarlyRefund({ sentence, steps }: Explanation, line: Explained): Explanation {
  const { refundedEarly, reversesId } = line;
  if (refundedEarly == null || reversesId) return { sentence, steps };
  const refunded = textOf(money(refundedEarly, soldFor(line).currency));
  const detail = `${refunded} of the sale, reversed by separate commissions`;
  return {
    sentence: `${sentence} ${refunded} of the sale was refunded before the sale was recorded; separate commissions reverse that share.`,
    steps: [{ label: 'Refunded before', detail, amount: null }, ...steps],
  };
}

function unratedExplained(line: Explained, day: string): Explanation {
  const sold = soldFor(line);
  const from = line.unrated?.from ?? sold.currency;
  const to = line.unrated?.to ?? line.amount.currency;
  const why = `no usable exchange rate between ${from} and ${to} for ${day}`;
  return {
    sentence: `The commission on ${textOf(sold)} is not computed yet: there is ${why}.`,
    steps: [
      { label: 'Sale', detail: `${textOf(sold)} sold`, amount: null },
      { label: 'Exchange', detail: why, amount: null },
    ],
  };
}

function carriedExplained(amount: Money): Explanation {
  const { minor, currency } = amount;
  return {
    sentence:
      minor < 0n
        ? `The payment rail cannot send ${textOf(money(-minor, currency))} of this payout, so the amount stays on the balance.`
        : `${textOf(amount)} stayed on the balance, because the payment rail of an earlier payout could not send it.`,
    steps: [{ label: 'Total', detail: textOf(amount), amount: minor }],
  };
}
