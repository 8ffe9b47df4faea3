/** The person or company for which an account is opened. */
interface NewPayee {
  /** Idempotency key: the same text opens one account. */
  readonly key: string;
  readonly tenantId: string;
  readonly partnerId: string;
  /** ISO 3166. */
  readonly country: string;
  readonly email: string;
}

/** Status of an account at its rail. */
export interface PayeeState {
  /** The partner for which we opened the account; both null when we did not open it. */
  readonly tenantId: string | null;
  readonly partnerId: string | null;
  /** True when the account can receive our payouts. */
  readonly receives: boolean;
  /** True when the rail pays out to the bank of the account holder. */
  readonly paysOut: boolean;
  /** Required actions of the account holder, as text; empty: none. */
  readonly required: readonly string[];
}

/** A rail that keeps accounts for payees and asks them for the legally required details. Never called in a transaction.
 *  Throws AppError: CONFLICT when the rail refuses, SERVICE_UNAVAILABLE when the rail does not answer. */
export interface PayeeOnboarding {
  /** Returns the rail's id of the account. */
  open(payee: NewPayee): Promise<string>;
  /** Returns the address of the rail's form, which works once and for some minutes. It is for the caller only: never
   *  stored, never logged. The rail redirects to `again` after an expired link and to `done` after completion. */
  link(
    account: string,
    back: { readonly again: string; readonly done: string },
  ): Promise<{ readonly url: string; readonly expiresAt: Date }>;
  /** null: the rail does not know the account. */
  state(account: string): Promise<PayeeState | null>;
}
