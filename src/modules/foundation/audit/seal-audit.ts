import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import type { Seal } from '../../../ports/audit-seals.ts';

const BATCH = 5_000;

/** Links every committed entry that has no link yet. Returns their number. */
export async function linkAudit(ctx: Pick<Context, 'pool' | 'actor'>): Promise<number> {
  for (let linked = 0; ; ) {
    const [{ count } = { count: 0 }] = await query(
      ctx,
      sql<{ count: number }>`select link_audit_events(${BATCH}) as count`,
    );
    linked += count;
    if (count !== BATCH) return linked;
  }
}

type Seals = Pick<Context, 'pool' | 'actor' | 'seals' | 'clock' | 'log'>;

/** Seals the head of each chain that grew since its last seal. A chain that contradicts its last seal gets no new one:
 *  that would hide the manipulation. */
export async function sealAudit(ctx: Seals): Promise<Seal[]> {
  await linkAudit(ctx);
  const last = new Map<string, Seal>();
  for await (const seal of ctx.seals.read()) if (seal.genuine) last.set(seal.tenantId, seal);
  const heads = await query(
    ctx,
    sql<Pick<Seal, 'tenantId' | 'seq' | 'hash'>>`
      select p.tenant_id as "tenantId", l.seq, encode(l.hash, 'hex') as hash from programs p
      cross join lateral (select seq, hash from audit_links where tenant_id = p.tenant_id order by seq desc limit 1) l
      order by 1`,
  );
  const seals: Seal[] = [];
  for (const { tenantId, seq, hash } of heads) {
    const before = last.get(tenantId);
    if (before && !(await holds(ctx, before))) {
      ctx.log.error({ tenantId, seq: `${before.seq}` }, 'the audit log contradicts its last seal');
    } else if (!before || before.seq < seq) seals.push({ tenantId, seq, hash, sealedAt: ctx.clock.now() });
  }
  await ctx.seals.append(seals);
  for (const { seq, ...seal } of seals)
    ctx.log.info({ seal: { ...seal, seq: `${seq}` } }, 'audit log sealed');
  return seals;
}

async function holds(ctx: Seals, { tenantId, seq, hash }: Seal): Promise<boolean> {
  const statement = sql`select 1 from audit_links where tenant_id = ${tenantId} and seq = ${seq} and hash = decode(${hash}, 'hex')`;
  return (await query(ctx, statement)).length > 0;
}
