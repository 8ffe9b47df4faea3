import { errors, jwtVerify, SignJWT } from 'jose';
import { validate } from 'uuid';
import { unauthenticated } from '../domain/errors.ts';
import { type Actor, actorOf, anonymous, Role } from '../kernel/actor.ts';

const ISSUER = 'partner-portal';
const AUDIENCE = 'partner-portal-api';
const TENANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const CACHED = 10_000;

interface Claims {
  readonly user: string;
  readonly role: Role;
  readonly tenantId: string;
  readonly partnerId?: string | undefined;
  /** When the person signed in; now where nothing is said. */
  readonly signedInAt?: Date | undefined;
}

export interface Authenticator {
  /** The actor of an `Authorization` header; anonymous without one, UNAUTHENTICATED for one that is not valid. */
  actorOf(authorization: string | undefined): Promise<Actor>;
  sign(claims: Claims, lifetime: string): Promise<string>;
  /** When a header that `actorOf` took stops to count, in milliseconds since 1970; null without one. */
  expiryOf(authorization: string | undefined): number | null;
}

/** HS256 tokens of `secret`. A verified token is remembered until it expires: checking it again is a map look-up. */
export function authenticator(secret: string): Authenticator {
  const key = new TextEncoder().encode(secret);
  const known = new Map<string, { actor: Actor; expiresAt: number }>();

  return {
    async actorOf(authorization) {
      if (authorization === undefined || authorization === '') return anonymous;
      const token = /^Bearer ([A-Za-z0-9._-]{1,4096})$/i.exec(authorization)?.[1];
      if (!token) throw unauthenticated('the Authorization header must be: Bearer <token>');
      const cached = known.get(token);
      if (cached && cached.expiresAt > Date.now()) return cached.actor;
      const { actor, expiresAt } = await verify(token, key);
      if (known.size >= CACHED) known.clear();
      known.set(token, { actor, expiresAt });
      return actor;
    },

    expiryOf: (authorization) =>
      authorization ? (known.get(authorization.slice('Bearer '.length))?.expiresAt ?? null) : null,

    sign({ user, role, tenantId, partnerId, signedInAt }, lifetime) {
      return new SignJWT({ role, tenant: tenantId, ...(partnerId && { partner: partnerId }) })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(user)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(signedInAt)
        .setExpirationTime(lifetime)
        .sign(key);
    },
  };
}

async function verify(token: string, key: Uint8Array): Promise<{ actor: Actor; expiresAt: number }> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['HS256'],
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ['sub', 'exp', 'iat', 'role', 'tenant'],
      maxTokenAge: '400 days',
      clockTolerance: 30,
    });
    const { sub, role, tenant, partner, exp, iat } = payload;
    const valid =
      typeof sub === 'string' &&
      sub.length > 0 &&
      sub.length <= 200 &&
      !/[\p{Cc}\p{Cs}]/u.test(sub) &&
      typeof role === 'string' &&
      Object.hasOwn(Role, role) &&
      typeof tenant === 'string' &&
      TENANT.test(tenant) &&
      (role === 'PARTNER' ? typeof partner === 'string' && validate(partner) : partner === undefined);
    if (!valid) throw unauthenticated('the token lacks a claim or has a malformed one');
    const actor = actorOf({
      id: sub,
      role: role as Role,
      tenantId: tenant,
      partnerId: (partner as string | undefined)?.toLowerCase() ?? null,
      credential: 'TOKEN',
      issuer: ISSUER,
      signedInAt: (iat as number) * 1_000,
    });
    return { actor, expiresAt: (exp as number) * 1_000 };
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw unauthenticated('the token has expired');
    if (error instanceof errors.JOSEError) throw unauthenticated('the token is not valid');
    throw error;
  }
}
