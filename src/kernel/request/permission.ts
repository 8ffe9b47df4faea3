import { forbidden, unauthenticated } from '../../domain/errors.ts';
import { stepUps } from '../../policies/mutations.ts';
import type { Actor, Permission } from './actor.ts';
import type { Context } from './context.ts';

/** Refuses an anonymous caller as UNAUTHENTICATED, and a known caller without the permission as FORBIDDEN. */
function requirePermission(actor: Actor, permission: Permission): void {
  requireKnown(actor);
  const { role, permissions } = actor;
  if (permissions.has(permission)) return;
  throw forbidden(
    role === 'GUEST'
      ? 'You have no role yet. Ask a program manager for an invitation.'
      : `Your role ${role} does not have this permission.`,
  );
}

// These actions move money, or change its destination or access rights: a revoked credential must lose them at once.
const askedAgain = new Set<Permission>([
  'commission:decide',
  'payout:make',
  'payout:decide',
  'payoutAccount:edit',
  'member:manage',
  'apiKey:manage',
  'privacy:manage',
]);

/** True if an operation with these permissions asks the source of the credential instead of using a remembered answer. */
export const asksAgain = (permissions: readonly Permission[]): boolean =>
  permissions.some((permission) => askedAgain.has(permission));

export function requireAll(actor: Actor, permissions: readonly Permission[]): void {
  requireKnown(actor);
  for (const permission of permissions) requirePermission(actor, permission);
}

/** Loads the caller and its rights again; the rest of the operation acts with them. */
export async function requireStillGranted(ctx: Context, permissions: readonly Permission[]): Promise<void> {
  const { tenantId, partnerId } = ctx.actor;
  const actor = await ctx.actorNow();
  if (actor.tenantId !== tenantId || actor.partnerId !== partnerId)
    throw unauthenticated('Your membership has changed. Repeat the request.');
  Object.assign(ctx, { actor });
  requireAll(actor, permissions);
}

/** Requires a caller with a proven identity, whatever its rights. */
function requireKnown({ role }: Actor): void {
  if (role === 'ANONYMOUS')
    throw unauthenticated('This operation needs a credential. Send the header Authorization: Bearer <token>');
}

const FRESH_MS = 15 * 60_000;

/** True if the list of the policies wants a fresh sign-in for these arguments of the mutation. */
export function needsStepUp(mutation: string, args: object): boolean {
  const stepUp = stepUps[mutation] ?? 'ALWAYS';
  if (typeof stepUp === 'string') return stepUp === 'ALWAYS';
  return stepUp.some((argument) => isGiven(args, argument));
}

/** `argument` is a path such as `input.email`, or `neverSubmitted=true` for one value. */
function isGiven(args: object, argument: string): boolean {
  const [path = '', wanted] = argument.split('=');
  let value: unknown = args;
  for (const part of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[part];
  return wanted === undefined ? value !== undefined : String(value) === wanted;
}

/** For acts that a stolen session must not do: requires a recent sign-in (step-up). */
export function requireFreshSignIn(actor: Actor): void {
  requireKnown(actor);
  const { credential, signedInAt } = actor;
  const reason = 'STEP_UP_REQUIRED';
  if (credential === 'API_KEY')
    throw forbidden('An API key cannot do this. Sign in with your own account.', { reason });
  if (signedInAt === null || Date.now() - signedInAt > FRESH_MS) {
    throw forbidden(
      'This operation needs a sign-in within the last 15 minutes. Sign in again (prompt=login) and repeat the operation.',
      {
        reason,
      },
    );
  }
}
