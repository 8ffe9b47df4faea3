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
  /** What the API keys of this installation say they belong to. */
  readonly environment: 'live' | 'test';
  readonly keys: KeyService;
  /** null: no mail server is set up. */
  readonly mailer: Mailer | null;
  /** Where the portal is, for links in mails; no slash at the end. */
  readonly portalUrl: string;
  /** A secret of the server's key for that purpose: the same each time, and nobody without the key can tell it. */
  derive(purpose: string): string;
  /** In [0, 1): spreads what would else come at once. */
  random(): number;
  /** The rail that carries a method, or null where none is set up. */
  rail(method: PayoutMethod): PayoutRail | null;
  /** Who opens Stripe accounts for partners, or null where Stripe is not set up. */
  readonly onboarding: PayeeOnboarding | null;
  /** Takes account numbers for a rail that pays by token, or null where that rail is not set up. */
  enrolment(method: PayoutMethod): PayeeEnrolment | null;
  /** The files of the company's own bank; null where none is set up. */
  readonly bank: BankDesk | null;
  /** Domains that the portal itself answers at, without those below them. */
  readonly ownDomains: readonly string[];
  /** Who may do what. */
  readonly policy: PolicyDecision;
  /** A keyed hash: within a month (UTC) the same value gives the same text, and nobody without the key can tell the
   *  value. Who compares across the turn of a month asks for both months' text. */
  pseudonym(value: string, at: Date): string;
}
