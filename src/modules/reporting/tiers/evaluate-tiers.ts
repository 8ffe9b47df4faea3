import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { conflict } from '../../../domain/errors.ts';
import type { PartnerStatus, PartnerTier } from '../../../domain/partner.ts';
import { evaluateTier, type TierChange, type TierThreshold, tierEarned } from '../../../domain/tier.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { record } from '../../foundation/audit/public.ts';
import { settleManagers } from '../../programs/account-managers/public.ts';
import { type Program, programOf } from '../../programs/program/public.ts';

import { loadMonth, loadThresholds, measure, type TierMonth } from './tier-metrics.ts';
import { trueUpSales } from './true-up-sales.ts';

const CHUNK = 2_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

export interface TierRun {
  readonly month: string;
  evaluated: number;
  promoted: number;
  demoted: number;
  forgiven: number;
  blocked: number;
  /** The reasons why partners could not be evaluated, without duplicates. */
  readonly reasons: string[];
}

/** Evaluates the tiers of the caller's program for a month. Earlier decisions do not change; blocked partners are evaluated again. */
export async function evaluateTiers(ctx: Context, tenantId: string, day: string): Promise<TierRun> {
  const { program, month, thresholds } = await transact(ctx, async (em) => {
    const program = await programOf(em, tenantId);
    const month = await loadMonth(em, program, day);
    return {
      program,
      month,
      thresholds: await loadThresholds(em, tenantId, new Date(month.endsAt.getTime() - 1)),
    };
  });
  if (ctx.clock.now() < month.settlesAt)
    throw conflict(`The month can be evaluated from ${month.settlesAt.toISOString()}. Try again then.`, {
      field: 'month',
      reason: 'NOT_SETTLED',
    });
  const run: TierRun = {
    month: month.month,
    evaluated: 0,
    promoted: 0,
    demoted: 0,
    forgiven: 0,
    blocked: 0,
    reasons: [],
  };
  for (let last: string | null = FIRST; last !== null; )
    last = await transact(ctx, (em) =>
      evaluateChunk(em, ctx, { program, month, thresholds, run }, last ?? FIRST),
    );
  return run;
}

interface Evaluation {
  readonly program: Program;
  readonly month: TierMonth;
  readonly thresholds: readonly TierThreshold[];
  readonly run: TierRun;
}

interface Standing {
  readonly id: string;
  readonly status: PartnerStatus;
  readonly tier: PartnerTier;
  readonly misses: number;
  readonly locked: boolean;
  readonly waits: string | null;
}

/** The partner's row in `tier_evaluations`. */
interface Decided {
  readonly id: string;
  readonly partner_id: string;
  readonly revenue_minor: string | null;
  readonly customers: number;
  readonly earned: PartnerTier | null;
  readonly tier_before: PartnerTier;
  readonly tier_after: PartnerTier;
  readonly misses: number;
  readonly change: TierChange | 'BLOCKED';
  readonly effective_at: Date;
  readonly blocked: string | null;
}

/** Evaluates a limited number of partners in one transaction with the audit entry. Returns the last partner's id, or
 *  null at the end. The lock makes sales of these partners wait, so that no sale gets the old rate. */
