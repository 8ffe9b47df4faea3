import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { memo } from '../../../kernel/request/memo.ts';
import { COVERED, eventHash, GENESIS, linkHash } from './chain.ts';
import { personalHash } from './record.ts';

const CHUNK = 2_000n;

/** The kinds of faults of an audit log. */
export const AuditFault = {
  CHANGED: 'CHANGED',
  DELETED: 'DELETED',
  INSERTED: 'INSERTED',
  REORDERED: 'REORDERED',
  MISSING: 'MISSING',
  FORKED: 'FORKED',
  PERSONAL_CHANGED: 'PERSONAL_CHANGED',
  UNLINKED: 'UNLINKED',
  TAIL_CUT: 'TAIL_CUT',
  REBUILT: 'REBUILT',
  SEAL_FORGED: 'SEAL_FORGED',
} as const;
export type AuditFault = (typeof AuditFault)[keyof typeof AuditFault];

interface FoundFault {
  readonly kind: AuditFault;
  /** The place in the chain; null for an entry without a place. */
  readonly seq: bigint | null;
  readonly eventId: string | null;
}

export interface Verification {
  readonly checked: number;
  readonly firstFault: FoundFault | null;
  /** The place of the last valid seal. Every change before it is detected. */
  readonly sealedThrough: bigint | null;
}

interface Link {
  readonly seq: bigint;
  readonly eventId: string;
  readonly eventHash: string;
  readonly prev: string;
  readonly hash: string;
  readonly personal: { readonly data: unknown; readonly salt: string } | null;
  /** Null for a missing entry. */
  readonly columns: readonly (string | null)[] | null;
}

type Reads = Pick<Context, 'pool' | 'actor' | 'seals'>;

/** Reads a tenant's chain from its first link to its last and recomputes every hash. It trusts no stored hash, and
 *  takes the seals from outside the database. */
export async function verifyAudit(
  ctx: Reads,
  tenantId: string,
  progress: (checked: number) => void = () => {},
): Promise<Verification> {
  const seals = new Map<bigint, string>();
  let forged = false;
  for await (const seal of ctx.seals.read()) {
    if (seal.tenantId !== tenantId) continue;
    if (seal.genuine) seals.set(seal.seq, seal.hash);
    else forged = true;
  }
  let sealedThrough: bigint | null = null;
  let checked = 0;
  const ends = (firstFault: FoundFault | null): Verification => ({ checked, firstFault, sealedThrough });
  if (forged) return ends({ kind: 'SEAL_FORGED', seq: null, eventId: null });

  let last: Link | null = null;
  for await (const link of linksOf(ctx, tenantId)) {
    const fault = await faultOf(ctx, tenantId, last, link);
    if (fault) return ends(fault);
    const sealed = seals.get(link.seq);
    if (sealed !== undefined) {
      if (sealed !== link.hash) return ends({ kind: 'REBUILT', seq: link.seq, eventId: link.eventId });
      sealedThrough = link.seq;
    }
    last = link;
    if (++checked % Number(CHUNK) === 0) progress(checked);
  }
  const head: bigint = last?.seq ?? 0n;
  if ([...seals.keys()].some((seq) => seq > head))
    return ends({ kind: 'TAIL_CUT', seq: head + 1n, eventId: null });
  const unlinked = await unlinkedOf(ctx, tenantId);
  return ends(unlinked === null ? null : { kind: 'UNLINKED', seq: null, eventId: unlinked });
}

const underWay = new WeakMap<Context['pool'], Map<string, Promise<Verification>>>();

/** Verifies the audit log of the caller's tenant. The check is slow, so concurrent callers share one. */
export async function verifyOwnAudit(ctx: Context) {
  const tenantId = ctx.actor.tenantId ?? '';
  const checks = memo(underWay, ctx.pool, () => new Map<string, Promise<Verification>>());
  const check = memo(checks, tenantId, () =>
    verifyAudit(ctx, tenantId).finally(() => checks.delete(tenantId)),
  );
  const { checked, firstFault, sealedThrough } = await check;
  return {
    ok: firstFault === null,
    checked,
    firstFault: firstFault && { ...firstFault, seq: numberOf(firstFault.seq) },
    sealedThrough: numberOf(sealedThrough),
  };
}

/** Returns every tenant that has a program, an audit log or a seal. */
export async function auditedTenants(ctx: Reads): Promise<string[]> {
  const rows = await query(
    ctx,
    sql<{ tenantId: string }>`
      select tenant_id as "tenantId" from programs union select distinct tenant_id from audit_links order by 1`,
  );
  const tenants = new Set(rows.map(({ tenantId }) => tenantId));
  for await (const { tenantId } of ctx.seals.read()) tenants.add(tenantId);
  return [...tenants];
}

