/** What goes wrong with a call that moves money. `-after`: the money moved first. */
export type Fault =
  | 'timeout-before'
  | 'timeout-after'
  | 'reset-before'
  | 'reset-after'
  | '500-before'
  | '500-after'
  | '503-before'
  | '429'
  | 'garbage-after'
  | 'slow'
  | 'none';

/** Money that moved, as the truth has it. */
export interface Movement {
  readonly key: string;
  readonly reference: string;
  minor: bigint;
  readonly currency: string;
  readonly destination: string;
  readonly at: Date;
  returned: boolean;
}

/** A server in the place of a rail, which keeps its own books. */
export interface RailSimulator {
  readonly url: string;
  /** Asked before each call that moves money. */
  fault: () => Fault;
  ledger(): readonly Movement[];
  /** Keys or payouts with more than one movement. */
  twice(): readonly string[];
  close(): Promise<void>;
}

/** Faults in a share (0 to 1) of the calls, the same ones for the same seed. */
export function seededFaults(seed: number, share: number, kinds: readonly Fault[]): () => Fault {
  const random = seeded(seed);
  return () => (random() < share ? (kinds[Math.floor(random() * kinds.length)] ?? 'none') : 'none');
}

/** mulberry32: numbers in [0, 1), the same ones for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