async function evaluateChunk(
  em: EntityManager,
  ctx: Context,
  { program, month, thresholds, run }: Evaluation,
  after: string,
): Promise<string | null> {
  const { tenantId } = program;
  const now = ctx.clock.now();
  const ids = (
    await sql<{ id: string }>`
      select id from partners where tenant_id = ${tenantId} and id > ${after} and deleted_at is null and created_at < ${month.endsAt}
      order by id limit ${CHUNK} for no key update`.execute(em)
  ).map(({ id }) => id);
  const standings = ids.length === 0 ? [] : await loadStandings(em, month, ids);
  const measured =
    standings.length === 0
      ? null
      : await measure(
          em,
          program,
          month,
          standings.map(({ id }) => id),
        );
  const decided = standings.flatMap((standing): Decided[] => {
    const result = measured?.(standing.id);
    if (!result) return [];
    const blocked = standing.waits ?? ('blocked' in result ? result.blocked : null);
    const kept = {
      id: v7(),
      partner_id: standing.id,
      tier_before: standing.tier,
      customers: result.customers,
    };
    if (blocked !== null || 'blocked' in result)
      return [
        {
          ...kept,
          revenue_minor: null,
          earned: null,
          tier_after: standing.tier,
          misses: standing.misses,
          change: 'BLOCKED',
          effective_at: month.endsAt,
          blocked,
        },
      ];
    const earned = tierEarned(thresholds, result);
    const { tier, misses, change } = evaluateTier(standing, earned, {
      graceMonths: program.tierGraceMonths,
      maxDrop: program.tierMaxDrop,
    });
    // A demotion never reduces earlier commissions: a lower tier starts now.
    const effective_at = change === 'DEMOTED' ? now : month.endsAt;
    const revenue_minor = `${result.revenue}`;
    return [
      { ...kept, revenue_minor, earned, tier_after: tier, misses, change, effective_at, blocked: null },
    ];
  });
  await sql`
    insert into tier_evaluations as t (id, tenant_id, partner_id, month, revenue_minor, revenue_currency, customers, earned,
      tier_before, tier_after, misses, change, effective_at, blocked)
    select id, ${tenantId}, partner_id, ${month.month}::date, revenue_minor, case when revenue_minor is null then null else ${program.currency} end,
      customers, earned, tier_before, tier_after, misses, change, effective_at, blocked
    from jsonb_to_recordset(${JSON.stringify(decided)}::jsonb) d (id uuid, partner_id uuid, revenue_minor bigint, customers int,
      earned text, tier_before text, tier_after text, misses int, change text, effective_at timestamptz, blocked text)
    on conflict (partner_id, month, tenant_id) do update set revenue_minor = excluded.revenue_minor, revenue_currency = excluded.revenue_currency,
      customers = excluded.customers, earned = excluded.earned, tier_before = excluded.tier_before, tier_after = excluded.tier_after,
      misses = excluded.misses, change = excluded.change, effective_at = excluded.effective_at, blocked = excluded.blocked
  `.execute(em);
  await moveTiers(em, ctx, program, month, decided, new Map(standings.map((each) => [each.id, each.status])));

  const count = (change: Decided['change']) => decided.filter((each) => each.change === change).length;
  const chunk = {
    promoted: count('PROMOTED'),
    demoted: count('DEMOTED'),
    forgiven: count('FORGIVEN'),
    blocked: count('BLOCKED'),
  };
  const evaluated = decided.length - chunk.blocked;
  run.evaluated += evaluated;
  run.promoted += chunk.promoted;
  run.demoted += chunk.demoted;
  run.forgiven += chunk.forgiven;
  run.blocked += chunk.blocked;
  for (const { blocked } of decided)
    if (blocked !== null && run.reasons.length < 20 && !run.reasons.includes(blocked))
      run.reasons.push(blocked);
  if (decided.length > 0 || ctx.actor.role !== 'SYSTEM')
    record(
      em,
      ctx,
      'tiers.evaluated',
      { id: null, tenantId },
      {
        after: { month: month.month, evaluated, ...chunk },
        subjects: decided
          .filter((each) => each.tier_after !== each.tier_before)
          .map((each) => each.partner_id),
      },
    );
  return ids.length < CHUNK ? null : (ids.at(-1) as string);
}

/** The partners that were active at the end of the month and are not evaluated yet, with their tier at that time. */
async function loadStandings(
  em: EntityManager,
  { month, endsAt }: TierMonth,
  ids: string[],
): Promise<Standing[]> {
  const rows = await sql<
    Omit<Standing, 'misses' | 'waits'> & {
      last_misses: number | null;
      last_tier: PartnerTier | null;
      waits: string | null;
    }
  >`
    select p.id, h.status, h.tier, l.misses as last_misses, l.tier_after as last_tier,
      exists (select from tier_locks k where k.partner_id = p.id and k.unlocked_at is null) as locked,
      (select to_char(min(b.month), 'YYYY-MM') from tier_evaluations b
       where b.partner_id = p.id and b.month < ${month}::date and b.change = 'BLOCKED') as waits
    from unnest(${ids}::uuid[]) p (id)
    cross join lateral (select status, tier from partner_history where partner_id = p.id and effective_at <= ${endsAt}
      order by effective_at desc, id desc limit 1) h
    left join lateral (select misses, tier_after from tier_evaluations e where e.partner_id = p.id and e.month < ${month}::date
      order by e.month desc limit 1) l on true
    where h.status = 'ACTIVE' and not exists (select from tier_evaluations e
      where e.partner_id = p.id and e.month >= ${month}::date and e.change <> 'BLOCKED')`.execute(em);
  return rows.map(({ last_misses, last_tier, waits, ...row }) => ({
    ...row,
    misses: last_tier === row.tier ? (last_misses ?? 0) : 0,
    waits: waits === null ? null : `The evaluation of the month ${waits} is blocked.`,
  }));
}

/** Stores the new tiers: in the history with their start time, on the partner unless a later tier applies, and
 *  creates true-ups for the sales since then. */
