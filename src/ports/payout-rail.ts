import type { Money } from '../domain/money.ts';
import type { PayoutMethod } from '../domain/payout.ts';

export interface PayoutInstruction {
  /** The attempt's idempotency key: 32 hex digits, which every rail accepts. */
  readonly key: string;
  readonly payoutId: string;
  readonly partnerId: string;
  readonly method: PayoutMethod;
  readonly amount: Money;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What a rail says of one key. Only CONFIRMED and REFUSED are final; money of a CONFIRMED one may still come back. */
export type RailOutcome =
  | { readonly status: 'ACCEPTED'; readonly reference: string }
  | { readonly status: 'CONFIRMED'; readonly reference: string }
  | { readonly status: 'REFUSED'; readonly code: string; readonly reason: string }
  | { readonly status: 'RETURNED'; readonly reference: string; readonly reason: string };

/** Anything that either call throws means that the outcome is unknown: look it up, never send under a fresh key. */
export interface PayoutRail {
  /** Safe to repeat with the same key: pays at most once. */
  send(instruction: PayoutInstruction): Promise<RailOutcome>;
  /** What became of the key; null is the rail's proof that it never saw it. */
  lookup(key: string): Promise<RailOutcome | null>;
  /** After a confirmation, look once more after so many seconds, where the rail has no webhook; null: never. */
  readonly recheckSeconds: number | null;
}
