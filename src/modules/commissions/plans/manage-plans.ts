import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { about, lockPartner } from '../../partners/partner/public.ts';

import { CommissionPlan, PlanMembership } from './commission-plan.entity.ts';
import { CommissionRule, type StoredBand } from './commission-rule.entity.ts';
import type {
  CommissionRuleInput,
  CreateCommissionPlanInput,
  CreateCommissionRuleInput,
} from './plan.inputs.ts';
import { readTerms } from './rule-terms.ts';

const MAX_PLANS = 200;

const MAX_RULES = 500;
// of one plan or partner

/** Creates a plan without rules. Returns its id. */
export function createCommissionPlan(
  ctx: Context,
  { name, isDefault }: CreateCommissionPlanInput,
): Promise<string> {
  const tenantId = ctx.actor.tenantId ?? '';
  return transact(ctx, async (em) => {
    await lockProgram(em, tenantId);
    const plans = await em.find(CommissionPlan, { tenantId });
    if (plans.length >= MAX_PLANS) throw conflict(`A program can have at most ${MAX_PLANS} plans.`);
    if (plans.some((plan) => plan.name === name))
      throw conflict('Another plan has this name. Choose another name.', {
        field: 'input.name',
        reason: 'NAME_TAKEN',
      });
    if (isDefault && plans.some((plan) => plan.isDefault))
      throw conflict('The program already has a default plan.', {
        field: 'input.isDefault',
        reason: 'DEFAULT_TAKEN',
      });
    const plan = em.create(CommissionPlan, {
      tenantId,
      name,
      isDefault: isDefault ?? false,
      createdBy: ctx.actor.id,
    });
    record(em, ctx, 'plan.created', plan, { after: { name, isDefault: plan.isDefault } });
    return plan.id;
  });
}

/** Assigns a plan to a partner from a given time; null assigns the default plan. Commissions of earlier sales do not
 *  change. */
export async function assignCommissionPlan(
  ctx: Context,
  partnerId: string,
  planId: string | null,
  effectiveAt: Date | null,
): Promise<string> {
  const from = notBefore(ctx, effectiveAt, 'effectiveAt');
  return transact(ctx, async (em) => {
    const partner = await lockPartner(em, partnerId, 'partnerId');
    const plan =
      planId === null
        ? null
        : await em.findOne(CommissionPlan, { id: idOf(planId, 'planId'), tenantId: partner.tenantId });
    if (planId !== null && !plan) throw notFound('plan', { field: 'planId' });
    const [before] = await em.find(
      PlanMembership,
      { partnerId: partner.id },
      { orderBy: { effectiveAt: 'desc', id: 'desc' }, limit: 1 },
    );
    em.create(PlanMembership, {
      tenantId: partner.tenantId,
      partnerId: partner.id,
      planId: plan?.id ?? null,
      effectiveAt: from,
      createdBy: ctx.actor.id,
    });
    record(em, ctx, 'plan.assigned', about(partner), {
      before: { planId: before?.planId ?? null },
      after: { planId: plan?.id ?? null, effectiveAt: from },
    });
    return partner.id;
  });
}

/** Creates the first version of a rule. Returns its id. */
export function createCommissionRule(ctx: Context, input: CreateCommissionRuleInput): Promise<string> {
  if ((input.planId == null) === (input.partnerId == null))
    throw invalid('input.planId', 'must be given when partnerId is absent, and only then');
  return transact(ctx, async (em) => {
    const owner = await findOwner(em, input);
    const [{ count } = { count: 0 }] = await sql<{ count: number }>`
      select count(distinct rule_key)::int as count from commission_rules
      where tenant_id = ${owner.tenantId} and (plan_id = ${owner.planId} or partner_id = ${owner.partnerId})
    `.execute(em);
    if (count >= MAX_RULES) throw conflict(`A plan or partner can have at most ${MAX_RULES} rules.`);
    const rule = em.create(CommissionRule, {
      ...owner,
      ...termsOf(input),
      ruleKey: v7(),
      version: 1,
      ended: false,
      effectiveAt: input.effectiveAt ?? ctx.clock.now(),
      createdBy: ctx.actor.id,
    });
    record(em, ctx, 'rule.created', subject(rule), { after: plain(rule) });
    return rule.id;
  });
}

/** Adds a version to a rule, in force from `effectiveAt`. Existing commissions keep their version. Returns the version's
 *  id. */
export function updateCommissionRule(ctx: Context, id: string, input: CommissionRuleInput): Promise<string> {
  notBefore(ctx, input.effectiveAt, 'input.effectiveAt');
  return transact(ctx, async (em) => {
    const last = await lastVersion(em, id);
    return addVersion(
      em,
      ctx,
      last,
      { ...termsOf(input), ended: false, effectiveAt: input.effectiveAt },
      'rule.updated',
    );
  });
}

/** Ends a rule at a given time. Returns the id of the final version. */
export function endCommissionRule(ctx: Context, id: string, effectiveAt: Date | null): Promise<string> {
  notBefore(ctx, effectiveAt, 'effectiveAt');
  return transact(ctx, async (em) => {
    const last = await lastVersion(em, id);
    return addVersion(em, ctx, last, { ended: true, effectiveAt }, 'rule.ended');
  });
}

