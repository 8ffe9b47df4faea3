import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { unauthenticated } from '../../domain/errors.ts';
import { type Actor, actorOf, anonymous, type MemberRole } from '../../kernel/request/actor.ts';
import { looksLikeKey } from '../../modules/access/api-keys/public.ts';
import type { Organisation } from '../../modules/access/sessions/public.ts';
import type { IdentityProvider } from '../../ports/identity-provider.ts';
import { actorOfIdentity } from './granted-roles.ts';
import { type Claims, ISSUER, ownTokens, type Proof } from './own-tokens.ts';

const CACHED = 10_000;
/** A credential that was taken back counts so long at most, except where money moves: there it is asked again. */
const REMEMBERED_MS = 10_000;
const TOKEN = /^Bearer ([A-Za-z0-9._~+/-]{1,8192}=*)$/i;

type When = Parameters<IdentityProvider['identityOf']>[1];

/** What an invitation made of a person. */
interface Membership {
  readonly tenantId: string;
  readonly partnerId: string;
  readonly member: MemberRole;
  readonly memberId: string;
}

/** What is looked up elsewhere; every one may be left out. */
export interface Registers {
  /** The proof of an API key, read now; null: no API key by its looks. One that is unknown is refused there. */
  apiKey?(token: string): Promise<Proof | null>;
  /** What the person that an issuer calls `subject` was invited to. */
  memberOf?(issuer: string, subject: string): Promise<Membership | null>;
  /** Vouches for people whose tokens are not ours. */
  readonly provider?: IdentityProvider | null;
  /** Whose an organisation of the provider is. */
  organisationOf?(id: string): Promise<Organisation>;
  /** The organisations whose platform administrators are ours. */
  readonly platformOrganisations?: readonly string[];
  /** Whether the token of that fingerprint was signed out. */
  isSignedOut?(fingerprint: string): Promise<boolean>;
  /** Whether the partner that a token of ours names was deleted; keys, members and organisations have asked already. */
  isOfDeletedPartner?(actor: Actor): Promise<boolean>;
}

export interface Door {
  /** The actor of an `Authorization` header; anonymous without one, UNAUTHENTICATED for one that is not valid. */
  actorOf(authorization: string | undefined): Promise<Actor>;
  /** The same, with nothing remembered: whoever answers for the credential is asked now. */
  actorNow(authorization: string | undefined): Promise<Actor>;
  /** When a header that `actorOf` took stops to count, in milliseconds since 1970; null without one. */
  expiryOf(authorization: string | undefined): number | null;
  /** Whether a header was taken before, so that it is no guess; none at all is no guess either. */
  knows(authorization: string | undefined): boolean;
}

export interface Authenticator extends Door {
  sign(claims: Claims, lifetime: string): Promise<string>;
  /** Remembers no credential any more: a key or a membership changed. */
  forget(): void;
}

/** The one door: whatever a credential is, this says whose. A proof is remembered for seconds, so that a request costs
 *  a map look-up and a revocation is seen soon. */
export function authenticator(secret: string, registers: Registers = {}): Authenticator {
  const own = ownTokens(secret);
  const known = new Map<string, Proof & { until: number }>();

  async function prove(token: string, when: When): Promise<Proof> {
    const issuer = issuerOf(token);
    if (issuer === ISSUER) return own.verify(token);
    if (issuer === null) {
      const proof = await registers.apiKey?.(token);
      if (proof) return proof;
      if (looksLikeKey(token)) throw unauthenticated('the token is not valid');
    }
    const { provider } = registers;
    if (!provider || (issuer !== null && issuer !== provider.issuer))
      throw unauthenticated('the token is not valid');
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
      throw unauthenticated('the token was signed out');
    if (
      actor.credential === 'TOKEN' &&
      actor.partnerId !== null &&
      (await registers.isOfDeletedPartner?.(actor))
    )
      throw unauthenticated('the partner of the token was deleted');
    if (actor.role !== 'GUEST' || actor.issuer === null) return proof;
    const membership = await registers.memberOf?.(actor.issuer, actor.id);
    return membership ? { ...proof, actor: actorOf({ ...actor, ...membership, role: 'PARTNER' }) } : proof;
  }

  async function actorAt(when: When, authorization: string | undefined): Promise<Actor> {
    if (authorization === undefined || authorization === '') return anonymous;
    const token = tokenOf(authorization);
    if (!token) throw unauthenticated('the Authorization header must be: Bearer <token>');
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

/** Who a JWT claims to be of; null: it is no JWT. Nothing is proven by it: it only says who shall prove it. */
function issuerOf(token: string): unknown {
  if (token.split('.').length !== 3) return null;
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    throw unauthenticated('the token is not valid');
  }
}

const tokenOf = (authorization: string | undefined) => TOKEN.exec(authorization ?? '')?.[1] ?? null;

/** What the credential of a header is remembered by where itself must not be kept; null without one. */
export function credentialOf(authorization: string | undefined): string | null {
  const token = tokenOf(authorization);
  return token && fingerprint(token);
}

/** A JWT's signature is left out of it: it can be written in more than one way. */
function fingerprint(token: string): string {
  const signed = token.split('.').length === 3 ? token.slice(0, token.lastIndexOf('.')) : token;
  return createHash('sha256').update(signed).digest('base64url');
}
