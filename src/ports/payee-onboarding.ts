/** Whom an account is to be opened for. */
interface NewPayee {
  /** The same text opens the same account, once. */
  readonly key: string;
  readonly tenantId: string;
  readonly partnerId: string;
  /** ISO 3166. */
  readonly country: string;
  readonly email: string;
}

/** How an account stands with its rail. */
export interface PayeeState {
  /** Whom we opened it for; both null: it was not opened by us. */
  readonly tenantId: string | null;
  readonly partnerId: string | null;
  /** Whether we may pay to it. */
  readonly receives: boolean;
  /** Whether what it receives goes on to the bank of its holder. */
  readonly paysOut: boolean;
  /** What its holder is to do, in words; empty: nothing. */
  readonly required: readonly string[];
}

/** A rail that keeps accounts for who is paid by it, and asks them itself for what the law wants to know. Nothing of it
 *  is called inside a transaction. Throws AppError: CONFLICT where the rail refuses, SERVICE_UNAVAILABLE where it does not
 *  answer. */
export interface PayeeOnboarding {
  /** Answers with the rail's name of the account. */
  open(payee: NewPayee): Promise<string>;
  /** An address that works once and for some minutes, where the holder is asked by the rail. It is for the caller only:
   *  never stored, never logged. `again`: where the rail sends who comes too late; `done`: who is through. */
  link(
    account: string,
    back: { readonly again: string; readonly done: string },
  ): Promise<{ readonly url: string; readonly expiresAt: Date }>;
  /** null: the rail knows no such account of ours. */
  state(account: string): Promise<PayeeState | null>;
}