async function lockProgram(em: EntityManager, tenantId: string): Promise<void> {
  await sql`select 1 from programs where tenant_id = ${tenantId} for no key update`.execute(em);
}

/** Terms of the past never change: a change starts now or later. */
function notBefore({ clock }: Context, given: Date | null | undefined, field: string): Date {
  const now = clock.now();
  if (given && given < now)
    throw invalid(field, 'must not be in the past: commissions of earlier sales do not change');
  return given ?? now;
}

interface Owner {
  readonly tenantId: string;
  readonly planId: string | null;
  readonly partnerId: string | null;
}

async function findOwner(em: EntityManager, input: CreateCommissionRuleInput): Promise<Owner> {
  if (input.partnerId != null) {
    const { id, tenantId } = await lockPartner(em, input.partnerId, 'input.partnerId');
    return { tenantId, planId: null, partnerId: id };
  }
  const plan = await em.findOne(CommissionPlan, idOf(input.planId ?? '', 'input.planId'));
  if (!plan) throw notFound('plan', { field: 'input.planId' });
  return { tenantId: plan.tenantId, planId: plan.id, partnerId: null };
}

const subject = ({ id, tenantId, partnerId }: CommissionRule) => ({ id, tenantId, partnerId });

/** Returns the terms of a rule for the audit log, without the common columns. */
function plain({ id, createdAt, createdBy, tenantId, ...rest }: CommissionRule): object {
  return { ...rest, minimumMinor: rest.minimumMinor ?? null };
}

/** Locks a rule by the id of any version and returns its newest version. */
async function lastVersion(em: EntityManager, id: string): Promise<CommissionRule> {
  const named = await em.findOne(CommissionRule, idOf(id));
  if (!named) throw notFound('rule');
  await sql`select pg_advisory_xact_lock(hashtextextended(${`rule:${named.ruleKey}`}, 0))`.execute(em);
  const [last] = await em.find(
    CommissionRule,
    { ruleKey: named.ruleKey },
    { orderBy: { version: 'desc' }, limit: 1, disableIdentityMap: true },
  );
  return last ?? named;
}

type Version = Partial<ReturnType<typeof termsOf>> & {
  readonly ended: boolean;
  /** Default: now, or the time of the last version when that is in the future. */
  readonly effectiveAt: Date | null | undefined;
};

function addVersion(
  em: EntityManager,
  ctx: Context,
  last: CommissionRule,
  change: Version,
  action: string,
): string {
  if (last.ended) throw conflict('This rule has ended. Create a new rule instead.', { reason: 'ENDED' });
  const now = ctx.clock.now();
  const effectiveAt = change.effectiveAt ?? new Date(Math.max(now.getTime(), last.effectiveAt.getTime()));
  if (effectiveAt < last.effectiveAt)
    throw conflict('A later version of this rule starts after effectiveAt. Choose a later time.', {
      reason: 'LATER_VERSION',
    });
  const { id: _, createdAt: __, ...kept } = last;
  const next = em.create(CommissionRule, {
    ...(kept as CommissionRule),
    ...change,
    effectiveAt,
    version: last.version + 1,
    createdBy: ctx.actor.id,
  });
  record(em, ctx, action, subject(next), { before: plain(last), after: plain(next) });
  return next.id;
}

/** Converts the input to columns. Throws BAD_USER_INPUT for fields that contradict each other. */
function termsOf(input: CommissionRuleInput) {
  const { method } = input;
  const { currency, minor, bands } = readTerms(input, 'input');
  return {
    name: input.name,
    product: input.product ?? null,
    customerKind: input.customerKind ?? 'ANY',
    countries: input.countries ? [...new Set(input.countries)] : null,
    types: input.types ? [...new Set(input.types)] : null,
    currency,
    minimumMinor: minor(input.minimumPurchase, 'minimumPurchase'),
    method,
    rateBps: input.rate ?? null,
    perUnitMinor: minor(input.perUnit, 'perUnit'),
    perOrderMinor: minor(input.perOrder, 'perOrder'),
    bandMode: method === 'TIERED' ? (input.bandMode ?? 'PROGRESSIVE') : null,
    bandPeriod: method === 'TIERED' ? (input.bandPeriod ?? 'MONTH') : null,
    bandRows: method === 'TIERED' ? storedBands(bands()) : null,
    firstPurchaseOnly: input.firstPurchaseOnly ?? false,
    recurringMonths: input.recurringMonths ?? null,
    recurringCount: input.recurringCount ?? null,
    stepDownRateBps: input.stepDownRate ?? null,
    capMinor: minor(input.cap?.amount, 'cap.amount'),
    capPer: input.cap?.per ?? null,
    capPeriod: input.cap ? (input.cap.period ?? 'LIFETIME') : null,
  };
}

const storedBands = (bands: readonly { from: bigint; rateBps: number }[]): StoredBand[] =>
  bands.map(({ from, rateBps }) => ({ from: `${from}`, rateBps }));
