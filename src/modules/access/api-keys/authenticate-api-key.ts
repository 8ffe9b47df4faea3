import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import { type Actor, actorOf, type MemberRole, system } from '../../../kernel/request/actor.ts';
import { type Context, contextFor, type Services } from '../../../kernel/request/context.ts';
import { CREDENTIALS } from '../../../kernel/request/credentials-topic.ts';
import { type ApiKeyScope, permissionOf } from './api-key.entity.ts';
import { readToken, sameHash } from './api-key-token.ts';

const REFUSED_MS = 1_000;
const REFUSED = 10_000;
const TOUCH_EVERY_MS = 60_000;

interface Row {
  readonly id: string;
  readonly actor: Actor;
  readonly secretHash: string;
  readonly previousSecretHash: string | null;
  readonly overlapEndsAt: Date | null;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
}

export interface KnownKey {
  readonly actor: Actor;
  /** End of validity of the secret, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Loads the key of a token from the database; null if the token gives no access, for any reason. A refusal is remembered
 *  by prefix for a second, so that a flood of wrong keys costs one read a second for each prefix. */
export function apiKeyAuthenticator(services: Services): (token: string) => Promise<KnownKey | null> {
  const ctx = contextFor(services, { actor: system, requestId: 'authenticate' });
  const refused = new Map<string, { readonly row: Row | null; readonly until: number }>();
  const touched = new Map<string, number>();
  services.feed.subscribe(CREDENTIALS, () => refused.clear());

  /** Records the use of a key at most once a minute, outside the request. */
  function touch(id: string): void {
    const now = Date.now();
    if ((touched.get(id) ?? 0) > now - TOUCH_EVERY_MS) return;
    touched.set(id, now);
    const usedAt = services.clock.now();
    transact(ctx, (em) =>
      sql`update api_keys set last_used_at = ${usedAt}
          where id = ${id} and (last_used_at is null or last_used_at < ${usedAt})`.execute(em),
    ).catch((error: unknown) => services.log.warn({ error, id }, 'could not note the use of an API key'));
  }

  return async (token) => {
    const asked = readToken(token, services.environment);
    if (!asked) return null;
    const now = services.clock.now();
    const known = refused.get(asked.prefix);
    if (known && known.until > Date.now() && endOf(known.row, asked.hash, now) === null) return null;
    const row = await readRow(ctx, asked.prefix);
    const end = endOf(row, asked.hash, now);
    if (row === null || end === null) {
      if (refused.size >= REFUSED) refused.clear();
      refused.set(asked.prefix, { row, until: Date.now() + REFUSED_MS });
      return null;
    }
    touch(row.id);
    return { actor: row.actor, expiresAt: end.getTime() };
  };
}

/** Returns the end of validity of the secret with this hash; null if it is not valid. */
function endOf(row: Row | null, hash: string, now: Date): Date | null {
  if (row === null || row.revokedAt) return null;
  const { secretHash, previousSecretHash, expiresAt, overlapEndsAt } = row;
  const end = sameHash(hash, secretHash)
    ? expiresAt
    : previousSecretHash && sameHash(hash, previousSecretHash)
      ? overlapEndsAt
      : null;
  return end && end > now ? end : null;
}

async function readRow(ctx: Context, prefix: string): Promise<Row | null> {
  const [found] = await query(
    ctx,
    sql<Omit<Row, 'actor'> & Bearer>`
      select /* access.apiKey */ k.id, k.tenant_id as "tenantId", k.partner_id as "partnerId", k.scopes, k.secret_hash as "secretHash",
        k.previous_secret_hash as "previousSecretHash", k.overlap_ends_at as "overlapEndsAt", k.expires_at as "expiresAt",
        k.revoked_at as "revokedAt", array(
          select m.role from members m
          where m.partner_id = k.partner_id and m.subject = any(k.seen_by) and m.removed_at is null) as "seenByRoles"
      from api_keys k left join partners p on p.id = k.partner_id where k.prefix = ${prefix} and p.deleted_at is null`,
  );
  if (!found) return null;
  const { tenantId, partnerId, scopes, seenByRoles, ...key } = found;
  return { ...key, actor: actorOfKey(key.id, { tenantId, partnerId, scopes, seenByRoles }) };
}

interface Bearer {
  readonly tenantId: string;
  readonly partnerId: string | null;
  readonly scopes: readonly ApiKeyScope[];
  /** The present roles of the members who have seen a secret of the key. */
  readonly seenByRoles: readonly MemberRole[];
}

/** Roles that include all scopes of a key of a partner. */
const EDITORS: ReadonlySet<MemberRole> = new Set(['OWNER', 'MANAGER']);

/** Returns the weakest role that includes the scopes, limited to these scopes. A key does no more than each member who has
 *  seen its secret may do now: else a demoted member would keep its former rights through the key. */
function actorOfKey(id: string, { tenantId, partnerId, scopes, seenByRoles }: Bearer): Actor {
  const readsOnly =
    scopes.every((scope) => scope === 'READ') || seenByRoles.some((role) => !EDITORS.has(role));
  return actorOf({
    id: `key:${id}`,
    role: partnerId !== null ? 'PARTNER' : readsOnly ? 'ANALYST' : 'PROGRAM_MANAGER',
    member: readsOnly ? 'READ_ONLY' : 'MANAGER',
    tenantId,
    partnerId,
    scopes: scopes.map((scope) => permissionOf[scope]),
    credential: 'API_KEY',
  });
}
