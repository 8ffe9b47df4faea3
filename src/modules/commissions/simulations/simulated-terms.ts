import type { EntityManager } from '@mikro-orm/postgresql';
import { invalid, notFound } from '../../../domain/errors.ts';
import type { PartnerTier } from '../../../domain/partner.ts';
import type { Rule } from '../../../domain/plan.ts';
import type { TermsInForce } from '../../../domain/simulation.ts';
import { evaluateTier, type TierThreshold, tierEarned } from '../../../domain/tier.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { amountOf } from '../../../kernel/request/currency.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { findPartner } from '../../partners/partner/public.ts';
import { type Program, TierConfigVersion } from '../../programs/program/public.ts';
import { CommissionPlan, CommissionRule, ruleOf, triedRule } from '../plans/public.ts';
import type { SimulatePlanInput } from './simulation.inputs.ts';

/** The changed terms of the input, without the months. */
export type Changes = Pick<SimulatePlanInput, 'add' | 'change' | 'remove' | 'tiers' | 'flatRate'>;

/** A rule with the id of its owner, a plan or a partner. */
interface OwnedRule {
  readonly rule: Rule;
  readonly owner: string;
}

interface ChangedTier {
  readonly rateBps: number | null;
  readonly minRevenue: bigint | null;
  readonly minCustomers: number | null;
}

interface Resolved {
  readonly added: readonly OwnedRule[];
  readonly changed: ReadonlyMap<string, Rule>;
  readonly removed: ReadonlySet<string>;
  readonly tiers: ReadonlyMap<PartnerTier, ChangedTier>;
}

/** Converts the input to terms of the domain. Throws BAD_USER_INPUT for changes that contradict each other, and NOT_FOUND
 *  for ids outside the program. */
export async function resolve(em: EntityManager, program: Program, changes: Changes): Promise<Resolved> {
  const { tenantId } = program;
  const { add, change, remove, tiers, flatRate } = changes;
  if (flatRate != null && (add ?? change ?? remove ?? tiers) != null)
    throw invalid('input.flatRate', 'replaces all other terms, so it cannot be combined with them');
  const keyOf = async (id: string, field: string): Promise<CommissionRule> => {
    const rule = await em.findOne(CommissionRule, { id: idOf(id, field), tenantId });
    if (!rule) throw notFound('rule', { field });
    return rule;
  };
  const added: OwnedRule[] = [];
  for (const [index, input] of (add ?? []).entries()) {
    const path = `input.add.${index}`;
    const owner = await findOwner(em, tenantId, input, path);
    const of = input.partnerId == null ? 'PLAN' : 'PARTNER';
    const name = `added ${index}`;
    added.push({ owner, rule: triedRule(input, { path, id: name, key: name, version: 1, of }) });
  }
  const changed = new Map<string, Rule>();
  for (const [index, { ruleId, rule: input }] of (change ?? []).entries()) {
    const field = `input.change.${index}.ruleId`;
    const { ruleKey: key, version, partnerId } = await keyOf(ruleId, field);
    if (changed.has(key)) throw invalid(field, 'must not name a rule twice');
    const of = partnerId ? 'PARTNER' : 'PLAN';
    const identity = {
      path: `input.change.${index}.rule`,
      id: `changed ${index}`,
      key,
      version,
      of,
    } as const;
    changed.set(key, triedRule(input, identity));
  }
  const removed = new Set<string>();
  for (const [index, id] of (remove ?? []).entries()) {
    const { ruleKey } = await keyOf(id, `input.remove.${index}`);
    if (changed.has(ruleKey))
      throw invalid(`input.remove.${index}`, 'must not name a rule that is also in change');
    removed.add(ruleKey);
  }
  return { added, changed, removed, tiers: tiersOf(program, tiers ?? []) };
}

async function findOwner(
  em: EntityManager,
  tenantId: string,
  { planId, partnerId }: NonNullable<Changes['add']>[number],
  path: string,
): Promise<string> {
  if ((planId == null) === (partnerId == null))
    throw invalid(`${path}.planId`, 'must be given when partnerId is absent, and only then');
  if (partnerId != null) {
    const partner = await findPartner(em, partnerId, `${path}.partnerId`);
    if (partner.tenantId !== tenantId) throw notFound('partner', { field: `${path}.partnerId` });
    return partner.id;
  }
  const plan = await em.findOne(CommissionPlan, { id: idOf(planId ?? '', `${path}.planId`), tenantId });
  if (!plan) throw notFound('plan', { field: `${path}.planId` });
  return plan.id;
}

