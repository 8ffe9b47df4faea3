/** Counts calls within windows of time, for every process that shares the counter. */
export interface CallCounter {
  /** Adds `calls` to the window of `key` that is under way, or begins one; rejects where nobody answers in time. */
  add(key: string, calls: number, windowSeconds: number): Promise<{ used: number; endsInMs: number }>;
  close(): Promise<void>;
}
