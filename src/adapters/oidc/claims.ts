import { unauthenticated } from '../../domain/errors.ts';
import { isStorable } from '../../domain/storable.ts';
import type { Identity } from '../../ports/identity-provider.ts';

const SUBJECT = /^[\x21-\x7e]{1,255}$/;
const ORGANISATION = 'urn:zitadel:iam:user:resourceowner:id';
const ROLES = 'urn:zitadel:iam:org:project:roles';
const ROLES_OF_A_PROJECT = /^urn:zitadel:iam:org:project:[^:]+:roles$/;
/** Hashes and the nonce occur in ID tokens, which tell a client who signed in and are not credentials for an API. */
const OF_ID_TOKENS = ['at_hash', 'c_hash', 's_hash', 'nonce'];

export type Claims = Readonly<Record<string, unknown>>;

/** Zitadel's claims of a JWT or an introspection. Only own properties are read, because a claim may be named `__proto__`. */
export function identityOfClaims(claims: Claims, projectId: string): Identity {
  const { sub, exp, auth_time: authTime } = claims;
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw unauthenticated('The token has no valid subject.');
  if (typeof exp !== 'number' || !Number.isFinite(exp))
    throw unauthenticated('The token has no expiry time.');
  if (OF_ID_TOKENS.some((name) => Object.hasOwn(claims, name)))
    throw unauthenticated('An ID token is not a credential. Send the access token.');
  const organisation = textOf(claims, ORGANISATION);
  return {
    subject: sub,
    organisation,
    roles: organisation === null ? [] : rolesIn(organisation, claims, projectId),
    expiresAt: exp * 1_000,
    signedInAt: typeof authTime === 'number' && authTime > 0 ? authTime * 1_000 : null,
  };
}

/** True when the token was issued for us: Zitadel lists the project among its audiences. */
export function isForProject({ aud }: Claims, projectId: string): boolean {
  return Array.isArray(aud) ? aud.includes(projectId) : aud === projectId;
}

/** `{ role: { organisation: domain } }`, or a list of such objects. The claim without a project refers to the client's own project,
 *  which is ours only when no other project is named. */
function rolesIn(organisation: string, claims: Claims, projectId: string): string[] {
  const ours = `urn:zitadel:iam:org:project:${projectId}:roles`;
  const named = Object.keys(claims).some((name) => ROLES_OF_A_PROJECT.test(name));
  const claim = Object.hasOwn(claims, ours) ? claims[ours] : named ? null : claims[ROLES];
  return (Array.isArray(claim) ? claim : [claim]).flatMap((roles) =>
    Object.entries(objectOf(roles))
      .filter(([, organisations]) => Object.hasOwn(objectOf(organisations), organisation))
      .map(([role]) => role),
  );
}

function textOf(claims: Claims, name: string): string | null {
  const value = Object.hasOwn(claims, name) ? claims[name] : null;
  return typeof value === 'string' && value !== '' && isStorable(value) ? value : null;
}

const objectOf = (value: unknown): object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
