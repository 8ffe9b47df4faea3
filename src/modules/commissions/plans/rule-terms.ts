import { checkBands } from '../../../domain/bands.ts';
import { invalid } from '../../../domain/errors.ts';
import type { Rule, RuleTerms } from '../../../domain/plan.ts';
import { amountOf, currencyOf, positiveAmountOf } from '../../../kernel/request/currency.ts';
import type { CommissionRuleInput } from './plan.inputs.ts';

export { CommissionRuleInput, CreateCommissionRuleInput } from './plan.inputs.ts';

/** Reads the terms of an input at `path`. Throws BAD_USER_INPUT for fields that contradict each other. */
export function readTerms(input: CommissionRuleInput, path: string) {
  const { method } = input;
  const currency = input.currency == null ? null : currencyOf(input.currency, `${path}.currency`);
  const needed = {
    PERCENTAGE: ['rate'],
    FLAT: ['perUnit', 'perOrder'],
    TIERED: ['bands'],
  } as const;
  for (const [of, fields] of Object.entries(needed)) {
    const given = fields.filter((field) => input[field] != null);
    if (of === method && given.length === 0)
      throw invalid(`${path}.${fields[0]}`, `is required for a ${method} rule`);
    if (of !== method && given.length > 0)
      throw invalid(`${path}.${given[0]}`, `is allowed only for a ${of} rule`);
  }
  if (input.perUnit != null && input.perOrder != null)
    throw invalid(`${path}.perOrder`, 'cannot be combined with perUnit');
  if (method !== 'TIERED' && (input.bandMode != null || input.bandPeriod != null))
    throw invalid(
      `${path}.${input.bandMode != null ? 'bandMode' : 'bandPeriod'}`,
      'is allowed only for a TIERED rule',
    );
  if (input.stepDownRate != null && input.recurringMonths == null && input.recurringCount == null)
    throw invalid(
      `${path}.stepDownRate`,
      'requires recurringMonths or recurringCount, after which it applies',
    );
  if (input.firstPurchaseOnly && (input.recurringMonths != null || input.recurringCount != null))
    throw invalid(`${path}.firstPurchaseOnly`, 'cannot be combined with recurringMonths or recurringCount');
  const inCurrency = (field: string): string => {
    if (currency === null) throw invalid(`${path}.currency`, `is required: it is the currency of ${field}`);
    return currency;
  };
  return {
    currency,
    minor: (text: string | null | undefined, field: string): bigint | null =>
      text == null ? null : positiveAmountOf(text, inCurrency(field), `${path}.${field}`).minor,
    bands(): { from: bigint; rateBps: number }[] {
      const bands = (input.bands ?? []).map(({ from, rate: rateBps }, index) => ({
        from: amountOf(from, inCurrency('bands'), `${path}.bands.${index}.from`).minor,
        rateBps,
      }));
      checkBands(bands, `${path}.bands`);
      return bands;
    },
  };
}

/** Builds a rule for a simulation from the input at `path`, without storing it. Throws BAD_USER_INPUT for fields that
 *  contradict each other. */
export function triedRule(
  input: CommissionRuleInput,
  {
    path,
    ...identity
  }: Pick<Rule, 'id' | 'of' | 'version'> & { readonly key: string; readonly path: string },
): Rule & { readonly key: string } {
  const { method } = input;
  const { currency, minor, bands } = readTerms(input, path);
  return {
    ...identity,
    name: input.name,
    product: input.product ?? null,
    customerKind: input.customerKind ?? 'ANY',
    countries: input.countries ?? null,
    types: input.types ?? null,
    minimum: minor(input.minimumPurchase, 'minimumPurchase'),
    currency,
    terms: termsOf(),
    firstPurchaseOnly: input.firstPurchaseOnly ?? false,
    recurringMonths: input.recurringMonths ?? null,
    recurringCount: input.recurringCount ?? null,
    stepDownRateBps: input.stepDownRate ?? null,
    cap: input.cap
      ? {
          limit: minor(input.cap.amount, 'cap.amount') as bigint,
          per: input.cap.per,
          period: input.cap.period ?? 'LIFETIME',
        }
      : null,
    from: input.effectiveAt ? new Date(input.effectiveAt) : new Date(0),
    until: null,
  };

  function termsOf(): RuleTerms {
    if (method === 'PERCENTAGE') return { method, rateBps: input.rate as number };
    if (method === 'FLAT')
      return input.perOrder != null
        ? { method, perOrder: minor(input.perOrder, 'perOrder') as bigint }
        : { method, perUnit: minor(input.perUnit, 'perUnit') as bigint };
    return {
      method,
      mode: input.bandMode ?? 'PROGRESSIVE',
      bands: bands(),
      period: input.bandPeriod ?? 'MONTH',
    };
  }
}
