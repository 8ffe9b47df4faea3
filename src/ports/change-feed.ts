/** Notifies listeners of changes. A notification has no data: the listener reads the rows that it has access to. */
export interface ChangeFeed {
  publish(topic: string): void;
  /** Calls `listener` on each publication from any process, and when one may have been missed. Returns a function that unsubscribes. */
  subscribe(topic: string, listener: () => void): () => void;
  /** Subscribes to all topics. The topic is null when a publication of any topic may have been missed. */
  subscribeToAll(listener: (topic: string | null) => void): () => void;
  close(): Promise<void>;
}
