import type { StripeConfig } from './adapters/stripe/client.ts';
import { isWellKnownSecret } from './well-known-secret.ts';

/** Stripe's part of the environment; null where it is not set up. What is wrong with it is added to `faults`, by name. */
export function readStripe(
  env: NodeJS.ProcessEnv,
  production: boolean,
  faults: string[],
): StripeConfig | null {
  const secretKey = env['STRIPE_SECRET_KEY'] || null;
  const webhookSecrets = (env['STRIPE_WEBHOOK_SECRETS'] ?? '').split(/[\s,]+/).filter(Boolean);
  const apiBase = env['STRIPE_API_BASE'] || null;
  if (!secretKey) {
    if (webhookSecrets.length)
      faults.push('STRIPE_SECRET_KEY is missing: STRIPE_WEBHOOK_SECRETS is set, and Stripe needs both.');
    return null;
  }
  if (!/^(sk|rk)_(live|test)_/.test(secretKey))
    faults.push('STRIPE_SECRET_KEY must be a secret or restricted key of Stripe, sk_... or rk_...');
  if (webhookSecrets.some((secret) => !secret.startsWith('whsec_')))
    faults.push('STRIPE_WEBHOOK_SECRETS must be signing secrets of Stripe, whsec_..., separated by commas.');
  if (apiBase && (!URL.canParse(apiBase) || !/^https?:\/\/[^/?#]+\/?$/.test(apiBase)))
    faults.push('STRIPE_API_BASE must be an address without a path, such as https://api.stripe.com.');
  if (production) {
    if (!webhookSecrets.length)
      faults.push('STRIPE_WEBHOOK_SECRETS is missing: without it nobody hears that a transfer came back.');
    if (webhookSecrets.some((secret) => isWellKnownSecret(secret.slice('whsec_'.length))))
      faults.push('STRIPE_WEBHOOK_SECRETS has a well-known value: set your own.');
    else if (webhookSecrets.some((secret) => secret.length < 16))
      faults.push(
        'STRIPE_WEBHOOK_SECRETS has a secret that is too short: each needs at least 16 characters.',
      );
    if (apiBase && !apiBase.startsWith('https://'))
      faults.push('STRIPE_API_BASE must begin with https://: it carries the key.');
  }
  return { secretKey, webhookSecrets, apiBase };
}
