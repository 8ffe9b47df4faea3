import type { ComputedLine } from './plan.ts';

/** A computation as JSON. Amounts are text, so that they are exact at any size. */
export type KeptComputation = Kept<ComputedLine>;
type Kept<T> = T extends bigint ? string : T extends object ? { readonly [K in keyof T]: Kept<T[K]> } : T;

export const kept = (line: ComputedLine): KeptComputation =>
  JSON.parse(JSON.stringify(line, (_, value) => (typeof value === 'bigint' ? `${value}` : value)));

const AMOUNTS = new Set(['base', 'amount', 'perUnit', 'from', 'before', 'limit', 'used', 'cut', 'trueUp']);

export const read = (computation: KeptComputation): ComputedLine =>
  JSON.parse(JSON.stringify(computation), (key, value) =>
    AMOUNTS.has(key) && typeof value === 'string' ? BigInt(value) : value,
  );
