import { createHash } from 'node:crypto';
import type { PayeeOnboarding } from '../../ports/payee-onboarding.ts';

const MOST = 10_000;
const openedFor = new Map<string, { readonly tenantId: string; readonly partnerId: string }>();

/** Accounts for development that are ready immediately. Their link redirects directly back. A process remembers the partner of an
 *  account until it ends. */
export const sandboxPayees: PayeeOnboarding = {
  async open({ key, tenantId, partnerId }) {
    const account = `acct_sandbox${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
    if (openedFor.size >= MOST) openedFor.clear();
    openedFor.set(account, { tenantId, partnerId });
    return account;
  },
  link: async (_, { done }) => ({ url: done, expiresAt: new Date(Date.now() + 300_000) }),
  state: async (account) => ({
    ...(openedFor.get(account) ?? { tenantId: null, partnerId: null }),
    ...{ receives: true, paysOut: true, required: [] },
  }),
};
