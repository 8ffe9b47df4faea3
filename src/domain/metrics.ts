import { divide } from './money.ts';

/** `part` of `whole` in basis points, halves up; null of nothing (DOMAIN section 7). */
export const percentBps = (part: bigint, whole: bigint): number | null =>
  whole === 0n ? null : Number(divide(part * 10_000n, whole));

/** An amount for each of `parts`, in minor units; null where there is none. */
export const perEach = (amount: bigint, parts: bigint): bigint | null =>
  parts <= 0n ? null : divide(amount, parts);
