import type { EntityManager } from '@mikro-orm/postgresql';
import { conditionsOf } from '../../../kernel/data/plan-to-sql.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import { principalOf } from '../../../kernel/request/authority.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { hasSeenKey } from '../../access/api-keys/public.ts';
import { record } from '../../foundation/audit/public.ts';
import { postAccruals } from '../../foundation/ledger/public.ts';
import { commissionTable } from './commission.entity.ts';
import type { CommissionFilter } from './commission.inputs.ts';
import { narrow } from './commission.loader.ts';

const BATCH = 1_000;

/** Why a commission was skipped. */
type SkippedBecause = 'HELD' | 'OWN_LINE' | 'FORBIDDEN' | 'CHANGED';

export interface ApprovedAll {
  readonly approved: number;
  readonly skipped: { readonly reason: SkippedBecause; readonly count: number }[];
}

/** Approves the pending commissions of a filter, oldest first, in batches with a transaction each. The current policies are
 *  asked once for all commissions. */
export async function approveAll(
  ctx: Context,
  filter: CommissionFilter | null,
  limit: number,
): Promise<ApprovedAll> {
  const skipped = new Map<SkippedBecause, number>();
  const skip = (reason: SkippedBecause, count = 1) =>
    count && skipped.set(reason, (skipped.get(reason) ?? 0) + count);
  const candidates = await waiting(ctx, filter, limit);
  let approved = 0;
  for (let start = 0; start < candidates.length; start += BATCH) {
    const batch = candidates.slice(start, start + BATCH);
    const held = batch.filter(({ status }) => status === 'HELD');
    skip('HELD', held.length);
    const open = batch.filter(({ status }) => status !== 'HELD');
    const done = await transact(ctx, async (em) => {
      const own = await ownMakers(em, ctx, open);
      const refused: SkippedBecause[] = [];
      const ids: string[] = [];
      for (const { id, maker, allowed } of open) {
        if (own.has(maker)) refused.push('OWN_LINE');
        else if (!allowed) refused.push('FORBIDDEN');
        else ids.push(id);
      }
      const { lines, partners } = await approveLines(em, ctx, ids);
      refused.push(...Array.from({ length: ids.length - lines }, () => 'CHANGED' as const));
      return { refused, lines, partners };
    });
    for (const reason of done.refused) skip(reason);
    approved += done.lines;
    for (const partnerId of done.partners) announceMetrics(ctx, partnerId);
  }
  return { approved, skipped: Array.from(skipped, ([reason, count]) => ({ reason, count })) };
}

// Falls back to '', an id that no person has, so that the comparison in the policy is never NULL.
const MAKER = "coalesce(c.created_by, c.stated_by, '')";

interface Candidate {
  readonly id: string;
  readonly status: string;
  readonly maker: string;
  readonly allowed: boolean;
}

async function waiting(ctx: Context, filter: CommissionFilter | null, limit: number): Promise<Candidate[]> {
  // The policies for approval as an SQL condition: 10,000 single requests would take minutes.
  const plan = await ctx.policy.plan(principalOf(ctx.actor), commissionTable.kind, 'approve');
  const allowed = conditionsOf(plan, {
    ...commissionTable.attributes,
    createdBy: { sql: MAKER, is: 'string' },
  });
  return query(
    ctx,
    sql<Candidate>`
      select /* commissions.waiting */ c.id, c.status,
        case when is_member_of(${ctx.actor.id}, c.partner_id) then ${ctx.actor.id} else ${sql.raw(MAKER)} end as maker,
        (${sql.and(allowed)}) is true as allowed
      from commissions c
      where c.reverses_id is null and c.status in ('PENDING', 'HELD') and c.tenant_id = ${ctx.actor.tenantId}
        and ${scopeOf(ctx.actor, commissionTable)} and ${sql.and(narrow(filter))}
      order by c.status = 'HELD', c.id limit ${limit}`,
  );
}

/** Returns the creators that count as the actor: the actor and the API keys whose secret the actor has seen. */
async function ownMakers(
  em: EntityManager,
  { actor }: Context,
  lines: readonly Candidate[],
): Promise<Set<string>> {
  const own = new Set<string>();
  for (const maker of new Set(lines.map((line) => line.maker)))
    if (maker === actor.id || (await hasSeenKey(em, maker, actor.id))) own.add(maker);
  return own;
}

/** Approves those commissions that are still PENDING, with their pending refunds. Writes the ledger and the audit log as
 *  single approvals do. */
async function approveLines(
  em: EntityManager,
  ctx: Context,
  ids: readonly string[],
): Promise<{ lines: number; partners: Set<string> }> {
  const { actor, clock } = ctx;
  // The ids are arrays, whose length the planner sees. For a set of unknown size it may read the whole table for each batch.
  // Lock first and read afterwards, to see the rows of concurrent changes.
  const lines = await sql<{ id: string }>`
    select id from commissions where id = any(${ids}::uuid[]) and status = 'PENDING' and reverses_id is null order by id for update
  `.execute(em);
  if (lines.length === 0) return { lines: 0, partners: new Set() };
  const own = lines.map(({ id }) => id);
  const refunds = await sql<{ id: string }>`
    select id from commissions where reverses_id = any(${own}::uuid[]) and status = 'PENDING'`.execute(em);
  const all = await sql<{ id: string; tenantId: string; partnerId: string }>`
    update commissions set status = 'APPROVED', approved_at = ${clock.now()}, approved_by = ${actor.id}
    where id = any(${[...own, ...refunds.map(({ id }) => id)]}::uuid[])
    returning id, tenant_id as "tenantId", partner_id as "partnerId"`.execute(em);
  await postAccruals(
    em,
    all.map(({ id }) => id),
  );
  for (const [tenantId, mine] of Map.groupBy(all, (line) => line.tenantId))
    record(
      em,
      ctx,
      'commissions.approved',
      { id: null, tenantId },
      {
        before: { status: 'PENDING' },
        after: { status: 'APPROVED', count: mine.length },
        subjects: mine.map(({ id }) => id),
      },
    );
  return { lines: lines.length, partners: new Set(all.map(({ partnerId }) => partnerId)) };
}

/** Approves commissions automatically for programs with this setting: hold days over by the database's clock, partner
 *  ACTIVE. Commissions created by hand wait for another person, and held commissions for their holds. */
export async function autoApprove(ctx: Context): Promise<void> {
  for (;;) {
    const done = await transact(ctx, async (em) => {
      const due = await sql<{ id: string }>`
        select c.id from programs g join commissions c on c.tenant_id = g.tenant_id join partners p on p.id = c.partner_id
        where g.auto_approve and c.status = 'PENDING' and c.created_by is null and c.reverses_id is null and c.hold_until <= now()
          and p.status = 'ACTIVE' and p.deleted_at is null
        order by c.id limit ${BATCH} for update of c skip locked`.execute(em);
      return approveLines(
        em,
        ctx,
        due.map(({ id }) => id),
      );
    });
    for (const partnerId of done.partners) announceMetrics(ctx, partnerId);
    if (done.lines) ctx.log.info({ lines: done.lines }, 'commissions approved automatically');
    if (done.lines < BATCH) return;
  }
}
