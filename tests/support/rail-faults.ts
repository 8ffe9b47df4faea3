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

/** The same faults for the same seed (mulberry32): `share` of the calls meet one of `kinds`. */
export function seededFaults(seed: number, share: number, kinds: readonly Fault[]): () => Fault {
  const random = seededRandom(seed);
  return () => (random() < share ? (kinds[Math.floor(random() * kinds.length)] as Fault) : 'none');
}

export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
