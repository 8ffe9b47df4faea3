import { read } from '../../domain/computation.ts';
import { type Explanation, explain } from '../../domain/explanation.ts';
import type { RoundingMode } from '../../domain/money.ts';
import { type ComputedLine, recompute } from '../../domain/plan.ts';
import { amountText } from '../../kernel/currency.ts';
import type { Commission } from './commission.entity.ts';

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
>;

/** What made a line: as it was kept, or, of a line from before computations were kept, as its columns say. */
export function computedLineOf(line: Stored): ComputedLine {
  if (line.computation) return read(line.computation);
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

export function explanationOf(line: Stored & Pick<Commission, 'type' | 'carriedBy'>): Explanation {
  const { currency } = line.amount;
  const amount = (minor: bigint) => `${amountText({ minor, currency })} ${currency}`;
  if (line.reversesId)
    return {
      sentence: `${amount(line.amount.minor)} takes back the share of a refund of ${amount(-line.baseAmount.minor)}.`,
      steps: [
        {
          label: 'Refund',
          detail: `${amount(-line.baseAmount.minor)} of the base`,
          amount: line.baseAmount.minor,
        },
        { label: 'Total', detail: amount(line.amount.minor), amount: line.amount.minor },
      ],
    };
  if (line.type === 'ADJUSTMENT') {
    const { minor } = line.amount;
    const carried =
      minor < 0n
        ? `${amount(-minor)} is more than the rail can carry of this currency, so it stays on the balance.`
        : `${amount(minor)} stayed on the balance, because the rail of an earlier payout could not carry it.`;
    return {
      sentence: line.carriedBy ? carried : `${amount(minor)} comes back that a lost dispute had taken.`,
      steps: [{ label: 'Total', detail: amount(minor), amount: minor }],
    };
  }
  const computed = computedLineOf(line);
  if (line.type === 'TRUE_UP' && line.rateSource === 'TIER') {
    const more = line.amount.minor;
    const whole = `${(line.rateBps ?? 0) / 100} % of ${amount(computed.base)}`;
    return {
      sentence: `${amount(more)} more for a sale that earned by the tier before: ${line.tier}, reached in the month before it, gives ${whole}, which is ${amount(computed.amount)} in all.`,
      steps: [
        {
          label: 'Base',
          detail: `${amount(computed.base)} of the sale, less refunds`,
          amount: computed.base,
        },
        { label: 'Commission', detail: `${whole}, the rate of tier ${line.tier}`, amount: computed.amount },
        { label: 'Earned before', detail: 'by the sale itself', amount: more - computed.amount },
        { label: 'Total', detail: amount(more), amount: more },
      ],
    };
  }
  return explain(computed, { amount, tier: line.tier });
}

export interface Difference {
  readonly what: string;
  readonly stored: bigint;
  readonly recomputed: bigint;
}

/** Works a line out again from what is kept of it; nothing differs, or something was changed. */
export function differencesOf(line: Stored & { readonly roundingMode: RoundingMode }): Difference[] {
  const computed = computedLineOf(line);
  const again = recompute(computed, line.roundingMode);
  const compared: Difference[] = [
    { what: 'base', stored: line.baseAmount.minor, recomputed: computed.base },
    { what: 'amount', stored: line.amount.minor, recomputed: again.amount },
    { what: 'true-up', stored: computed.trueUp, recomputed: again.trueUp },
  ];
  return compared.filter(({ stored, recomputed }) => stored !== recomputed);
}
