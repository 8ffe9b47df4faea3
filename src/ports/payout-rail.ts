import type { Money } from '../domain/money.ts';
import type { PayoutMethod, payoutMethods } from '../domain/payout.ts';

/** The receiving account. Decrypted for the call only, never logged, never stored unencrypted. */
interface PayoutDestination {
  readonly accountId: string;
  readonly holderName: string;
  /** ISO 3166. */
  readonly country: string;
  /** ISO 4217. */
  readonly currency: string;
  /** Field names as in `payout-details.ts`: iban, bic, accountNumber, routingNumber, stripeAccount, paypalEmail, ... */
  readonly details: Readonly<Record<string, string>>;
}

export interface PayoutInstruction {
  /** The attempt's idempotency key: 32 hexadecimal digits, which every rail accepts. */
  readonly key: string;
  readonly payoutId: string;
  readonly tenantId: string;
  readonly partnerId: string;
  /** The payout run that created the payout; null when it was created individually. */
  readonly runId: string | null;
  readonly method: PayoutMethod;
  readonly amount: Money;
  /** null: the partner has no account for the method and currency, and the rail needs none. */
  readonly destination: PayoutDestination | null;
  /** Time of the first use of the key. The key's lifetime starts then. */
  readonly firstSentAt: Date;
  /** True when the key may have been sent before. A refusal may then hide that the first call succeeded. */
  readonly resent: boolean;
  /** The rail's reference; null until the rail gave one. */
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Rail status of one key. CONFIRMED and REFUSED are final; a CONFIRMED payment may still be returned. */
export type RailOutcome =
  | {
      readonly status: 'ACCEPTED';
      readonly reference: string;
      /** Action that the partner or we must take before the payout continues, as text; absent: none. */
      readonly actionRequired?: string;
      /** The status does not change sooner without a rail event; absent: it may change at any time. */
      readonly lookAgainSeconds?: number;
    }
  | { readonly status: 'CONFIRMED'; readonly reference: string }
  | {
      readonly status: 'REFUSED';
      readonly code: string;
      /** Text for the partner: the cause, and what to do. */
      readonly reason: string;
      /** True when a retry with a new key may succeed without any action, so the payout is retried automatically. */
      readonly passing?: boolean;
    }
  | { readonly status: 'RETURNED'; readonly reference: string; readonly reason: string };

/** The rail was not reached, or refused to process the call: no money moved. The same key is retried, not before `retryAfterSeconds`. */
export class RailBusy extends Error {
  constructor(
    message: string,
    readonly retryAfterSeconds: number | null = null,
    /** True when only this key is refused and may have been sent before: only its payout waits, and the outcome is unknown. */
    readonly ofKey = false,
  ) {
    super(message);
  }
}

/** Limits of a rail for a currency, in ISO 4217 minor units. */
export interface CurrencySupport {
  /** Amounts are multiples of the step. The payout remainder stays on the balance. */
  readonly step: bigint;
  readonly minimum: bigint;
  /** null: no maximum. */
  readonly maximum: bigint | null;
}

/** One transfer as the rail lists it. */
export interface RailTransfer {
  /** Our idempotency key; null when the rail does not keep it. */
  readonly key: string | null;
  readonly reference: string;
  readonly amount: Money;
  readonly status: RailOutcome['status'];
  readonly at: Date;
}

/** A signed webhook message of a rail. The rail is asked before the message has an effect. */
export interface RailEvent {
  /** Unique at the rail. The same event may be delivered many times. */
  readonly id: string;
  readonly type: string;
  /** The transfer that the event concerns; both null when it concerns none of ours. */
  readonly key: string | null;
  readonly reference: string | null;
  /** The rail's id of the receiving account, when the event concerns an account and no transfer. `PayeeOnboarding` returns
   *  its state. */
  readonly account?: string;
}

export interface RailRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The original bytes, over which the signature is computed. */
  readonly body: Buffer;
}

/** Any error of `send` or `lookup` other than RailBusy means an unknown outcome: ask the rail, and never send with a
 *  new key. */
export interface PayoutRail {
  readonly name: 'sandbox' | (typeof payoutMethods)[PayoutMethod]['rail'];
  /** Safe to repeat with the same key for `keyLifetimeSeconds`: the rail pays at most once. */
  send(instruction: PayoutInstruction): Promise<RailOutcome>;
  /** Returns the rail status of the key. null: the rail has no trace of it, which after `settleSeconds` proves that it never
   *  will. Throws when the rail cannot answer. */
  lookup(instruction: PayoutInstruction): Promise<RailOutcome | null>;
  /** Counted from `firstSentAt`. Afterwards the same key could pay twice, so it is not sent again. null: without limit. */
  readonly keyLifetimeSeconds: number | null;
  readonly settleSeconds: number;
  /** Seconds after a confirmation until one more lookup, for rails without a webhook; null: no further lookup. */
  readonly recheckSeconds: number | null;
  /** True when the rail pays only to an account of the partner, so that a payout requires one. */
  readonly needsAccount: boolean;
  /** null: the rail does not support the currency. */
  currencySupport(currency: string): CurrencySupport | null;
  /** Lists all our transfers in [from, to); null when the rail has no such list. */
  readonly list: ((from: Date, to: Date) => AsyncIterable<RailTransfer>) | null;
  /** Verifies the signature over the raw bytes; throws UNAUTHENTICATED. Returns null for events that do not concern payouts. The field
   *  is null for rails without webhooks. */
  readonly verifyEvent: ((request: RailRequest) => Promise<RailEvent | null>) | null;
}
