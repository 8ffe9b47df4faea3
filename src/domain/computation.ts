import type { ComputedLine } from './plan.ts';

/** A computation as JSON. Amounts are text, so that they are exact at any size. */
export type StoredComputation = Stored<ComputedLine>;
type Stored<T> = T extends bigint ? string : T extends object ? { readonly [K in keyof T]: Stored<T[K]> } : T;

export const serializeComputation = (line: ComputedLine): StoredComputation =>
  JSON.parse(JSON.stringify(line, (_, value) => (typeof value === 'bigint' ? `${value}` : value)));

const AMOUNTS = new Set(['base', 'amount', 'perUnit', 'from', 'before', 'limit', 'used', 'cut', 'trueUp']);

export const parseComputation = (computation: StoredComputation): ComputedLine =>
  JSON.parse(JSON.stringify(computation), (key, value) =>
    AMOUNTS.has(key) && typeof value === 'string' ? BigInt(value) : value,
  );
