/** A data key as it is stored, encrypted by the key service with the key `kekId`. */
interface WrappedKey {
  readonly kekId: string;
  readonly bytes: Uint8Array;
}

/** The owner of a wrapped key. Unwrapping with another context is refused. */
export type KeyContext = Readonly<Record<string, string>>;

/** Holds the keys that encrypt data keys. These keys never leave the service. */
export interface KeyService {
  /** Encrypts with the newest key. */
  wrap(dataKey: Uint8Array, context: KeyContext): Promise<WrappedKey>;
  unwrap(wrapped: WrappedKey, context: KeyContext): Promise<Uint8Array>;
}

/** The context as one text. Equal entries give equal texts. */
export const textOf = (context: KeyContext): string =>
  JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)));