const numberOf = (seq: bigint | null): number | null => (seq === null ? null : Number(seq));

/** Reads a tenant's links in the order of their places, in bounded batches. */
async function* linksOf(ctx: Reads, tenantId: string): AsyncGenerator<Link> {
  let from = await nextSeq(ctx, tenantId, null);
  while (from !== null) {
    const rows = await query(
      ctx,
      sql<Omit<Link, 'personal'> & { data: unknown; salt: string | null }>`
        select /* audit.links */ l.seq, l.event_id as "eventId", encode(l.event_hash, 'hex') as "eventHash",
          encode(l.prev_hash, 'hex') as prev, encode(l.hash, 'hex') as hash, p.data, p.salt,
          case when e.id is not null then jsonb_build_array(${sql.raw(COVERED.join(', '))}) end as columns
        from audit_links l left join audit_events e on e.id = l.event_id left join audit_personal p on p.event_id = l.event_id
        where l.tenant_id = ${tenantId} and l.seq >= ${from} and l.seq < ${from + CHUNK} order by l.seq, l.event_id`,
    );
    for (const { data, salt, ...link } of rows)
      yield { ...link, personal: salt === null ? null : { data, salt } };
    from = await nextSeq(ctx, tenantId, from + CHUNK);
  }
}

/** The first place at or after `from`. Null starts at the lowest place, which a manipulation may have put below 1. */
async function nextSeq(ctx: Reads, tenantId: string, from: bigint | null): Promise<bigint | null> {
  const [row] = await query(
    ctx,
    sql<{ seq: bigint | null }>`
      select min(seq) as seq from audit_links
      where tenant_id = ${tenantId} and ${from === null ? sql`true` : sql`seq >= ${from}`}`,
  );
  return row?.seq ?? null;
}

/** Returns the fault of a link, given that all links before it are correct; null without a fault. */
async function faultOf(
  ctx: Reads,
  tenantId: string,
  last: Link | null,
  link: Link,
): Promise<FoundFault | null> {
  const { seq, eventId, columns, personal } = link;
  const here = (kind: AuditFault): FoundFault => ({ kind, seq, eventId });
  const expected = (last?.seq ?? 0n) + 1n;
  if (seq < expected) return here('FORKED');
  if (seq > expected) return { kind: 'MISSING', seq: expected, eventId: null };
  if (columns === null) return here('DELETED');

  const own = eventHash(columns);
  if (own !== link.eventHash) {
    const elsewhere = await seqOf(ctx, tenantId, 'event_hash', own);
    return here(elsewhere === null ? 'CHANGED' : 'REORDERED');
  }
  if (columns[1] !== tenantId) return here('INSERTED'); // the entry belongs to another tenant's log
  const claimed = columns.at(-1) as string | null; // personal_hash
  if (personal && claimed !== personalHash(personal.salt, personal.data)) return here('PERSONAL_CHANGED');
  const prev = last?.hash ?? GENESIS;
  if (link.prev === prev) return link.hash === linkHash(prev, seq, own) ? null : here('CHANGED');

  const follows = link.prev === GENESIS ? 0n : await seqOf(ctx, tenantId, 'hash', link.prev);
  if (follows !== null && follows >= seq) return here('REORDERED');
  // The hash follows an earlier link, so the link in between was inserted.
  if (follows !== null && last) return { kind: 'INSERTED', seq: last.seq, eventId: last.eventId };
  // No link has the hash that this one follows. If its hash fits this place, the link before it was rebuilt. If it fits a
  // later place, links before it are missing.
  if (last && link.hash === linkHash(link.prev, seq, own))
    return { kind: 'CHANGED', seq: last.seq, eventId: last.eventId };
  return { kind: 'MISSING', seq, eventId: null };
}

async function seqOf(
  ctx: Reads,
  tenantId: string,
  column: 'event_hash' | 'hash',
  hash: string,
): Promise<bigint | null> {
  const [row] = await query(
    ctx,
    sql<{ seq: bigint }>`
      select seq from audit_links where tenant_id = ${tenantId} and ${sql.raw(column)} = decode(${hash}, 'hex') order by seq limit 1`,
  );
  return row?.seq ?? null;
}

/** Returns the oldest entry without a link, except entries of the last minute. Entries dated in the future count. */
async function unlinkedOf(ctx: Reads, tenantId: string): Promise<string | null> {
  const [row] = await query(
    ctx,
    sql<{ id: string }>`
      select e.id from audit_events e
      where e.tenant_id = ${tenantId} and e.created_at not between now() - interval '1 minute' and now() + interval '1 minute'
        and not exists (select from audit_links l where l.event_id = e.id and l.tenant_id = e.tenant_id)
      order by e.id limit 1`,
  );
  return row?.id ?? null;
}
