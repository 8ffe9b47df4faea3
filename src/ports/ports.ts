import type { PayoutMethod } from '../domain/payout.ts';
import type { AuditSeals } from './audit-seals.ts';
import type { BankDesk } from './bank-desk.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { Clock } from './clock.ts';
import type { KeyService } from './key-service.ts';
import type { Mailer } from './mailer.ts';
import type { Outbound } from './outbound.ts';
import type { PayeeEnrolment } from './payee-enrolment.ts';
import type { PayeeOnboarding } from './payee-onboarding.ts';
import type { PayoutRail } from './payout-rail.ts';
import type { PolicyDecision } from './policy-decision.ts';

export interface Ports {
  readonly clock: Clock;
  readonly feed: ChangeFeed;
  readonly outbound: Outbound;
  readonly seals: AuditSeals;
  /** Environment in the API keys of this installation. */
  readonly environment: 'live' | 'test';
  readonly keys: KeyService;
  /** null: no mail server is set up. */
  readonly mailer: Mailer | null;
  /** Address of the portal for links in mails, without a slash at the end. */
  readonly portalUrl: string;
  /** A secret derived from the server's key for one purpose. The same each time, and unknown without the key. */
  derive(purpose: string): string;
  /** Returns a number in [0, 1), to spread work over time. */
  random(): number;
  /** The payment rail of a payout method; null when none is set up. */
  rail(method: PayoutMethod): PayoutRail | null;
  /** Opens Stripe accounts for partners; null when Stripe is not set up. */
  readonly onboarding: PayeeOnboarding | null;
  /** Enrols account numbers at a rail that pays by token; null when that rail is not set up. */
  enrolment(method: PayoutMethod): PayeeEnrolment | null;
  /** The files of the company's own bank; null when no bank is set up. */
  readonly bank: BankDesk | null;
  /** Domains of the portal itself, without their subdomains. */
  readonly ownDomains: readonly string[];
  /** Decides about permissions. */
  readonly policy: PolicyDecision;
  /** A keyed hash: within a month (UTC) the same value gives the same text, and without the key the value cannot be
   *  found. To compare across the end of a month, compute the texts of both months. */
  pseudonym(value: string, at: Date): string;
}
