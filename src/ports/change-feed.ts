/** Tells who listens that something changed. Carries no data: a listener reads what it may see. */
export interface ChangeFeed {
  publish(topic: string): void;
  /** Calls `listener` on each publication, from any process, and where one may have been missed; the answer ends it. */
  subscribe(topic: string, listener: () => void): () => void;
  /** The same of every topic; null: any of them may have been missed. */
  subscribeToAll(listener: (topic: string | null) => void): () => void;
  close(): Promise<void>;
}
