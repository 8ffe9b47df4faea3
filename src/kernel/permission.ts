import { forbidden, unauthenticated } from '../domain/errors.ts';
import type { Actor, Permission } from './actor.ts';

/** Who is not known is UNAUTHENTICATED; who is known and may not is FORBIDDEN. */
export function requirePermission({ role, permissions }: Actor, permission: Permission): void {
  if (role === 'ANONYMOUS')
    throw unauthenticated('a credential is needed: send Authorization: Bearer <token>');
  if (!permissions.has(permission)) throw forbidden(`your role ${role} may not do this`);
}

const FRESH_MS = 15 * 60_000;

/** For what a stolen session must not do: the person signed in a moment ago, or is asked to do it again. */
export function requireFreshSignIn({ role, credential, signedInAt }: Actor): void {
  if (role === 'ANONYMOUS')
    throw unauthenticated('a credential is needed: send Authorization: Bearer <token>');
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
