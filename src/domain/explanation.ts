import { bandedBasis, bandOf } from './bands.ts';
import type { Computed } from './computed.ts';
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
  /** One sentence that a partner understands. */
  readonly sentence: string;
  readonly steps: readonly ExplanationStep[];
}

interface Wording {
  /** Formats an amount in the currency of the commission, for example `149.85 USD`. */
  readonly amount: (minor: bigint) => string;
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

/** Explains what a sale earns from its stored computation alone. */
export function explain(computed: Computed, { amount, tier, mode }: Wording): Explanation {
  const { base, refunded, rule, level, product, bands, flat, rateBps, limited, cap, gross } = computed;
  const by = describeTerms(level, rule, tier);
  const left = base - refunded;
  const steps: ExplanationStep[] = [
    {
      label: 'Base',
      detail: `${amount(base)} collected, net of tax and discount${product === null ? '' : `, for ${product}`}`,
      amount: base,
    },
    { label: 'Terms', detail: by, amount: null },
  ];
  if (refunded > 0n)
    steps.push({ label: 'Refunded', detail: `${amount(refunded)} of the base`, amount: -refunded });
  let made = 'nothing';
  if (bands) {
    const { before, total } = bands;
    const at = (revenue: bigint) =>
      bands.mode === 'PROGRESSIVE'
        ? divide(bandedBasis(bands.bands, revenue), 10_000n, mode)
        : divide(revenue * BigInt(bandOf(bands.bands, total).rateBps), 10_000n, mode);
    const reached = bandOf(bands.bands, total);
    const how =
      bands.mode === 'PROGRESSIVE'
        ? "by each band's rate inside the band"
        : `at ${percent(reached.rateBps)}, the rate of the band from ${amount(reached.from)}, which the period reached with ${amount(total)}`;
    steps.push(
      { label: 'Period so far', detail: `${amount(before)} before this sale`, amount: before },
      { label: 'Band', detail: how, amount: null },
      { label: 'Sum with this sale', detail: `${amount(at(before + left))} for ${amount(before + left)}`, amount: at(before + left) },
      { label: 'Sum before', detail: `${amount(at(before))} for ${amount(before)}`, amount: -at(before) },
    );
    made = `${amount(at(before + left))} for ${amount(before + left)} less ${amount(at(before))} for ${amount(before)}, ${how}`;
  } else if (flat) {
    const part = flat.part === flat.whole ? '' : `, for ${amount(flat.part)} of ${amount(flat.whole)}`;
    made = `${flat.quantity} x ${amount(flat.perUnit)}${part}`;
    steps.push({ label: 'Commission', detail: made, amount: flat.amount });
  } else if (limited === null || limited === 'STEPPED_DOWN') {
    made = `${percent(rateBps ?? 0)} of ${amount(base)}`;
    steps.push({ label: 'Commission', detail: made, amount: divide(base * BigInt(rateBps ?? 0), 10_000n, mode) });
  }
  if (!bands && refunded > 0n) made += `, less the share of ${amount(refunded)} that was refunded`;
  if (limited) steps.push({ label: 'Limit', detail: LIMITS[limited], amount: null });
  const cut = gross - computed.amount;
  if (cap && cut > 0n) {
    const of = `the cap of ${amount(cap.limit)}, of which ${amount(cap.used)} was already used`;
    steps.push({ label: 'Cap', detail: `at most the rest of ${of}`, amount: -cut });
    made += `, at most the rest of ${of}`;
  }
  steps.push({ label: 'Total', detail: amount(computed.amount), amount: computed.amount });
  const why = limited ? `; ${LIMITS[limited]}` : '';
  return { sentence: `${amount(computed.amount)} is ${made}, by ${by}${why}.`, steps };
}
