import type Stripe from 'stripe';
import { fromStripe, stripeAmount, stripeCurrencySupport } from '../../domain/stripe-amount.ts';
import type { PayoutInstruction, PayoutRail, RailOutcome, RailTransfer } from '../../ports/payout-rail.ts';
import { isKept, refusalOf, type StripeConfig, StripeUnknown, stripeClient, unknown } from './client.ts';
import { eventOf } from './events.ts';
import { keptFailure, noAccount, notCarried, refused } from './refusals.ts';

/** Stripe keeps a key for at least 24 hours. One hour is a margin for clock differences and slow requests. */
const KEY_LIFETIME_SECONDS = 23 * 3_600;
/** A request after our timeout is processed within this time, or never. */
const SETTLE_SECONDS = 120;
/** Used when no webhook endpoint receives reversals. */
const RECHECK_SECONDS = 3_600;
/** Maximum number of transfers of one payout in a lookup. */
const MOST_OF_A_PAYOUT = 100;

/** Connect transfers: from our balance to the partner's connected account, immediate and final. Later problems at the partner's
 *  bank are between the partner and Stripe, and show as the status of the account (`stripe-payees.ts`). */
export function stripeRail(
  config: StripeConfig,
  { timeoutMs, now = Date.now }: { readonly timeoutMs?: number; readonly now?: () => number } = {},
): PayoutRail {
  const stripe = stripeClient(config, timeoutMs);
  const live = /^[a-z]{2}_live_/.test(config.secretKey);

  async function find(instruction: PayoutInstruction): Promise<RailOutcome | null> {
    const { data, has_more: more } = await stripe.transfers
      .list({ transfer_group: instruction.payoutId, limit: MOST_OF_A_PAYOUT })
      .catch((error: unknown) => {
        refusalOf(error); // throws RailBusy here too
        throw unknown(error);
      });
    if (!Array.isArray(data) || more !== false)
      throw new StripeUnknown('Stripe returned an unexpected transfer list');
    const ours = data.filter(({ metadata }) => metadata?.['key'] === instruction.key);
    // Two transfers of one payout would pay it twice: a person must check it.
    if (data.length - data.filter(isBack).length > 1)
      throw new StripeUnknown('Stripe lists two transfers of one payout');
    const [transfer] = ours;
    if (!transfer) {
      if (data.some((other) => !isBack(other)))
        throw new StripeUnknown('Stripe lists a transfer of the payout with another key');
      return null;
    }
    return outcomeOf(checked(instruction, transfer));
  }

  /** The transfer, if it matches the instruction in every respect. A transfer that differs proves nothing. */
  function checked(instruction: PayoutInstruction, transfer: Stripe.Transfer): Stripe.Transfer {
    const { payoutId, key, amount, destination } = instruction;
    const to = typeof transfer.destination === 'string' ? transfer.destination : transfer.destination?.id;
    const wanted = destination?.details['stripeAccount'];
    const odd = Object.entries({
      object: transfer.object !== 'transfer' || !/^tr_\w+$/.test(`${transfer.id}`),
      mode: transfer.livemode !== live,
      amount:
        BigInt(Number.isSafeInteger(transfer.amount) ? transfer.amount : -1) !== stripeAmount(amount).wire,
      currency: transfer.currency !== amount.currency.toLowerCase(),
      // An account that was removed since is not in the instruction; its transfer is still valid.
      destination: wanted === undefined ? !/^acct_\w+$/.test(`${to}`) : to !== wanted,
      transfer_group: transfer.transfer_group !== payoutId,
      key: transfer.metadata?.['key'] !== key,
      amount_reversed: !(transfer.amount_reversed >= 0 && transfer.amount_reversed <= transfer.amount),
      reversed: transfer.reversed !== (transfer.amount_reversed === transfer.amount),
    }).flatMap(([field, wrong]) => (wrong ? [field] : []));
    if (odd.length) throw new StripeUnknown(`Stripe returned a transfer that differs in ${odd.join(', ')}`);
    return transfer;
  }

  return {
    name: 'stripe',
    keyLifetimeSeconds: KEY_LIFETIME_SECONDS,
    settleSeconds: SETTLE_SECONDS,
    recheckSeconds: config.webhookSecrets.length ? null : RECHECK_SECONDS,
    needsAccount: true,
    currencySupport: stripeCurrencySupport,
    lookup: find,

    async send(instruction) {
      const { key, payoutId, amount, destination, firstSentAt } = instruction;
      const account = destination?.details['stripeAccount'];
      if (!account) return noAccount;
      const support = stripeCurrencySupport(amount.currency);
      const { wire, left } = stripeAmount(amount);
      if (!support || left !== 0n || amount.minor < support.minimum || amount.minor > support.maximum)
        return notCarried;
      try {
        const transfer = await stripe.transfers.create(
          {
            amount: Number(wire),
            currency: amount.currency.toLowerCase(),
            destination: account,
            transfer_group: payoutId,
            metadata: { payout_id: payoutId, key },
          },
          { idempotencyKey: key },
        );
        return outcomeOf(checked(instruction, transfer));
      } catch (error) {
        if (isKept(error)) {
          const moved = await find(instruction);
          if (moved) return moved;
          if (now() - firstSentAt.getTime() >= SETTLE_SECONDS * 1_000) return keptFailure;
        }
        return refused(refusalOf(error));
      }
    },

    async *list(from, to) {
      const seconds = (at: Date) => Math.ceil(at.getTime() / 1_000);
      const page = { created: { gte: seconds(from), lt: seconds(to) }, limit: 100 };
      try {
        for await (const transfer of stripe.transfers.list(page)) yield bookOf(transfer);
      } catch (error) {
        refusalOf(error);
        throw unknown(error);
      }
    },

    verifyEvent: config.webhookSecrets.length
      ? async (request) => eventOf(stripe, config.webhookSecrets, request, now())
      : null,
  };
}

const isBack = ({ reversed }: Stripe.Transfer): boolean => reversed === true;

/** A partly reversed transfer stays confirmed; reconciliation shows its different amount. */
function outcomeOf(transfer: Stripe.Transfer): RailOutcome {
  const { id: reference } = transfer;
  return isBack(transfer)
    ? { status: 'RETURNED', reference, reason: 'The transfer to the Stripe account was reversed.' }
    : { status: 'CONFIRMED', reference };
}

function bookOf(transfer: Stripe.Transfer): RailTransfer {
  const { id, metadata, amount, amount_reversed: back, currency, created } = transfer;
  if (!/^tr_\w+$/.test(`${id}`) || typeof currency !== 'string' || !Number.isSafeInteger(created))
    throw new StripeUnknown('Stripe returned an invalid transfer');
  const stands = isBack(transfer) ? amount : amount - (back ?? 0);
  return {
    key: metadata?.['key'] ?? null,
    reference: id,
    amount: fromStripe(stands, currency.toUpperCase()),
    status: outcomeOf(transfer).status,
    at: new Date(created * 1_000),
  };
}
