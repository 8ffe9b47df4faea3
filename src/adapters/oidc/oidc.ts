import { createHash, createPrivateKey, randomUUID } from 'node:crypto';
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify, SignJWT } from 'jose';
import { AppError, unauthenticated } from '../../domain/errors.ts';
import type { Identity, IdentityProvider } from '../../ports/identity-provider.ts';
import { type Ask, asking } from './ask.ts';
import { type Claims, identityOfClaims, isForProject } from './claims.ts';

export interface OidcOptions {
  readonly issuer: string;
  /** The project whose tokens are accepted and whose roles count. */
  readonly projectId: string;
  readonly algorithms: readonly string[];
  /** Maximum wait for a response, in milliseconds. */
  readonly timeoutMs: number;
  /** Our own credential for the introspection of a token. */
  readonly client:
    | { readonly id: string; readonly secret: string }
    | { readonly id: string; readonly keyId: string; readonly key: string };
}

interface Endpoints {
  readonly keys: URL;
  readonly introspection: URL;
}

const SKEW_SECONDS = 60;
const RELOAD_KEYS_MS = 10 * 60_000;
const LATELY_MS = 60_000;
const REMEMBERED = 10_000;
const RETRY_AFTER_SECONDS = 5;

/** An OpenID Connect provider with Zitadel's claims. No request is sent before the first token, so that we start without
 *  the provider. Known keys stay valid while the provider is down. */
export function oidc(
  { issuer, projectId, algorithms, timeoutMs, client }: OidcOptions,
  warn: (error: unknown) => void,
): IdentityProvider {
  const ask = asking(timeoutMs);
  const authenticate = clientAuthentication(client, issuer);
  const lately = new Map<string, { answer: Promise<Identity>; until: number }>();
  let discovered: Promise<Endpoints> | null = null;
  let keys: JWTVerifyGetKey | null = null;

  const unavailable = (error: unknown) => {
    warn(error);
    return new AppError(
      'SERVICE_UNAVAILABLE',
      'The identity provider does not answer. Try again in a moment.',
      {
        retryAfter: RETRY_AFTER_SECONDS,
      },
    );
  };

  async function endpoints(): Promise<Endpoints> {
    const document = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    discovered ??= ask(document, (answer) => endpointsIn(answer, issuer));
    return discovered.catch((error: unknown) => {
      discovered = null;
      throw unavailable(error);
    });
  }

  const keyOf: JWTVerifyGetKey = async (header, token) => {
    const { keys: url } = await endpoints();
    keys ??= keysAt(url, ask, unavailable, warn);
    return keys(header, token);
  };

  async function claimsOf(jwt: string): Promise<Claims> {
    const { payload, protectedHeader } = await jwtVerify(jwt, keyOf, {
      algorithms: [...algorithms],
      issuer,
      audience: projectId,
      requiredClaims: ['sub', 'exp', 'iat'],
      maxTokenAge: '400 days', // so that a token from the future is refused
      clockTolerance: SKEW_SECONDS,
    }).catch((error: unknown) => {
      if (error instanceof AppError) throw error;
      if (error instanceof errors.JWTExpired)
        throw unauthenticated('The token has expired. Sign in again or create a new token.');
      throw unauthenticated('The token is not valid.');
    });
    const { typ } = protectedHeader as { typ?: unknown };
    if (typeof typ !== 'string' || !/^(application\/)?(at\+)?jwt$/i.test(typ))
      throw unauthenticated('The token is not valid.');
    return payload;
  }

  /** RFC 7662. For a response without a subject the claims of the JWT apply. */
  async function ofProvider(token: string, said: Claims = {}): Promise<Identity> {
    const { introspection } = await endpoints();
    const { headers, fields } = await authenticate();
    const answer = await ask(introspection.href, introspectionOf, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams({ token, token_type_hint: 'access_token', ...fields }).toString(),
    }).catch((error: unknown) => {
      throw unavailable(error);
    });
    if (answer['active'] !== true) throw unauthenticated('The token is no longer valid. Sign in again.');
    const claims: Claims = Object.hasOwn(answer, 'sub') ? { ...answer } : { ...said, ...answer };
    const ours = claims['iss'] === undefined || claims['iss'] === issuer;
    if (!ours || !isForProject(claims, projectId) || isEarly(claims))
      throw unauthenticated('The token is not valid.');
    const identity = identityOfClaims(claims, projectId);
    if (identity.expiresAt <= Date.now())
      throw unauthenticated('The token has expired. Sign in again or create a new token.');
    return identity;
  }

  /** One request for all callers with the same token at the same time. A refusal is cached like a positive answer. */
  function ofLately(token: string): Promise<Identity> {
    const hash = createHash('sha256').update(token).digest('base64url');
    const known = lately.get(hash);
    if (known && known.until > Date.now()) return known.answer;
    if (lately.size >= REMEMBERED) lately.clear();
    const answer = ofProvider(token);
    const entry = { answer, until: Date.now() + LATELY_MS };
    lately.set(hash, entry);
    answer.then(
      ({ expiresAt }) => {
        entry.until = Math.min(entry.until, expiresAt);
      },
      (error: unknown) => {
        if (!(error instanceof AppError && error.code === 'UNAUTHENTICATED')) lately.delete(hash);
      },
    );
    return answer;
  }

  return {
    issuer,
    async identityOf(token, when) {
      if (token.split('.').length !== 3) return when === 'NOW' ? ofProvider(token) : ofLately(token);
      const claims = await claimsOf(token);
      const identity = identityOfClaims(claims, projectId);
      if (when === 'LATELY') return identity;
      const now = await ofProvider(token, claims);
      if (now.subject !== identity.subject) throw unauthenticated('The token is not valid.');
      return { ...now, signedInAt: now.signedInAt ?? identity.signedInAt };
    },
  };
}

