/** Tells who listens that something changed. Carries no data: a listener reads what it may see. */
export interface ChangeFeed {
  publish(topic: string): void;
  /** Calls `listener` on each publication, from any process; the answer ends it. */
  subscribe(topic: string, listener: () => void): () => void;
  close(): Promise<void>;
}
