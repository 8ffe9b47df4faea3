import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { validate } from 'uuid';
import { unauthenticated } from '../../domain/errors.ts';
import { type Actor, actorOf, guest, Role } from '../../kernel/request/actor.ts';

/** The claims of our own tokens. */
export const ISSUER = 'partner-portal';
const AUDIENCE = 'partner-portal-api';
const TENANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const PRINTABLE = /^[^\p{Cc}\p{Cs}]{1,200}$/u;

export interface Claims {
  readonly user: string;
  /** A GUEST has no tenant: its membership names the tenant, the partner and the role. */
  readonly role: Role | 'GUEST';
  readonly tenantId?: string | undefined;
  readonly partnerId?: string | undefined;
  /** The time of sign-in; now by default. */
  readonly signedInAt?: Date | undefined;
}

/** The actor of a credential and its end, in milliseconds since 1970. Null: it ends by revocation only. */
export interface Proof {
  readonly actor: Actor;
  readonly expiresAt: number | null;
}

/** HS256 tokens of one secret: for servers and development. */
export function ownTokens(secret: string) {
  const key = new TextEncoder().encode(secret);
  return {
    sign({ user, role, tenantId, partnerId, signedInAt }: Claims, lifetime: string): Promise<string> {
      return new SignJWT({
        role,
        ...(tenantId !== undefined && { tenant: tenantId }),
        ...(partnerId !== undefined && { partner: partnerId }),
      })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setJti(randomUUID())
        .setSubject(user)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(signedInAt)
        .setExpirationTime(lifetime)
        .sign(key);
    },

    async verify(token: string): Promise<Proof> {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'exp', 'iat', 'role'],
        maxTokenAge: '400 days',
        clockTolerance: 30,
      }).catch((error: unknown) => {
        if (error instanceof errors.JWTExpired)
          throw unauthenticated('The token has expired. Sign in again or create a new token.');
        throw unauthenticated('The token is not valid.');
      });
      return { actor: actorOfClaims(payload), expiresAt: (payload.exp as number) * 1_000 };
    },
  };
}

function actorOfClaims({ sub, role, tenant, partner, iat }: Record<string, unknown>): Actor {
  const malformed = () => unauthenticated('The token lacks a claim or has a malformed claim.');
  if (typeof sub !== 'string' || !PRINTABLE.test(sub) || typeof role !== 'string') throw malformed();
  const person = {
    id: sub,
    credential: 'TOKEN',
    issuer: ISSUER,
    signedInAt: (iat as number) * 1_000,
  } as const;
  if (role === 'GUEST') {
    if (tenant !== undefined || partner !== undefined) throw malformed();
    return guest(person);
  }
  const whole =
    Object.hasOwn(Role, role) &&
    typeof tenant === 'string' &&
    TENANT.test(tenant) &&
    (role === 'PARTNER' ? typeof partner === 'string' && validate(partner) : partner === undefined);
  if (!whole) throw malformed();
  return actorOf({
    ...person,
    role: role as Role,
    tenantId: tenant,
    partnerId: (partner as string | undefined)?.toLowerCase() ?? null,
  });
}
