/** The head of a tenant's chain of audit entries at one moment. */
export interface Seal {
  readonly tenantId: string;
  readonly seq: bigint;
  /** Of the link at `seq`, in hex. */
  readonly hash: string;
  readonly sealedAt: Date;
}

/** Keeps seals where whoever owns the database can not change them. */
export interface AuditSeals {
  append(seals: readonly Seal[]): Promise<void>;
  /** All of them, oldest first; one that is not `genuine` was not written by us. */
  read(): AsyncIterable<Seal & { readonly genuine: boolean }>;
}