function endpointsIn(document: Claims, issuer: string): Endpoints {
  if (document['issuer'] !== issuer) throw new Error("the provider's document names another issuer");
  const endpoint = (name: string): URL => {
    const url = new URL(String(document[name]));
    if (url.protocol !== 'https:' && url.origin !== new URL(issuer).origin)
      throw new Error(`${name} is neither https nor on the issuer's own origin`);
    return url;
  };
  return { keys: endpoint('jwks_uri'), introspection: endpoint('introspection_endpoint') };
}

function introspectionOf(answer: Claims): Claims {
  if (!('active' in answer)) throw new Error('the introspection does not say whether the token is active');
  return answer;
}

function keySetOf(answer: Claims): Claims {
  if (!Array.isArray(answer['keys'])) throw new Error('the key set has no keys');
  return answer;
}

/** The provider's public keys. For an unknown key the key set is loaded again, at most twice a minute. Known keys
 *  are reloaded every ten minutes in the background, so that a revoked key is dropped. */
function keysAt(
  url: URL,
  ask: Ask,
  unavailable: (error: unknown) => AppError,
  warn: (error: unknown) => void,
): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(url, {
    cacheMaxAge: Infinity,
    cooldownDuration: 30_000,
    [customFetch]: async (href, { headers }) => Response.json(await ask(href, keySetOf, { headers })),
  });
  let reloadAt = Date.now() + RELOAD_KEYS_MS;
  return async (header, token) => {
    const known = keys.jwks() !== undefined;
    if (known && Date.now() > reloadAt) {
      reloadAt = Date.now() + RELOAD_KEYS_MS;
      void keys.reload().catch(warn);
    }
    try {
      return await keys(header, token);
    } catch (error) {
      if (
        known ||
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys
      )
        throw unauthenticated('The token is not valid.');
      throw unavailable(error);
    }
  };
}

const isEarly = ({ nbf, iat }: Claims): boolean =>
  [nbf, iat].some((from) => typeof from === 'number' && from > Date.now() / 1_000 + SKEW_SECONDS);

/** RFC 6749's Basic, or RFC 7523's assertion by the key of an API application. */
function clientAuthentication(client: OidcOptions['client'], issuer: string) {
  if ('secret' in client) {
    const pair = [client.id, client.secret].map(encodeURIComponent).join(':');
    const headers = { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
    return async () => ({ headers, fields: {} });
  }
  const key = createPrivateKey(client.key);
  return async () => ({
    headers: {},
    fields: {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await new SignJWT()
        .setProtectedHeader({ alg: 'RS256', kid: client.keyId })
        .setIssuer(client.id)
        .setSubject(client.id)
        .setAudience(issuer)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime('1 minute')
        .sign(key),
    },
  });
}
