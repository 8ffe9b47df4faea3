import { invalid } from './errors.ts';
import { MAX_MINOR, money, split } from './money.ts';
import type { FlatTerms, Terms, Window } from './owed.ts';
import type { Decision, Rule, SaleLine } from './plan.ts';

/** The parts into which an amount per unit is split, and the index of one of them. */
export interface Scale {
  readonly parts: readonly bigint[];
  readonly index: number;
}

/** The terms of an item that never earns. */
export const NO_TERMS: Terms = {
  ...{ level: 'TIER', rule: null, method: 'PERCENTAGE', rateBps: 0 },
  ...{ flat: null, tiered: null, windows: [], cap: null },
};

/** Returns the terms of a decision, as they are stored with the item. `windows` are those of the partner's own terms. */
export function termsOf(
  decision: Decision,
  { quantity }: Pick<SaleLine, 'quantity'>,
  windows: readonly Window[] = [],
  scale?: Scale,
): Terms {
  const { level, rule } = decision;
  if (rule === null) return { ...NO_TERMS, level, rateBps: decision.rateBps, windows };
  const { terms, cap, id, key, name, version } = rule;
  return {
    ...{ level, rule: { id, key, name, version }, method: terms.method, cap },
    rateBps: terms.method === 'PERCENTAGE' ? terms.rateBps : null,
    flat: terms.method === 'FLAT' ? flatTerms(terms.perUnit, quantity, scale) : null,
    tiered: terms.method === 'TIERED' ? { mode: terms.mode, period: terms.period, bands: terms.bands } : null,
    windows: [...windows, ...windowsOf(rule)],
  };
}

const windowsOf = (rule: Rule): Window[] =>
  rule.firstPurchaseOnly || rule.recurringMonths !== null || rule.recurringCount !== null
    ? [
        {
          firstPurchaseOnly: rule.firstPurchaseOnly,
          months: rule.recurringMonths,
          count: rule.recurringCount,
          stepDownRateBps: rule.stepDownRateBps,
        },
      ]
    : [];

/** Returns an amount per unit for a part of a sale, by largest remainder. Throws BAD_USER_INPUT when it is too large. */
export function flatTerms(perUnit: bigint, quantity: number, scale?: Scale): FlatTerms {
  const all = perUnit * BigInt(quantity);
  if (all > MAX_MINOR)
    throw invalid(
      'input.quantity',
      'must give a commission of at most 10^15 minor units: the amount per unit times the quantity is more',
    );
  const whole = scale?.parts.reduce((sum, part) => sum + part, 0n) ?? 0n;
  if (!scale || whole === 0n) return { perUnit, quantity, part: 1n, whole: 1n, amount: all };
  const amount = split(money(all, ''), scale.parts)[scale.index]?.minor ?? 0n;
  return { perUnit, quantity, part: scale.parts[scale.index] ?? 0n, whole, amount };
}
