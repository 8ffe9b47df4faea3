import { forbidden, unauthenticated } from '../domain/errors.ts';
import type { Actor, Permission } from './actor.ts';

/** Who is not known is UNAUTHENTICATED; who is known and may not is FORBIDDEN. */
export function requirePermission({ role, permissions }: Actor, permission: Permission): void {
  if (role === 'ANONYMOUS')
    throw unauthenticated('a credential is needed: send Authorization: Bearer <token>');
  if (!permissions.has(permission)) throw forbidden(`your role ${role} may not do this`);
}
