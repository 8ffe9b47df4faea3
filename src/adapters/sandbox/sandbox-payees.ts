import { createHash } from 'node:crypto';
import type { PayeeOnboarding } from '../../ports/payee-onboarding.ts';

/** Accounts for development, that are in order at once. Their link leads straight back. */
export const sandboxPayees: PayeeOnboarding = {
  open: async ({ key }) => `acct_sandbox${createHash('sha256').update(key).digest('hex').slice(0, 16)}`,
  link: async (_, { done }) => ({ url: done, expiresAt: new Date(Date.now() + 300_000) }),
  state: async () => ({ tenantId: null, partnerId: null, receives: true, paysOut: true, required: [] }),
};
