import { forbidden, unauthenticated } from '../domain/errors.ts';
import type { Actor, Permission } from './actor.ts';

/** Who is not known is UNAUTHENTICATED; who is known and may not is FORBIDDEN. */
export function requirePermission(actor: Actor, permission: Permission): void {
  requireKnown(actor);
  const { role, permissions } = actor;
  if (permissions.has(permission)) return;
  throw forbidden(role === 'GUEST' ? 'nothing was granted to you yet' : `your role ${role} may not do this`);
}

// What moves money, or decides where it goes and who may: a credential that was taken back must not do it for seconds.
const askedAgain = new Set<Permission>([
  'commission:decide',
  'payout:make',
  'payout:decide',
  'payoutAccount:edit',
  'member:manage',
  'apiKey:manage',
  'privacy:manage',
]);

/** Whether an operation of these permissions asks whoever answers for the credential, rather than remembers. */
export const asksAgain = (permissions: readonly Permission[]): boolean =>
  permissions.some((permission) => askedAgain.has(permission));

/** Any caller who proved who it is, whatever was granted to it. */
export function requireKnown({ role }: Actor): void {
  if (role === 'ANONYMOUS')
    throw unauthenticated('a credential is needed: send Authorization: Bearer <token>');
}

const FRESH_MS = 15 * 60_000;

/** For what a stolen session must not do: the person signed in a moment ago, or is asked to do it again. */
export function requireFreshSignIn(actor: Actor): void {
  requireKnown(actor);
  const { credential, signedInAt } = actor;
  const reason = 'STEP_UP_REQUIRED';
  if (credential === 'API_KEY')
    throw forbidden('an API key may not do this: sign in with your own account', { reason });
  if (signedInAt === null || Date.now() - signedInAt > FRESH_MS) {
    throw forbidden(
      'this needs a sign-in of the last 15 minutes: sign in again (prompt=login) and repeat it',
      {
        reason,
      },
    );
  }
}
