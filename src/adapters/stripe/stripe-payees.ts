import { AppError, conflict } from '../../domain/errors.ts';
import type { PayeeOnboarding } from '../../ports/payee-onboarding.ts';
import { RailBusy } from '../../ports/payout-rail.ts';
import { refusalOf, type StripeConfig, type StripeRefusal, stripeClient } from './client.ts';
import { inWords } from './requirements.ts';

const BANK_REFUSED = 'The bank refused the last payout from Stripe. Check the bank account at Stripe.';

/** Connected accounts. Stripe asks the account holders for details on its own pages. */
export function stripePayees(
  config: StripeConfig,
  { timeoutMs }: { readonly timeoutMs?: number } = {},
): PayeeOnboarding {
  const stripe = stripeClient(config, timeoutMs);
  let ours: Promise<string | null> | null = null;

  /** The country of our own account. Accounts in other countries can only receive, under a separate agreement. */
  function ownCountry(): Promise<string | null> {
    ours ??= stripe.accounts.retrieveCurrent().then(({ country }) => country ?? null);
    ours.catch(() => {
      ours = null;
    });
    return ours;
  }

  return {
    open: ({ key, tenantId, partnerId, country, email }) =>
      answered(async () => {
        const foreign = (await ownCountry()) !== country;
        const { id } = await stripe.accounts.create(
          {
            type: 'express',
            country,
            email,
            capabilities: { transfers: { requested: true } },
            metadata: { tenant_id: tenantId, partner_id: partnerId },
            ...(foreign && { tos_acceptance: { service_agreement: 'recipient' } }),
          },
          { idempotencyKey: key },
        );
        if (!/^acct_\w+$/.test(`${id}`)) throw new Error('Stripe returned an invalid account id');
        return id;
      }),

    link: (account, { again, done }) =>
      answered(async () => {
        const { url, expires_at } = await stripe.accountLinks.create({
          ...{ account, type: 'account_onboarding', refresh_url: again, return_url: done },
        });
        if (!/^https:\/\//.test(`${url}`) || !Number.isSafeInteger(expires_at))
          throw new Error('Stripe returned an invalid link');
        return { url, expiresAt: new Date(expires_at * 1_000) };
      }),

    async state(account) {
      try {
        return await answered(async () => {
          const { capabilities, payouts_enabled, requirements, metadata } =
            await stripe.accounts.retrieve(account);
          const required = inWords(requirements ?? {});
          // A failure at the holder's bank does not change our payout, but the holder must know it.
          const [latest] = (await stripe.payouts.list({ limit: 1 }, { stripeAccount: account })).data;
          if (latest?.status === 'failed') required.push(BANK_REFUSED);
          return {
            tenantId: metadata?.['tenant_id'] ?? null,
            partnerId: metadata?.['partner_id'] ?? null,
            receives: capabilities?.transfers === 'active',
            paysOut: payouts_enabled === true,
            required,
          };
        });
      } catch (error) {
        if (error instanceof AppError && error.details.reason === UNKNOWN_ACCOUNT) return null;
        throw error;
      }
    },
  };
}

const UNKNOWN_ACCOUNT = 'UNKNOWN_ACCOUNT';

/** Stripe's errors as texts for our callers. Stripe's own text contains account ids. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw saidOf(error);
  }
}

function saidOf(error: unknown): AppError {
  try {
    return refusal(refusalOf(error));
  } catch (unknown) {
    const retryAfter = (unknown instanceof RailBusy && unknown.retryAfterSeconds) || 30;
    const message = 'Stripe does not answer at the moment. Try again soon.';
    return new AppError('SERVICE_UNAVAILABLE', message, { retryAfter }, { cause: unknown });
  }
}

function refusal({ code, param }: StripeRefusal): AppError {
  if (code === 'account_invalid' || code === 'resource_missing' || code === 'no_account')
    return conflict('Stripe does not know this account. Remove the account here and connect a new one.', {
      reason: UNKNOWN_ACCOUNT,
    });
  if (code === 'country_unsupported' || param === 'country')
    return conflict('Stripe does not pay to this country. Choose another payout method.', {
      reason: 'COUNTRY_NOT_CARRIED',
    });
  return conflict('Stripe refused the request. Check the details of the account.', {
    reason: 'REFUSED_BY_STRIPE',
  });
}
