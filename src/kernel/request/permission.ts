import { forbidden, unauthenticated } from '../../domain/errors.ts';
import type { Actor, Permission } from './actor.ts';
import type { Context } from './context.ts';

/** Who is not known is UNAUTHENTICATED; who is known and may not is FORBIDDEN. */
function requirePermission(actor: Actor, permission: Permission): void {
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

export function requireAll(actor: Actor, permissions: readonly Permission[]): void {
  requireKnown(actor);
  for (const permission of permissions) requirePermission(actor, permission);
}

/** Asks again who the caller is and what it may; from then on the operation acts as what it is now. */
export async function requireStillGranted(ctx: Context, permissions: readonly Permission[]): Promise<void> {
  const { tenantId, partnerId } = ctx.actor;
  const actor = await ctx.actorNow();
  if (actor.tenantId !== tenantId || actor.partnerId !== partnerId)
    throw unauthenticated('your membership has changed: repeat the request');
  Object.assign(ctx, { actor });
  requireAll(actor, permissions);
}

/** Any caller who proved who it is, whatever was granted to it. */
function requireKnown({ role }: Actor): void {
  if (role === 'ANONYMOUS')
    throw unauthenticated('a credential is needed: send Authorization: Bearer <token>');
}

const FRESH_MS = 15 * 60_000;

/** What decides who gets in, within an operation that otherwise does not: asks again, as those do that always decide it. */
export async function requireGrantedAfresh(ctx: Context, permission: Permission): Promise<void> {
  await requireStillGranted(ctx, [permission]);
  requireFreshSignIn(ctx.actor);
}

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
