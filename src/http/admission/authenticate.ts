import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { unauthenticated } from '../../domain/errors.ts';
import {
  type Actor,
  actorOf,
  anonymous,
  type MemberRole,
  worksForProgram,
} from '../../kernel/request/actor.ts';
import { looksLikeKey } from '../../modules/access/api-keys/public.ts';
import type { Organisation } from '../../modules/access/sessions/public.ts';
import type { IdentityProvider } from '../../ports/identity-provider.ts';
import { actorOfIdentity } from './granted-roles.ts';
import { type Claims, ISSUER, ownTokens, type Proof } from './own-tokens.ts';

const CACHED = 10_000;
/** The longest time that a revoked credential stays valid. Operations that move money check it again each time. */
const REMEMBERED_MS = 10_000;
const TOKEN = /^Bearer ([A-Za-z0-9._~+/-]{1,8192}=*)$/i;

type When = Parameters<IdentityProvider['identityOf']>[1];

/** The role and partner that an accepted invitation gave a person. */
interface Membership {
  readonly tenantId: string;
  readonly partnerId: string;
  readonly member: MemberRole;
  readonly memberId: string;
}

/** The look-ups of other parts of the product; each is optional. */
export interface Registers {
  /** Loads the proof of an API key. Null if the text does not look like one; an unknown key is refused. */
  apiKey?(token: string): Promise<Proof | null>;
  /** Returns the membership of the person whom the issuer calls `subject`. */
  memberOf?(issuer: string, subject: string): Promise<Membership | null>;
  /** Verifies tokens of the identity provider. */
  readonly provider?: IdentityProvider | null;
  /** Returns the tenant or partner of an organisation of the provider. */
  organisationOf?(id: string): Promise<Organisation>;
  /** The organisations whose administrators are platform administrators here. */
  readonly platformOrganisations?: readonly string[];
  /** True if the token with this fingerprint was signed out. */
  isSignedOut?(fingerprint: string): Promise<boolean>;
  /** True if the partner in one of our tokens was deleted. Keys, members and organisations are checked elsewhere. */
  isOfDeletedPartner?(actor: Actor): Promise<boolean>;
}

export interface Door {
  /** Returns the actor of an `Authorization` header; anonymous without a header. Throws UNAUTHENTICATED if it is invalid. */
  actorOf(authorization: string | undefined): Promise<Actor>;
  /** The same without remembered answers: asks the source of the credential now. */
  actorNow(authorization: string | undefined): Promise<Actor>;
  /** The end of validity of an accepted header, in milliseconds since 1970; null without a header. */
  expiryOf(authorization: string | undefined): number | null;
  /** True if the header was accepted before, so that it is no guess. A missing header is no guess either. */
  knows(authorization: string | undefined): boolean;
}

export interface Authenticator extends Door {
  sign(claims: Claims, lifetime: string): Promise<string>;
  /** Drops all remembered credentials, because a key or a membership changed. */
  forget(): void;
}

/** The only place that turns a credential into an actor. A proof is remembered for seconds: a request then costs a map
 *  look-up, and a revocation soon takes effect. */
export function authenticator(secret: string, registers: Registers = {}): Authenticator {
  const own = ownTokens(secret);
  const known = new Map<string, Proof & { until: number }>();

  async function prove(token: string, when: When): Promise<Proof> {
    const issuer = issuerOf(token);
    if (issuer === ISSUER) return own.verify(token);
    if (issuer === null) {
      const proof = await registers.apiKey?.(token);
      if (proof) return proof;
      if (looksLikeKey(token)) throw unauthenticated('The token is not valid.');
    }
    const { provider } = registers;
    if (!provider || (issuer !== null && issuer !== provider.issuer))
      throw unauthenticated('The token is not valid.');
    const identity = await provider.identityOf(token, when);
    return {
      actor: await actorOfIdentity(identity, provider.issuer, registers),
      expiresAt: identity.expiresAt,
    };
  }

  async function whole(token: string, when: When): Promise<Proof> {
    const proof = await prove(token, when);
    const { actor } = proof;
    if (actor.credential !== 'API_KEY' && (await registers.isSignedOut?.(fingerprint(token))))
      throw unauthenticated('The token was signed out. Sign in again.');
    if (
      actor.credential === 'TOKEN' &&
      actor.partnerId !== null &&
      (await registers.isOfDeletedPartner?.(actor))
    )
      throw unauthenticated('The partner of the token was deleted.');
    if (actor.role !== 'GUEST' || actor.issuer === null) return proof;
    const membership = await registers.memberOf?.(actor.issuer, actor.id);
    return membership && !worksForProgram(actor, membership.tenantId)
      ? { ...proof, actor: actorOf({ ...actor, ...membership, role: 'PARTNER' }) }
      : proof;
  }

  async function actorAt(when: When, authorization: string | undefined): Promise<Actor> {
    if (authorization === undefined || authorization === '') return anonymous;
    const token = tokenOf(authorization);
    if (!token) throw unauthenticated('The Authorization header must be: Bearer <token>');
    const proof = await whole(token, when).catch((error: unknown) => {
      known.delete(authorization);
      throw error;
    });
    if (known.size >= CACHED) known.clear();
    known.set(authorization, {
      ...proof,
      until: Math.min(proof.expiresAt ?? Infinity, Date.now() + REMEMBERED_MS),
    });
    return proof.actor;
  }

  return {
    async actorOf(authorization) {
      const proof = authorization ? known.get(authorization) : undefined;
      return proof && proof.until > Date.now() ? proof.actor : actorAt('LATELY', authorization);
    },
    actorNow: (authorization) => actorAt('NOW', authorization),
    sign: own.sign,
    forget: () => known.clear(),
    knows(authorization) {
      if (!authorization) return true;
      const proof = known.get(authorization);
      return proof !== undefined && (proof.expiresAt ?? Infinity) > Date.now();
    },
    expiryOf: (authorization) => (authorization ? (known.get(authorization)?.expiresAt ?? null) : null),
  };
}

/** Reads the issuer and subject that a JWT claims; null if it is no JWT. This proves nothing: it selects the verifier. */
function issuerOf(token: string): unknown {
  if (token.split('.').length !== 3) return null;
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    throw unauthenticated('The token is not valid.');
  }
}

const tokenOf = (authorization: string | undefined) => TOKEN.exec(authorization ?? '')?.[1] ?? null;

/** Returns the fingerprint of a credential, for places that must not keep the credential; null without one. */
export function credentialOf(authorization: string | undefined): string | null {
  const token = tokenOf(authorization);
  return token && fingerprint(token);
}

/** The signature of a JWT is left out, because it can be written in more than one way. */
function fingerprint(token: string): string {
  const signed = token.split('.').length === 3 ? token.slice(0, token.lastIndexOf('.')) : token;
  return createHash('sha256').update(signed).digest('base64url');
}
