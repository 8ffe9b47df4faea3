import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { conflict, forbidden, invalid, notFound } from '../../../domain/errors.ts';
import { authorize, authorizeRow } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { CREDENTIALS } from '../../../kernel/request/credentials-topic.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';

import { record } from '../../foundation/audit/public.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { lockPartner, partnerOwner } from '../../partners/partner/public.ts';
import { ApiKey, apiKeyTable, permissionOf, SCOPES_OF_PARTNERS } from './api-key.entity.ts';
import type { CreateApiKeyInput } from './api-key.inputs.ts';
import { newPrefix, newToken } from './api-key-token.ts';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 365;
const MAX_DAYS = 400;
const MAX_KEYS = 20;
const MAX_OVERLAP_HOURS = 168;

export interface SecretOnce {
  readonly id: string;
  readonly secret: string;
}

/** Creates a key of a partner or of the tenant. The answer is the only place that contains the secret. */
export async function createApiKey(ctx: Context, input: CreateApiKeyInput): Promise<SecretOnce> {
  const { actor, clock } = ctx;
  const partnerId = input.partnerId ?? actor.partnerId;
  requireScopes(ctx, input, partnerId !== null);
  const expiresAt = expiryOf(clock.now(), input.expiresAt);
  const attributes =
    partnerId === null ? { tenantId: actor.tenantId } : await partnerOwner(ctx, partnerId, 'input.partnerId');
  await authorize(ctx, 'manage', { kind: 'apiKey', id: '(new)', attributes });
  return transact(ctx, async (em) => {
    const owner = await lockOwner(em, ctx, partnerId);
    const request = { tenantId: owner.tenantId, operation: 'createApiKey', key: input.idempotencyKey, input };
    let secret: string | null = null;
    const id = await once(em, ctx, request, async () => {
      await requireRoom(em, owner, clock.now());
      const prefix = newPrefix(ctx.environment);
      const { token, hash } = newToken(prefix);
      secret = token;
      const key = em.create(ApiKey, {
        ...owner,
        name: input.name,
        prefix,
        secretHash: hash,
        scopes: input.scopes,
        expiresAt,
        createdBy: actor.id,
        seenBy: [actor.id],
      });
      record(em, ctx, 'apiKey.created', key, { after: plain(key) });
      return key.id;
    });
    if (secret === null)
      throw conflict(
        'This key already exists, and its secret is not shown again. Revoke the key and create another one.',
        {
          field: 'input.idempotencyKey',
          reason: 'ALREADY_CREATED',
        },
      );
    return { id, secret };
  });
}

/** Refuses scopes that the caller does not have itself, and scopes that no key may have. */
function requireScopes({ actor }: Context, { scopes }: CreateApiKeyInput, ofPartner: boolean): void {
  const field = 'input.scopes';
  if (!scopes.includes('READ'))
    throw invalid(field, 'must include READ, because every operation reads its answer');
  for (const scope of scopes) {
    if (!actor.permissions.has(permissionOf[scope]))
      throw forbidden(`must not include ${scope}, because your role does not have it`, { field });
    if (ofPartner && !SCOPES_OF_PARTNERS.has(scope))
      throw invalid(field, `must not include ${scope}, because the key belongs to a partner`);
  }
}

function expiryOf(now: Date, wanted: Date | null | undefined): Date {
  if (wanted == null) return new Date(now.getTime() + DEFAULT_DAYS * DAY_MS);
  if (wanted <= now) throw invalid('input.expiresAt', 'must be in the future');
  if (wanted.getTime() > now.getTime() + MAX_DAYS * DAY_MS)
    throw invalid('input.expiresAt', `must be at most ${MAX_DAYS} days ahead`);
  return wanted;
}

interface Owner {
  readonly tenantId: string;
  readonly partnerId: string | null;
}

/** Locks the owner of the key, so that its keys can be counted. */
async function lockOwner(em: EntityManager, { actor }: Context, partnerId: string | null): Promise<Owner> {
  if (partnerId !== null) {
    const partner = await lockPartner(em, partnerId, 'input.partnerId');
    return { tenantId: partner.tenantId, partnerId: partner.id };
  }
  const tenantId = actor.tenantId as string;
  await sql`select 1 from programs where tenant_id = ${tenantId} for no key update`.execute(em);
  return { tenantId, partnerId: null };
}

