import type { ComputedLine, RuleLevel } from './plan.ts';

/** One step of the computation of a commission. */
interface ExplanationStep {
  readonly label: string;
  readonly detail: string;
  /** Amount of the step in minor units. Null for a step without an amount. */
  readonly amount: bigint | null;
}

export interface Explanation {
  /** One sentence that a partner understands. */
  readonly sentence: string;
  readonly steps: readonly ExplanationStep[];
}

interface Wording {
  /** Formats an amount in the currency of the commission, for example `149.85 USD`. */
  readonly amount: (minor: bigint) => string;
  /** The partner's tier at the time of the sale. */
  readonly tier: string;
}

const percent = (bps: number): string => `${bps / 100} %`;

function describeTerms(level: RuleLevel, rule: ComputedLine['rule'], tier: string): string {
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

/** Explains the amount of a commission from its stored computation alone. */
export function explain(line: ComputedLine, { amount, tier }: Wording): Explanation {
  const by = describeTerms(line.level, line.rule, tier);
  const steps: ExplanationStep[] = [
    {
      label: 'Base',
      detail: `${amount(line.base)} collected, net of tax and discount${line.product === null ? '' : `, for ${line.product}`}`,
      amount: line.base,
    },
    { label: 'Terms', detail: by, amount: null },
  ];
  if (line.period)
    steps.push({
      label: 'Period so far',
      detail: `${amount(line.period.before)} before this sale; ${line.period.mode === 'PROGRESSIVE' ? "each band's rate applies inside the band" : "the reached band's rate applies to the whole period"}`,
      amount: line.period.before,
    });
  for (const part of line.parts) {
    const where = part.from === null ? '' : ` in the band from ${amount(part.from)}`;
    const detail =
      part.perUnit === null
        ? `${percent(part.rateBps ?? 0)} of ${amount(part.base)}${where}`
        : `${part.quantity} x ${amount(part.perUnit)}`;
    steps.push({ label: part.from === null ? 'Commission' : 'Band', detail, amount: part.amount });
  }
  if (line.limited) steps.push({ label: 'Limit', detail: LIMITS[line.limited], amount: null });
  if (line.cap && line.cap.cut > 0n)
    steps.push({
      label: 'Cap',
      detail: `at most ${amount(line.cap.limit)}, of which ${amount(line.cap.used)} was already used`,
      amount: -line.cap.cut,
    });
  if (line.trueUp !== 0n)
    steps.push({
      label: 'True-up',
      detail: 'the rate of the reached band for the earlier sales of the period, as a separate commission',
      amount: line.trueUp,
    });
  steps.push({ label: 'Total', detail: amount(line.amount), amount: line.amount });
  return { sentence: sentenceOf(line, by, amount), steps };
}

function sentenceOf(line: ComputedLine, by: string, amount: Wording['amount']): string {
  const shares = line.parts.map((part) =>
    part.perUnit === null
      ? `${percent(part.rateBps ?? 0)} of ${amount(part.base)}`
      : `${part.quantity} x ${amount(part.perUnit)}`,
  );
  const cut = line.cap && line.cap.cut > 0n ? `, up to the cap of ${amount(line.cap.limit)}` : '';
  const made = shares.length ? `${shares.join(' and ')}${cut}` : 'nothing';
  const why = line.limited ? `; ${LIMITS[line.limited]}` : '';
  return `${amount(line.amount)} is ${made}, by ${by}${why}.`;
}
