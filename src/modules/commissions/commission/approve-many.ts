import type { EntityManager } from '@mikro-orm/postgresql';
import type { DutyReason } from '../../../domain/duties.ts';
import { AppError } from '../../../domain/errors.ts';
import { conditionsOf } from '../../../kernel/data/plan-to-sql.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import { principalOf } from '../../../kernel/request/authority.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { record } from '../../foundation/audit/public.ts';
import { type Approved, approveLines } from './approve-lines.ts';
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
      const refused: SkippedBecause[] = [];
      const ids: string[] = [];
      for (const { id, barred, allowed } of open) {
        if (barred) refused.push('OWN_LINE');
        else if (!allowed) refused.push('FORBIDDEN');
        else ids.push(id);
      }
      const { lines, partners } = await approveBatch(em, ctx, ids);
      refused.push(...Array.from({ length: ids.length - lines }, () => 'CHANGED' as const));
      return { refused, lines, partners };
    });
    for (const reason of done.refused) skip(reason);
    approved += done.lines;
    for (const partnerId of done.partners) announceMetrics(ctx, partnerId);
  }
  return { approved, skipped: Array.from(skipped, ([reason, count]) => ({ reason, count })) };
}

interface Candidate {
  readonly id: string;
  readonly status: string;
  readonly barred: boolean;
  readonly allowed: boolean;
}

async function waiting(ctx: Context, filter: CommissionFilter | null, limit: number): Promise<Candidate[]> {
  // The policies for approval as an SQL condition: 10,000 single requests would take minutes.
  const plan = await ctx.policy.plan(principalOf(ctx.actor), commissionTable.kind, 'approve');
  const allowed = conditionsOf(plan, {
    ...commissionTable.attributes,
    makers: { sql: 'd.makers', is: 'strings' },
    deciders: { sql: 'd.deciders', is: 'strings' },
    pricers: { sql: 'd.pricers', is: 'strings' },
  });
  const listed = (reason: DutyReason) =>
    sql`coalesce(array_agg(b.actor) filter (where b.reason = ${reason}), '{}')`;
  // The duties of each commission are read once, for its policy and for the people who may be one with the actor.
  return query(
    ctx,
    sql<Candidate>`
      select /* commissions.waiting */ c.id, c.status, (${sql.and(allowed)}) is true as allowed,
        is_member_of(${ctx.actor.id}, c.partner_id)
          or exists (select from unnest(d.makers || d.deciders || d.pricers) b (actor) where may_be_one(b.actor, ${ctx.actor.id})) as barred
      from (select c as line from commissions c
        where c.reverses_id is null and c.status in ('PENDING', 'HELD') and c.tenant_id = ${ctx.actor.tenantId}
          and ${scopeOf(ctx.actor, commissionTable)} and ${sql.and(narrow(filter))}
        order by c.status = 'HELD', c.id limit ${limit}) w
      cross join lateral (select (w.line).*) c
      cross join lateral (select ${listed('OWN_LINE')} as makers, ${listed('DECIDED_SOURCE')} as deciders, ${listed('OWN_TERMS')} as pricers
        from barred_from_commission(w.line, 'APPROVE') b) d
      order by c.status = 'HELD', c.id`,
  );
}

/** Approves commissions and records one audit entry for each tenant. */
async function approveBatch(
  em: EntityManager,
  ctx: Context,
  ids: readonly string[],
): Promise<{ lines: number; partners: Set<string> }> {
  const outcomes = await approveLines(em, ctx, ids);
  const approved = [...outcomes.values()].filter(
    (outcome): outcome is Approved => !(outcome instanceof AppError),
  );
  for (const [tenantId, lines] of Map.groupBy(approved, (line) => line.tenantId)) {
    const subjects = lines.flatMap(({ id, refunds }) => [id, ...refunds]);
    record(
      em,
      ctx,
      'commissions.approved',
      { id: null, tenantId },
      { before: { status: 'PENDING' }, after: { status: 'APPROVED', count: subjects.length }, subjects },
    );
  }
  return { lines: approved.length, partners: new Set(approved.map(({ partnerId }) => partnerId)) };
}

/** Approves commissions automatically for programs with this setting: hold days over by the database's clock, partner
 *  ACTIVE. Commissions created by hand wait for another person, and held commissions for their holds. */
export async function autoApprove(ctx: Context): Promise<void> {
  for (;;) {
    const done = await transact(ctx, async (em) => {
      const due = await sql<{ id: string }>`
        select c.id from programs g join commissions c on c.tenant_id = g.tenant_id join partners p on p.id = c.partner_id
        where g.auto_approve and c.status = 'PENDING' and c.created_by is null and c.reverses_id is null and c.hold_until <= now()
          and p.status = 'ACTIVE' and p.deleted_at is null and (c.adjusts_id is null or not is_made_by_hand(c.id) and not is_held(c.id))
        order by c.id limit ${BATCH} for update of c skip locked`.execute(em);
      return approveBatch(
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
