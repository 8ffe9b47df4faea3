import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import {
  allFraudRules,
  DEFAULT_THRESHOLD,
  type FraudMode,
  type FraudRule,
  type FraudTerms,
  fraudRules,
  type RuleTerms,
  termsOf,
} from '../../../domain/fraud.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';

import { record } from '../../foundation/audit/public.ts';
import { Program } from '../../programs/program/public.ts';
import type { FraudListEntryInput, UpdateFraudSettingsInput } from './fraud.inputs.ts';
import { FraudListEntry } from './fraud-list-entry.entity.ts';

export interface Settings {
  readonly threshold: number;
  readonly rules: (RuleTerms & { readonly rule: FraudRule; readonly recommended: FraudMode })[];
}

/** Returns the settings of all risk rules, with defaults for rules that the program never changed. */
export async function loadSettings(ctx: Context): Promise<Settings> {
  const [{ terms } = { terms: null }] = await query(
    ctx,
    sql<{
      terms: FraudTerms | null;
    }>`select g.fraud as terms from programs g where g.tenant_id = ${ctx.actor.tenantId}`,
  );
  return {
    threshold: terms?.threshold ?? DEFAULT_THRESHOLD,
    rules: allFraudRules.map((rule) => ({
      rule,
      ...termsOf(terms, rule),
      recommended: fraudRules[rule].recommended,
    })),
  };
}

/** Changes the named settings, for commissions created from now on. */
export function updateFraudSettings(ctx: Context, input: UpdateFraudSettingsInput): Promise<void> {
  const tenantId = ctx.actor.tenantId ?? '';
  return transact(ctx, async (em) => {
    const program = await em.findOneOrFail(Program, { tenantId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    const before = program.fraud ?? null;
    const rules = { ...before?.rules };
    const named = new Set<FraudRule>();
    (input.rules ?? []).forEach(({ rule, mode, weight, limit }, index) => {
      const field = `input.rules.${index}`;
      if (named.has(rule)) throw invalid(`${field}.rule`, 'must name each rule once');
      named.add(rule);
      if (mode === 'BLOCK' && fraudRules[rule].recommended !== 'BLOCK')
        throw invalid(`${field}.mode`, `must be OFF, SHADOW or HOLD: ${rule} can match a genuine sale`);
      if (limit != null && fraudRules[rule].limit === null)
        throw invalid(`${field}.limit`, `is not allowed: ${rule} does not count`);
      const now = termsOf(before, rule);
      rules[rule] = { mode: mode ?? now.mode, weight: weight ?? now.weight, limit: limit ?? now.limit };
    });
    const after = { threshold: input.threshold ?? before?.threshold ?? DEFAULT_THRESHOLD, rules };
    program.fraud = after;
    record(
      em,
      ctx,
      'fraud.settingsUpdated',
      { id: null, tenantId },
      { before: { fraud: before }, after: { fraud: after } },
    );
  });
}

/** Adds a customer or a domain to a list. Returns the entry's id. */
export function addFraudListEntry(
  ctx: Context,
  { list, customerId, domain }: FraudListEntryInput,
  reason: string,
): Promise<string> {
  const why = reasonOf(reason);
  const tenantId = ctx.actor.tenantId ?? '';
  if ((customerId == null) === (domain == null))
    throw invalid('input.customerId', 'must be given when domain is absent, and only then');
  if (list.endsWith('DOMAIN') && domain == null) throw invalid('input.domain', `is required for ${list}`);
  return transact(ctx, async (em) => {
    const listed = {
      customerId: customerId == null ? null : await upsertCustomer(em, tenantId, customerId),
      domain: domain?.toLowerCase() ?? null,
    };
    await sql`select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['fraud list', tenantId, list])}, 0))
    `.execute(em);
    if (await em.findOne(FraudListEntry, { tenantId, list, ...listed, removedAt: null }))
      throw conflict('This customer or domain is already on the list.', { reason: 'ALREADY_LISTED' });
    const entry = em.create(FraudListEntry, {
      tenantId,
      list,
      ...listed,
      reason: why,
      addedBy: ctx.actor.id,
    });
    record(em, ctx, 'fraud.listed', entry, { after: { list, ...listed }, reason: why });
    return entry.id;
  });
}

async function upsertCustomer(em: EntityManager, tenantId: string, externalId: string): Promise<string> {
  const [customer] = await sql<{ id: string }>`
    insert into customers (id, tenant_id, external_id) values (${v7()}, ${tenantId}, ${externalId})
    on conflict (tenant_id, external_id) do update set external_id = excluded.external_id returning id
  `.execute(em);
  if (!customer) throw new Error('An upsert always returns its row.');
  return customer.id;
}

/** Removes an entry from its list. The removed entry stays readable. Returns its id. */
export function removeFraudListEntry(ctx: Context, id: string, reason: string): Promise<string> {
  const why = reasonOf(reason);
  return transact(ctx, async (em) => {
    const entry = await em.findOne(FraudListEntry, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!entry) throw notFound('entry');
    if (entry.removedAt) throw conflict('This entry is already removed.', { reason: 'ALREADY_REMOVED' });
    Object.assign(entry, { removedAt: ctx.clock.now(), removedBy: ctx.actor.id });
    const { list, customerId = null, domain = null, removedAt } = entry;
    record(em, ctx, 'fraud.unlisted', entry, {
      before: { removedAt: null },
      after: { list, customerId, domain, removedAt },
      reason: why,
    });
    return entry.id;
  });
}
