/** Counts calls within windows of time, for every process that shares the counter. */
export interface CallCounter {
  /** Adds `calls` to the current window of `key`, or starts one. Rejects when the counter does not answer in time. */
  add(key: string, calls: number, windowSeconds: number): Promise<{ used: number; endsInMs: number }>;
  close(): Promise<void>;
}