async function requireRoom(em: EntityManager, owner: Owner, now: Date): Promise<void> {
  const live = await em.count(
    ApiKey,
    { ...owner, revokedAt: null, expiresAt: { $gt: now } },
    { filters: false },
  );
  if (live >= MAX_KEYS)
    throw conflict(`This owner already has ${MAX_KEYS} live keys. Revoke one first.`, {
      reason: 'TOO_MANY_KEYS',
    });
}

/** Gives a key a new secret and extends it by its original lifetime. The old secret stays valid until the overlap ends. */
export async function rotateApiKey(ctx: Context, id: string, overlapHours: number): Promise<SecretOnce> {
  if (overlapHours < 0 || overlapHours > MAX_OVERLAP_HOURS)
    throw invalid('overlapHours', `must be from 0 to ${MAX_OVERLAP_HOURS}`);
  const now = ctx.clock.now();
  await authorizeRow(ctx, 'manage', apiKeyTable, id);
  const rotated = await transact(ctx, async (em) => {
    const key = await lockKey(em, id);
    if (key.revokedAt) throw conflict('This key is revoked. Create another one.', { reason: 'REVOKED' });
    if (key.expiresAt <= now)
      throw conflict('This key has expired. Create another one.', { reason: 'EXPIRED' });
    const before = plain(key);
    const { token, hash } = newToken(key.prefix);
    const lifetime = key.expiresAt.getTime() - (key.rotatedAt ?? key.createdAt).getTime();
    const overlapEnds = Math.min(now.getTime() + overlapHours * 3_600_000, key.expiresAt.getTime());
    key.previousSecretHash = overlapHours > 0 ? key.secretHash : null;
    key.overlapEndsAt = overlapHours > 0 ? new Date(overlapEnds) : null;
    key.secretHash = hash;
    key.rotatedAt = now;
    key.seenBy = [...new Set([...key.seenBy, ctx.actor.id])];
    key.expiresAt = new Date(now.getTime() + Math.min(lifetime, MAX_DAYS * DAY_MS));
    record(em, ctx, 'apiKey.rotated', key, { before, after: plain(key) });
    return { id: key.id, secret: token };
  });
  ctx.feed.publish(CREDENTIALS);
  return rotated;
}

/** Revokes a key with all its secrets at once. A revoked key stays unchanged. */
export async function revokeApiKey(ctx: Context, id: string, reason: string | null): Promise<string> {
  const why = reason === null ? null : reasonOf(reason);
  await authorizeRow(ctx, 'manage', apiKeyTable, id);
  await transact(ctx, async (em) => {
    const key = await lockKey(em, id);
    if (key.revokedAt) return;
    const before = plain(key);
    key.revokedAt = ctx.clock.now();
    record(em, ctx, 'apiKey.revoked', key, { before, after: plain(key), reason: why });
  });
  ctx.feed.publish(CREDENTIALS);
  return id;
}

/** Revokes the keys of a partner whose secrets a person has seen, in the transaction that ends the membership. Returns
 *  the ids of the keys. */
export async function revokeKeysSeenBy(
  em: EntityManager,
  partnerId: string,
  personId: string | null | undefined,
  now: Date,
): Promise<string[]> {
  if (personId == null) return []; // has never signed in
  const keys = await em.find(
    ApiKey,
    { partnerId, revokedAt: null, expiresAt: { $gt: now }, seenBy: { $contains: [personId] } },
    { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: 'asc' } },
  );
  for (const key of keys) key.revokedAt = now;
  return keys.map(({ id }) => id);
}

async function lockKey(em: EntityManager, id: string): Promise<ApiKey> {
  const key = await em.findOne(ApiKey, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!key) throw notFound('apikey');
  return key;
}

/** The data of a key for the audit log: without hashes. */
const plain = ({ partnerId, name, prefix, scopes, expiresAt, overlapEndsAt, revokedAt }: ApiKey) => ({
  partnerId: partnerId ?? null,
  name,
  prefix,
  scopes,
  expiresAt,
  overlapEndsAt: overlapEndsAt ?? null,
  revokedAt: revokedAt ?? null,
});
