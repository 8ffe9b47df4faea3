import type { Money } from '../domain/money.ts';
import type { PayoutMethod } from '../domain/payout.ts';

/** Where the money goes. Opened for the call alone: it is never logged and never stored in the clear. */
interface PayoutDestination {
  readonly accountId: string;
  readonly holderName: string;
  /** ISO 3166. */
  readonly country: string;
  /** ISO 4217. */
  readonly currency: string;
  /** As `payout-details.ts` names them: iban, bic, accountNumber, routingNumber, stripeAccount, paypalEmail, ... */
  readonly details: Readonly<Record<string, string>>;
}

export interface PayoutInstruction {
  /** The attempt's idempotency key: 32 hex digits, which every rail accepts. */
  readonly key: string;
  readonly payoutId: string;
  readonly tenantId: string;
  readonly partnerId: string;
  /** The run that made the payout; null: made by hand. */
  readonly runId: string | null;
  readonly method: PayoutMethod;
  readonly amount: Money;
  /** null: the partner has no account of that method and currency, and the rail needs none. */
  readonly destination: PayoutDestination | null;
  /** When the key was first used: its lifetime counts from then. */
  readonly firstSentAt: Date;
  /** The key may have been sent before, so what refuses it now may only hide that the first one went through. */
  readonly resent: boolean;
  /** The rail's own reference, once it gave one. */
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What a rail says of one key. CONFIRMED and REFUSED are final; money of a CONFIRMED one may still come back. */
export type RailOutcome =
  | {
      readonly status: 'ACCEPTED';
      readonly reference: string;
      /** What the partner or we must do before it goes on, in words; absent: nothing. */
      readonly actionRequired?: string;
      /** Nothing changes sooner without a word of the rail's; absent: it may at any moment. */
      readonly lookAgainSeconds?: number;
    }
  | { readonly status: 'CONFIRMED'; readonly reference: string }
  | {
      readonly status: 'REFUSED';
      readonly code: string;
      /** In words that the partner reads: what is wrong, and what to do. */
      readonly reason: string;
      /** A new key may succeed without anybody doing anything, so it is tried again by itself; absent: no. */
      readonly passing?: boolean;
    }
  | { readonly status: 'RETURNED'; readonly reference: string; readonly reason: string };

/** The rail was not asked, or refused to listen: nothing moved. The same key is tried again, not before `retryAfterSeconds`. */
export class RailBusy extends Error {
  constructor(
    message: string,
    readonly retryAfterSeconds: number | null = null,
    /** It concerns this key alone, which may have been sent before: only its payout waits, and its outcome is unknown. */
    readonly ofKey = false,
  ) {
    super(message);
  }
}

/** What a rail can carry of a currency, in ISO 4217 minor units. */
export interface Carriage {
  /** Amounts are multiples of it; what is left of a balance stays there. */
  readonly step: bigint;
  readonly minimum: bigint;
  /** null: none. */
  readonly maximum: bigint | null;
}

/** One transfer as the rail's own books have it. */
export interface RailTransfer {
  /** Ours, where the rail keeps it. */
  readonly key: string | null;
  readonly reference: string;
  readonly amount: Money;
  readonly status: RailOutcome['status'];
  readonly at: Date;
}

/** A signed message of a rail. What it tells is looked up before it counts. */
export interface RailEvent {
  /** Unique at the rail: the same event may come many times. */
  readonly id: string;
  readonly type: string;
  /** Which transfer it is about; both null: none of ours. */
  readonly key: string | null;
  readonly reference: string | null;
  /** Which receiving account it is about, as the rail names it, where it is about no transfer: `PayeeOnboarding` tells
   *  its state. */
  readonly account?: string;
}

export interface RailRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The bytes as they came: signatures are over these. */
  readonly body: Buffer;
}

/** Anything that `send` or `lookup` throws but RailBusy means that the outcome is unknown: look it up, never send under a
 *  fresh key. */
export interface PayoutRail {
  readonly name: 'sandbox' | 'stripe' | 'razorpayx' | 'paypal' | 'bank';
  /** Safe to repeat with the same key for `keyLifetimeSeconds`: pays at most once. */
  send(instruction: PayoutInstruction): Promise<RailOutcome>;
  /** What became of the key. null: the rail has no trace of it, which after `settleSeconds` proves that it never will;
   *  throws where it can not tell. */
  lookup(instruction: PayoutInstruction): Promise<RailOutcome | null>;
  /** From `firstSentAt`; after it the same key could pay twice, so nothing is sent under it any more. null: for ever. */
  readonly keyLifetimeSeconds: number | null;
  readonly settleSeconds: number;
  /** After a confirmation, look once more after so many seconds, where the rail has no webhook; null: never. */
  readonly recheckSeconds: number | null;
  /** It pays to the partner's account only: without one there is no payout. */
  readonly needsAccount: boolean;
  /** null: it does not carry the currency. */
  carries(currency: string): Carriage | null;
  /** Everything that it moved for us in [from, to); null: it has no such list. */
  readonly list: ((from: Date, to: Date) => AsyncIterable<RailTransfer>) | null;
  /** Verifies the signature over the raw bytes: throws UNAUTHENTICATED. null: it is no event of payouts. The field is null where
   *  the rail sends nothing. */
  readonly hear: ((request: RailRequest) => Promise<RailEvent | null>) | null;
}
