import { money, split } from './money.ts';

/** How the credit for a sale is divided over the touches before it. See docs/concepts/attribution.md. */
export const AttributionModel = {
  FIRST: 'FIRST',
  LAST: 'LAST',
  LINEAR: 'LINEAR',
  POSITION: 'POSITION',
  TIME_DECAY: 'TIME_DECAY',
} as const;
export type AttributionModel = (typeof AttributionModel)[keyof typeof AttributionModel];

/** The unit that a model counts: every touch, or every partner once. */
export const AttributionUnit = { TOUCH: 'TOUCH', PARTNER: 'PARTNER' } as const;
export type AttributionUnit = (typeof AttributionUnit)[keyof typeof AttributionUnit];

/** Why a touch has no share in a sale. */
export const TouchExcluded = {
  BOT: 'BOT',
  INACTIVE: 'INACTIVE',
  SELF_REFERRAL: 'SELF_REFERRAL',
  TERRITORY: 'TERRITORY',
  AFTER: 'AFTER',
  WINDOW: 'WINDOW',
  OUTRANKED: 'OUTRANKED',
} as const;
export type TouchExcluded = (typeof TouchExcluded)[keyof typeof TouchExcluded];

/** Why a touch earns nothing even when the caller names it as the source of the sale. */
export type TouchBarred = 'BOT' | 'INACTIVE' | 'SELF_REFERRAL' | 'TERRITORY';

/** The facts about a touch and its partner that can exclude the touch. */
export interface TouchFacts {
  readonly bot: boolean;
  /** The partner was ACTIVE at the click and at the sale. */
  readonly active: boolean;
  /** The partner is the customer. */
  readonly self: boolean;
  /** The billing country is outside the partner's territory. */
  readonly outside: boolean;
}

/** Returns why a touch has no share in a sale, independent of its time. Null when nothing excludes the touch. */
export function barOf({ bot, active, self, outside }: TouchFacts): TouchBarred | null {
  if (bot) return TouchExcluded.BOT;
  if (!active) return TouchExcluded.INACTIVE;
  if (self) return TouchExcluded.SELF_REFERRAL;
  return outside ? TouchExcluded.TERRITORY : null;
}

const BARRED: ReadonlySet<TouchExcluded | null> = new Set(['BOT', 'INACTIVE', 'SELF_REFERRAL', 'TERRITORY']);
export const isBarred = (excluded: TouchExcluded | null): excluded is TouchBarred => BARRED.has(excluded);

export interface AttributionTerms {
  readonly model: AttributionModel;
  readonly unit: AttributionUnit;
}

export interface PathTouch {
  readonly id: string;
  readonly partnerId: string;
  readonly at: Date;
  /** End of the attribution window, exclusive. */
  readonly until: Date;
  readonly excluded: TouchExcluded | null;
}

/** A partner's share of a sale. */
interface AttributedShare {
  readonly partnerId: string;
  /** Minor units of the sale's base. */
  readonly minor: bigint;
  readonly weight: bigint;
  /** Number of the partner's touches that count. */
  readonly touches: number;
}

export interface Attributed<T extends PathTouch> {
  /** In time order. */
  readonly touches: readonly (T & { readonly weight: bigint })[];
  /** Sum of the `weight`s. */
  readonly total: bigint;
  /** In the order of each partner's first touch that counts. The shares sum to the base. Empty when no touch counts. */
  readonly shares: readonly AttributedShare[];
  /** The touch that binds the customer: under FIRST the first touch that counts, otherwise the last. */
  readonly closing: T | null;
}

const byTime = (a: PathTouch, b: PathTouch): number =>
  a.at.getTime() - b.at.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Returns the touches of a visitor in time order, each with the reason that excludes it from a sale at `at`. `end` is the
 *  touch that the caller named; touches after it are excluded. */
export function pathOf<T extends PathTouch>(touches: readonly T[], at: Date, end: string | null = null): T[] {
  const ordered = [...touches].sort(byTime);
  const named = end === null ? undefined : ordered.find(({ id }) => id === end);
  return ordered.map((touch) => {
    const late = touch.at > at || (named !== undefined && byTime(touch, named) > 0);
    const excluded = touch.excluded ?? (late ? 'AFTER' : at < touch.until ? null : 'WINDOW');
    return { ...touch, excluded };
  });
}

/** Splits the base of a sale over the partners whose touches count, by largest remainder. The split is exact for any number
 *  of touches, because the weights of a partner are added before rounding. `path` comes from `pathOf`. */
