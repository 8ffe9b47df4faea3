/** What a rail does to one call that moves money. */
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

/** Money that moved, as the rail itself knows it. */
export interface Movement {
  key: string;
  reference: string;
  minor: bigint;
  currency: string;
  destination: string;
  at: Date;
  returned: boolean;
}

export interface RailSimulator {
  readonly url: string;
  /** Asked before each call that moves money. */
  fault: () => Fault;
  ledger(): readonly Movement[];
  /** Keys or payouts with more than one movement. */
  twice(): readonly string[];
  close(): Promise<void>;
}

/** The same numbers in [0, 1) for the same seed. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Each of `kinds` comes at `share` of the calls. */
export function seededFaults(seed: number, share: number, kinds: readonly Fault[]): () => Fault {
  const random = mulberry32(seed);
  return () => kinds[Math.floor(random() / share)] ?? 'none';
}
