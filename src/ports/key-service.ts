/** A data key as it is stored: readable only to the key service, under the key that it names. */
interface WrappedKey {
  readonly kekId: string;
  readonly bytes: Uint8Array;
}

/** What a wrapped key belongs to; unwrapping with another context is refused. */
export type KeyContext = Readonly<Record<string, string>>;

/** Holds the keys that wrap data keys. They never leave it. */
export interface KeyService {
  /** Wraps under the newest key. */
  wrap(dataKey: Uint8Array, context: KeyContext): Promise<WrappedKey>;
  unwrap(wrapped: WrappedKey, context: KeyContext): Promise<Uint8Array>;
}

/** The context as one text, the same for the same entries. */
export const textOf = (context: KeyContext): string =>
  JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)));