export function attribute<T extends PathTouch>(
  base: bigint,
  path: readonly T[],
  { model, unit }: AttributionTerms,
): Attributed<T> {
  const counting = path.filter(({ excluded }) => excluded === null);
  const units = unit === 'PARTNER' ? oneEach(counting, model) : counting;
  const weights = new Map(weightsOf(units, model).map((weight, index) => [units[index]?.id, weight]));
  const touches = path.map((touch) => ({ ...touch, weight: weights.get(touch.id) ?? 0n }));
  const partners = new Map<string, { weight: bigint; touches: number }>();
  for (const { partnerId, excluded, weight } of touches) {
    if (excluded !== null) continue;
    const sum = partners.get(partnerId) ?? { weight: 0n, touches: 0 };
    partners.set(partnerId, { weight: sum.weight + weight, touches: sum.touches + 1 });
  }
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0n);
  if (total === 0n) return { touches, total, shares: [], closing: null };
  const parts = split(
    money(base, ''),
    [...partners.values()].map(({ weight }) => weight),
  );
  return {
    touches,
    total,
    shares: [...partners].map(([partnerId, sum], index) => ({
      partnerId,
      minor: parts[index]?.minor ?? 0n,
      ...sum,
    })),
    closing: (model === 'FIRST' ? counting[0] : counting.at(-1)) ?? null,
  };
}

/** Returns one touch per partner: the first touch under FIRST, otherwise the last. */
function oneEach<T extends PathTouch>(counting: readonly T[], model: AttributionModel): T[] {
  const chosen = new Map<string, T>();
  for (const touch of counting)
    if (model !== 'FIRST' || !chosen.has(touch.partnerId)) chosen.set(touch.partnerId, touch);
  return [...chosen.values()].sort(byTime);
}

/** Returns the relative weight of each touch, in time order. */
function weightsOf(touches: readonly PathTouch[], model: AttributionModel): bigint[] {
  const last = touches.length - 1;
  switch (model) {
    case 'FIRST':
      return touches.map((_, index) => (index === 0 ? 1n : 0n));
    case 'LAST':
      return touches.map((_, index) => (index === last ? 1n : 0n));
    case 'LINEAR':
      return touches.map(() => 1n);
    case 'POSITION': {
      // 40 % for each end and 20 % for all touches between: `end` is the weight of an end when a touch between weighs 1.
      const end = last >= 2 ? 2n * BigInt(last - 1) : 1n;
      return touches.map((_, index) => (index === 0 || index === last ? end : 1n));
    }
    case 'TIME_DECAY': {
      // Ages are counted from the last touch: any other reference would multiply all weights by the same factor.
      const latest = touches.at(-1)?.at.getTime() ?? 0;
      return touches.map(({ at }) => decayed(latest - at.getTime()));
    }
  }
}

const HALF_LIFE_MS = 7n * 24n * 60n * 60n * 1_000n;
const BITS = 128n;
const ONE = 1n << BITS;

/** 2^-(1/2), 2^-(1/4), ... in 128 bits: the factor of each bit of a fraction of a half-life. */
const ROOTS = Array.from({ length: 64 }).reduce<bigint[]>(
  (roots) => [...roots, squareRoot((roots.at(-1) ?? ONE >> 1n) << BITS)],
  [],
);

/** Returns 2^(-age / 7 days), scaled by 2^128. Whole half-lives are exact. */
function decayed(ageMs: number): bigint {
  const age = BigInt(ageMs);
  const halves = age / HALF_LIFE_MS;
  if (halves > BITS) return 0n;
  let rest = age % HALF_LIFE_MS;
  let weight = ONE;
  for (const root of ROOTS) {
    if (rest === 0n) break;
    rest *= 2n;
    if (rest < HALF_LIFE_MS) continue;
    rest -= HALF_LIFE_MS;
    weight = (weight * root) >> BITS;
  }
  return weight >> halves;
}

function squareRoot(value: bigint): bigint {
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

const PLACES = 6;

/** Returns a weight as a fraction of the total, as text with six decimals, for example `0.333333`. */
export function weightText(weight: bigint, total: bigint): string {
  if (total === 0n) return '0.000000';
  const scaled = ((weight * 10n ** BigInt(PLACES) * 2n + total) / (total * 2n)).toString();
  const digits = scaled.padStart(PLACES + 1, '0');
  return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`;
}