function tiersOf({ currency }: Program, given: NonNullable<Changes['tiers']>): Map<PartnerTier, ChangedTier> {
  const tiers = new Map<PartnerTier, ChangedTier>();
  for (const [index, { tier, commissionRate, minMonthlyRevenue, minCustomers }] of given.entries()) {
    const field = `input.tiers.${index}`;
    if (tiers.has(tier)) throw invalid(`${field}.tier`, 'must name each tier once');
    const minRevenue =
      minMonthlyRevenue == null
        ? null
        : amountOf(minMonthlyRevenue, currency, `${field}.minMonthlyRevenue`).minor;
    if (minRevenue !== null && minRevenue < 0n)
      throw invalid(`${field}.minMonthlyRevenue`, 'must not be negative');
    tiers.set(tier, { rateBps: commissionRate ?? null, minRevenue, minCustomers: minCustomers ?? null });
  }
  return tiers;
}

export interface Span {
  /** First day of the first month, and first day of the month after the last. */
  readonly month: string;
  readonly next: string;
}

/** The terms in force and the changed ones. */
export interface SimulatedTerms {
  readonly now: TermsInForce;
  readonly changed: TermsInForce;
  /** Returns a stored version of a rule. */
  version(id: string): Rule | null;
  /** True for the key of a stored rule, false for a rule that the simulation adds. */
  isStored(key: string): boolean;
}

/** Reads all terms once: all rule versions, plans of partners, rates and tiers. */
export async function simulatedTerms(
  em: EntityManager,
  program: Program,
  changes: Changes,
  span: Span,
): Promise<SimulatedTerms> {
  const { tenantId } = program;
  const { added, changed, removed, tiers } = await resolve(em, program, changes);
  const rows = await em.find(CommissionRule, { tenantId }, { disableIdentityMap: true });
  const planAt = await loadPlans(em, tenantId);
  const rates = new Map(
    (
      await sql<{
        id: string;
        rate: number;
      }>`select id, rate_bps as rate from partners where tenant_id = ${tenantId} and rate_bps is not null
      `.execute(em)
    ).map(({ id, rate }) => [id, rate]),
  );
  const versions = await em.find(
    TierConfigVersion,
    { tenantId },
    { orderBy: { effectiveAt: 'desc', id: 'desc' }, disableIdentityMap: true },
  );
  const versionAt = (tier: PartnerTier, at: Date): TierConfigVersion | undefined =>
    versions.find((each) => each.tier === tier && each.effectiveAt <= at);
  const thresholdsAt = (at: Date): TierThreshold[] =>
    [...new Set(versions.map(({ tier }) => tier))].flatMap((tier) => {
      const version = versionAt(tier, at);
      const given = tiers.get(tier);
      return version
        ? [
            {
              tier,
              minRevenue: given?.minRevenue ?? version.minMonthlyRevenue.minor,
              minCustomers: given?.minCustomers ?? version.minCustomers,
            },
          ]
        : [];
    });
  const retiered = [...tiers.values()].some((tier) => (tier.minRevenue ?? tier.minCustomers) !== null);
  const courses = retiered ? await tierCourses(em, program, span, thresholdsAt) : new Map<string, Course>();
  const partnerRate = (partnerId: string): number | null => rates.get(partnerId) ?? null;
  const byId = new Map(rows.map((row) => [row.id as string, ruleOf(row)]));
  const keys = new Set(rows.map(({ ruleKey }) => ruleKey));
  return {
    now: {
      flatRateBps: null,
      rulesFor: rulesBy(versionsOf(rows, new Map(), new Set()), planAt),
      partnerRate,
      tierRate: (tier, at) => versionAt(tier, at)?.rateBps ?? 0,
      tierAt: () => null,
    },
    changed: {
      flatRateBps: changes.flatRate ?? null,
      rulesFor: rulesBy([...added, ...versionsOf(rows, changed, removed)], planAt),
      partnerRate,
      tierRate: (tier, at) => tiers.get(tier)?.rateBps ?? versionAt(tier, at)?.rateBps ?? 0,
      tierAt: (partnerId, at) => courses.get(partnerId)?.findLast(({ from }) => from <= at)?.tier ?? null,
    },
    version: (id) => byId.get(id) ?? null,
    isStored: (key) => keys.has(key),
  };
}

/** Returns the rules of a partner and its plan. Each list is built once. */
function rulesBy(
  owned: readonly OwnedRule[],
  planAt: (partnerId: string, at: Date) => string | null,
): TermsInForce['rulesFor'] {
  const byOwner = Map.groupBy(owned, ({ owner }) => owner);
  const rulesOf = new Map([...byOwner].map(([owner, list]) => [owner, list.map(({ rule }) => rule)]));
  const both = new Map<string, readonly Rule[]>();
  return (partnerId, at) => {
    const plan = planAt(partnerId, at) ?? '';
    const own = rulesOf.get(partnerId);
    const planned = rulesOf.get(plan) ?? [];
    if (!own) return planned;
    const name = `${partnerId} ${plan}`;
    const known = both.get(name);
    if (known) return known;
    const joined = [...own, ...planned];
    both.set(name, joined);
    return joined;
  };
}