async function moveTiers(
  em: EntityManager,
  ctx: Context,
  { tenantId }: Program,
  { month, endsAt }: TierMonth,
  decided: readonly Decided[],
  statuses: ReadonlyMap<string, PartnerStatus>,
): Promise<void> {
  const moved = decided.filter((each) => each.tier_after !== each.tier_before);
  if (moved.length === 0) return;
  const later = await sql<{
    partner_id: string;
    status: PartnerStatus;
    tier: PartnerTier;
    effective_at: string;
  }>`
    select partner_id, status, tier, effective_at from partner_history
    where partner_id = any(${moved.map((each) => each.partner_id)}::uuid[]) and effective_at > ${endsAt}
    order by partner_id, effective_at, id`.execute(em);
  const laterOf = Map.groupBy(later, (row) => row.partner_id);
  const history: object[] = [];
  const current: { id: string; tier: PartnerTier }[] = [];
  const promoted: { id: string; before: PartnerTier; after: PartnerTier; until: Date | null }[] = [];
  for (const { partner_id, tier_before: before, tier_after: tier, change, effective_at } of moved) {
    const rows = laterOf.get(partner_id) ?? [];
    const other = rows.find((row) => row.tier !== before); // a tier that was set later by hand stays
    if (other && change === 'DEMOTED') continue;
    const until = other ? new Date(other.effective_at) : null;
    const reason = `${change === 'PROMOTED' ? 'reached' : 'missed too often'} in ${month.slice(0, 7)}`;
    const row = { partner_id, tier, changed_by: ctx.actor.id, reason };
    const status = (change === 'DEMOTED' ? rows.at(-1)?.status : null) ?? statuses.get(partner_id);
    history.push({ ...row, id: v7(), status, effective_at });
    if (change === 'PROMOTED') {
      for (const each of rows.filter((each) => until === null || new Date(each.effective_at) < until))
        history.push({ ...row, id: v7(), status: each.status, effective_at: each.effective_at });
      promoted.push({ id: partner_id, before, after: tier, until });
    }
    if (!other) current.push({ id: partner_id, tier });
  }
  await sql`
    insert into partner_history (id, tenant_id, partner_id, status, tier, effective_at, changed_by, reason)
    select id, ${tenantId}, partner_id, status, tier, effective_at, changed_by, reason
    from jsonb_to_recordset(${JSON.stringify(history)}::jsonb) h (id uuid, partner_id uuid, status text, tier text,
      effective_at timestamptz, changed_by text, reason text)`.execute(em);
  await sql`
    update partners p set tier = c.tier, updated_at = ${ctx.clock.now()}
    from jsonb_to_recordset(${JSON.stringify(current)}::jsonb) c (id uuid, tier text) where p.id = c.id
  `.execute(em);
  await settleManagers(
    em,
    ctx,
    tenantId,
    current.map(({ id }) => id),
  );
  await trueUpSales(em, ctx, { tenantId, since: endsAt, promoted });
}

/** Enqueues the due months: for every program with automatic tiers, the last settled month, and
 *  before it the blocked months. */
export async function enqueueTierEvaluations(ctx: Context): Promise<void> {
  const programs = await sql<{ tenant_id: string; month: string }>`
    select g.tenant_id, m.month::text from programs g
    cross join lateral (select (date_trunc('month', (${ctx.clock.now()}::timestamptz at time zone g.time_zone) - g.tier_settle_days * interval '1 day')
      - interval '1 month')::date as month) m
    where g.automatic_tiers and exists (select from partners p where p.tenant_id = g.tenant_id)
  `.execute(ctx.em);
  await transact(ctx, async (em) => {
    for (const { tenant_id: tenantId, month } of programs)
      await enqueue(em, 'evaluate_tiers', { tenantId, month }, { key: `evaluate_tiers:${tenantId}` });
  });
}

/** Evaluates one program's undecided months up to `month`, oldest first. */
export async function evaluateDueTiers(ctx: Context, tenantId: string, month: string): Promise<void> {
  const blocked = await sql<{ month: string }>`
    select distinct month::text from tier_evaluations
    where tenant_id = ${tenantId} and change = 'BLOCKED' and month < ${month}::date order by 1
  `.execute(ctx.em);
  for (const due of [...blocked.map((row) => row.month), month]) {
    const { reasons, ...result } = await evaluateTiers(ctx, tenantId, due);
    if (result.blocked > 0) ctx.log.warn({ tenantId, ...result, reasons }, 'tiers could not be evaluated');
    else ctx.log.info({ tenantId, ...result }, 'tiers evaluated');
  }
}
