import { paypalRail } from '../../../src/adapters/paypal/paypal-rail.ts';
import { razorpayEnrolment } from '../../../src/adapters/razorpay/razorpay-enrolment.ts';
import { razorpayRail } from '../../../src/adapters/razorpay/razorpay-rail.ts';
import { stripeRail } from '../../../src/adapters/stripe/stripe-rail.ts';
import type { PayoutMethod } from '../../../src/domain/payout.ts';
import type { PayeeEnrolment } from '../../../src/ports/payee-enrolment.ts';
import type { PayoutRail } from '../../../src/ports/payout-rail.ts';
import { startPaypal } from '../../support/paypal-simulator.ts';
import { ROOT } from '../../support/paypal-test-certificates.ts';
import type { Movement, RailSimulator } from '../../support/rail-faults.ts';
import type { SignedEvent } from '../../support/rail-server.ts';
import { startRazorpay } from '../../support/razorpay-simulator.ts';
import { stripeSimulator } from '../../support/stripe-simulator.ts';

/** How long we wait for an answer of a vendor that keeps silent. */
const timeoutMs = 1_000;

/** A vendor, the adapter that speaks to it, and the steps that the vendor takes by itself. */
export interface Vendor {
  readonly method: PayoutMethod;
  readonly currency: string;
  readonly simulator: RailSimulator;
  readonly rail: PayoutRail;
  readonly enrolment: PayeeEnrolment | null;
  /** What of `SetPayoutAccountInput` names a partner's account there. */
  readonly account: Readonly<Record<string, string>>;
  /** Takes a transfer that is under way to its end. `chance`: in [0, 1), decides which. */
  finish(movement: Movement, chance: number): void;
  /** Money that was paid comes back. */
  giveBack(movement: Movement): void;
  /** The webhooks of what happened since it was last asked. */
  news(): SignedEvent[];
}

/** Every rail that a campaign is run over; one more is one entry. */
export const vendors: Record<string, () => Promise<Vendor>> = {
  async stripe() {
    const simulator = await stripeSimulator();
    const { secretKey, webhookSecrets, url: apiBase } = simulator;
    return {
      ...{ method: 'STRIPE', currency: 'USD', simulator, enrolment: null },
      rail: stripeRail({ secretKey, webhookSecrets, apiBase }, { timeoutMs }),
      account: { country: 'US', stripeAccount: 'acct_1032D82eZvKYlo2C' },
      finish() {}, // a transfer is made or not
      giveBack: ({ reference }) => simulator.reverse(reference),
      news: () => simulator.deliveries(),
    };
  },

  async razorpayx() {
    const simulator = await startRazorpay();
    const { webhookSecret, ...access } = simulator.access;
    const options = { ...access, webhookSecrets: [webhookSecret], baseUrl: simulator.url, timeoutMs };
    return {
      ...{ method: 'RAZORPAY', currency: 'INR', simulator },
      rail: razorpayRail(options),
      enrolment: razorpayEnrolment(options),
      account: { country: 'IN', accountNumber: '1121431121541121', ifsc: 'HDFC0000001' },
      finish({ key }, chance) {
        if (chance < 0.8) simulator.move(key, 'processed');
        else if (chance < 0.9) simulator.move(key, 'failed', 'beneficiary_bank_offline');
        else simulator.move(key, 'reversed', 'beneficiary_bank_rejected');
      },
      giveBack: ({ key }) => simulator.move(key, 'reversed', 'beneficiary_bank_rejected'),
      news: sinceLast(() => simulator.events()),
    };
  },

  async paypal() {
    const simulator = await startPaypal();
    const { webhookId, ...access } = simulator.access;
    return {
      ...{ method: 'PAYPAL', currency: 'USD', simulator, enrolment: null },
      rail: paypalRail({
        ...{ ...access, baseUrl: simulator.url, timeoutMs },
        webhook: { id: webhookId, outbound: simulator.outbound, roots: [ROOT] },
      }),
      account: { country: 'US', paypalEmail: 'nancy@northwind.example' },
      finish({ key }, chance) {
        if (chance < 0.2) simulator.move(key, 'UNCLAIMED');
        if (chance < 0.85) simulator.move(key, 'SUCCESS');
        else simulator.move(key, 'FAILED', 'RECEIVER_ACCOUNT_LOCKED');
      },
      giveBack: ({ key }) => simulator.move(key, 'REFUNDED'),
      news: sinceLast(() => simulator.events()),
    };
  },
};

function sinceLast(all: () => SignedEvent[]): () => SignedEvent[] {
  let told = 0;
  return () => {
    const fresh = all().slice(told);
    told += fresh.length;
    return fresh;
  };
}
