/** The newest link of a tenant's audit chain at one moment. */
export interface Seal {
  readonly tenantId: string;
  readonly seq: bigint;
  /** Hash of the link at `seq`, in hexadecimal. */
  readonly hash: string;
  readonly sealedAt: Date;
}

/** Stores seals outside the database, so that a person with access to the database cannot change them. */
export interface AuditSeals {
  append(seals: readonly Seal[]): Promise<void>;
  /** All seals, oldest first. A seal that is not `genuine` was not written by this product. */
  read(): AsyncIterable<Seal & { readonly genuine: boolean }>;
}
