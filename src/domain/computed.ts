import { type Band, type BandMode, bandedBasis, bandOf } from './bands.ts';
import { divide, type RoundingMode } from './money.ts';
import type { FlatTerms, Limited, Owed, SaleItem } from './owed.ts';
import type { CapScope, RuleLevel, RulePeriod } from './plan.ts';

/** The computation of a commission, as it is stored with it. It holds everything that is needed to recompute the amount. */
export interface Computed {
  readonly product: string | null;
  readonly quantity: number;
  /** The base of the sale, and its refunded part. After a rejection or a lost dispute the whole base counts as refunded. */
  readonly base: bigint;
  readonly refunded: bigint;
  readonly level: RuleLevel;
  readonly rule: { readonly id: string; readonly name: string; readonly version: number } | null;
  readonly method: 'PERCENTAGE' | 'FLAT' | 'TIERED';
  readonly rateBps: number | null;
  readonly flat: FlatTerms | null;
  /** True when a partial refund takes nothing from an amount per unit. */
  readonly allOrNothing: boolean;
  /** TIERED: the bands, the running sum before the sale, and the total that selects the band of a RETROACTIVE rule. */
  readonly bands: {
    readonly mode: BandMode;
    readonly period: RulePeriod;
    readonly before: bigint;
    readonly total: bigint;
    readonly bands: readonly Band[];
  } | null;
  readonly limited: Limited | null;
  readonly gross: bigint;
  readonly cap: {
    readonly limit: bigint;
    readonly per: CapScope;
    readonly period: RulePeriod;
    readonly used: bigint;
  } | null;
  /** What the sale earns in all its commissions. */
  readonly amount: bigint;
}

/** Returns the computation of what an item is owed. */
export function computedOf(
  { base, flatRefund }: Pick<SaleItem, 'base' | 'flatRefund'>,
  { terms, limited, left, period, gross, used, amount }: Owed,
  { product, quantity }: Pick<Computed, 'product' | 'quantity'>,
): Computed {
  const stepped = limited === 'STEPPED_DOWN';
  const { level, rule, method, flat, tiered, cap, windows } = terms;
  const lower = windows.find(({ stepDownRateBps }) => stepDownRateBps !== null)?.stepDownRateBps ?? null;
  return {
    ...{ product, quantity, base, level, limited, gross, amount },
    refunded: base - left,
    rule: rule && { id: rule.id, name: rule.name, version: rule.version },
    method: stepped ? 'PERCENTAGE' : method,
    rateBps: stepped ? lower : terms.rateBps,
    flat: stepped ? null : flat,
    allOrNothing: flatRefund === 'ALL_OR_NOTHING',
    bands:
      stepped || !tiered || !period
        ? null
        : {
            mode: tiered.mode,
            period: tiered.period,
            before: period.before,
            total: period.total,
            bands: tiered.bands,
          },
    cap: cap && used !== null ? { limit: cap.limit, per: cap.per, period: cap.period, used } : null,
  };
}

/** Recomputes an amount from its stored figures alone. It differs from `amount` only when stored data was changed. */
export function recompute(computed: Computed, mode: RoundingMode): bigint {
  const { limited, cap } = computed;
  if (computed.refunded >= computed.base || (limited !== null && limited !== 'STEPPED_DOWN')) return 0n;
  const gross = grossOf(computed, mode);
  if (!cap) return gross;
  const room = cap.limit > cap.used ? cap.limit - cap.used : 0n;
  return gross < room ? gross : room;
}

function grossOf(
  { method, bands, flat, rateBps, base, refunded, allOrNothing }: Computed,
  mode: RoundingMode,
): bigint {
  if (method === 'TIERED' && bands) {
    const { before, total } = bands;
    const at = (revenue: bigint): bigint =>
      bands.mode === 'PROGRESSIVE'
        ? divide(bandedBasis(bands.bands, revenue), 10_000n, mode)
        : divide(revenue * BigInt(bandOf(bands.bands, total).rateBps), 10_000n, mode);
    return at(before + base - refunded) - at(before);
  }
  const whole = flat ? flat.amount : divide(base * BigInt(rateBps ?? 0), 10_000n, mode);
  if (refunded === 0n || (flat && allOrNothing)) return whole;
  return whole - divide(whole * refunded, base, mode);
}

/** The computation of a line that brings a sale from one amount to another. */
export interface Change {
  readonly from: bigint;
  readonly to: bigint;
  readonly why: ChangeCause;
  /** The order that caused the change. */
  readonly order: string | null;
  /** True when the sale itself was refunded, rejected, disputed or rated. */
  readonly own: boolean;
}

export const ChangeCause = {
  SALE: 'SALE',
  REFUND: 'REFUND',
  REJECTION: 'REJECTION',
  DISPUTE: 'DISPUTE',
  TIER: 'TIER',
  RATE: 'RATE',
} as const;
export type ChangeCause = (typeof ChangeCause)[keyof typeof ChangeCause];

export type StoredComputed = Stored<Computed & { readonly change?: Change | undefined }>;
type Stored<T> = T extends bigint ? string : T extends object ? { readonly [K in keyof T]: Stored<T[K]> } : T;

export const serializeComputed = (computed: Computed, change?: Change): StoredComputed =>
  amountsAsText({ ...computed, ...(change && { change }) }) as StoredComputed;

function amountsAsText(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}`;
  if (Array.isArray(value)) return value.map(amountsAsText);
  if (typeof value !== 'object' || value === null) return value;
  const text: Record<string, unknown> = {};
  for (const key in value) text[key] = amountsAsText((value as Record<string, unknown>)[key]);
  return text;
}

const AMOUNTS = new Set(
  'base refunded amount perUnit part whole from to before total gross limit used'.split(' '),
);

export const parseComputed = (stored: StoredComputed): Computed & { readonly change?: Change } =>
  JSON.parse(JSON.stringify(stored), (key, value) =>
    AMOUNTS.has(key) && typeof value === 'string' ? BigInt(value) : value,
  );