/** Returns the versions with their end, which is the start of the next version. A changed rule is in force from its own
 *  `effectiveAt`. */
function versionsOf(
  rows: readonly CommissionRule[],
  changed: ReadonlyMap<string, Rule>,
  removed: ReadonlySet<string>,
): OwnedRule[] {
  return [...Map.groupBy(rows, ({ ruleKey }) => ruleKey)].flatMap(([key, versions]) => {
    if (removed.has(key)) return [];
    const owner = (versions[0]?.planId ?? versions[0]?.partnerId) as string;
    const instead = changed.get(key);
    versions.sort((a, b) => a.version - b.version);
    const was = versions.flatMap((row, index) => {
      const next = versions[index + 1]?.effectiveAt ?? null;
      const until = instead && (next === null || instead.from < next) ? instead.from : next;
      return row.ended ? [] : [{ owner, rule: { ...ruleOf(row), until } }];
    });
    return instead ? [...was, { owner, rule: instead }] : was;
  });
}

async function loadPlans(
  em: EntityManager,
  tenantId: string,
): Promise<(partnerId: string, at: Date) => string | null> {
  const standard = await em.findOne(CommissionPlan, { tenantId, isDefault: true });
  const rows = await sql<{ partner_id: string; plan_id: string | null; at: string }>`
    select partner_id, plan_id, effective_at as at from plan_memberships
    where tenant_id = ${tenantId} order by partner_id, effective_at, id`.execute(em);
  const dated = rows.map(({ partner_id, plan_id, at }) => ({ partner_id, plan_id, at: new Date(at) }));
  const byPartner = Map.groupBy(dated, ({ partner_id }) => partner_id);
  return (partnerId, at) =>
    byPartner.get(partnerId)?.findLast((each) => each.at <= at)?.plan_id ?? standard?.id ?? null;
}

/** The tiers of a partner over time, oldest first. */
type Course = readonly { readonly from: Date; readonly tier: PartnerTier }[];

/** Computes the tiers of the months under other thresholds, from the stored results of each month. A tier set by hand
 *  stays, and so does a locked tier. */
async function tierCourses(
  em: EntityManager,
  { tenantId, timeZone, tierSettleDays, tierGraceMonths, tierMaxDrop }: Program,
  { month: first, next }: Span,
  thresholdsAt: (at: Date) => TierThreshold[],
): Promise<Map<string, Course>> {
  const rows = await sql<{
    partner_id: string;
    within: boolean;
    revenue: string;
    customers: number;
    before: PartnerTier;
    after: PartnerTier;
    misses: number;
    change: string;
    effective: string;
    starts: string;
    ends: string;
    settles: string;
  }>`
    select partner_id, month >= ${first}::date as within, revenue_minor::text as revenue, customers, tier_before as before,
      tier_after as after, misses, change, effective_at as effective, (month::timestamp at time zone ${timeZone}) as starts,
      ((month + interval '1 month') at time zone ${timeZone}) as ends,
      ((month + interval '1 month' + ${tierSettleDays} * interval '1 day') at time zone ${timeZone}) as settles
    from tier_evaluations where tenant_id = ${tenantId} and change <> 'BLOCKED'
      and month >= ${first}::date - interval '1 month' and month < ${next}::date
    order by partner_id, month`.execute(em);
  const courses = new Map<string, Course>();
  for (const [partnerId, months] of Map.groupBy(rows, ({ partner_id }) => partner_id)) {
    const course: { from: Date; tier: PartnerTier }[] = [];
    let [tier, misses, was] = ['BRONZE' as PartnerTier, 0, null as PartnerTier | null];
    for (const each of months) {
      if (was !== each.before) {
        [tier, misses] = [each.before, 0];
        course.push({ from: was === null ? new Date(0) : new Date(each.starts), tier });
      }
      was = each.after;
      if (!each.within) {
        [tier, misses] = [each.after, each.misses];
        course.push({ from: new Date(each.effective), tier });
        continue;
      }
      const ends = new Date(each.ends);
      const result = { revenue: BigInt(each.revenue), customers: each.customers };
      const earned = tierEarned(thresholdsAt(new Date(ends.getTime() - 1)), result);
      const standing = { tier, misses, locked: each.change === 'LOCKED' };
      const made = evaluateTier(standing, earned, { graceMonths: tierGraceMonths, maxDrop: tierMaxDrop });
      const same = made.change === each.change && made.tier === each.after;
      const from = same ? each.effective : made.change === 'DEMOTED' ? each.settles : each.ends;
      [tier, misses] = [made.tier, made.misses];
      course.push({ from: new Date(from), tier });
    }
    courses.set(partnerId, course);
  }
  return courses;
}
