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

/** What the program's rules do, those that it never named included. */
export async function settingsOf(ctx: Context): Promise<Settings> {
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

/** Changes what the input names, for lines that are made from now on. */
export function updateFraudSettings(ctx: Context, input: UpdateFraudSettingsInput): Promise<void> {
  const tenantId = ctx.actor.tenantId ?? '';
  return transact(ctx, async (em) => {
    const program = await em.findOneOrFail(Program, { tenantId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    const before = program.fraud ?? null;
    const rules = { ...before?.rules };
    const named = new Set<FraudRule>();
    (input.rules ?? []).forEach(({ rule, mode, weight, limit }, index) => {
      const field = `input.rules.${index}`;
      if (named.has(rule)) throw invalid(`${field}.rule`, 'is named twice');
      named.add(rule);
      if (mode === 'BLOCK' && fraudRules[rule].recommended !== 'BLOCK')
        throw invalid(`${field}.mode`, `${rule} holds at most: it may hit a true sale`);
      if (limit != null && fraudRules[rule].limit === null)
        throw invalid(`${field}.limit`, `${rule} counts nothing`);
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

/** Lists a customer or a domain; answers with the entry's id. */
export function addFraudListEntry(
  ctx: Context,
  { list, customerId, domain }: FraudListEntryInput,
  reason: string,
): Promise<string> {
  const why = reasonOf(reason);
  const tenantId = ctx.actor.tenantId ?? '';
  if ((customerId == null) === (domain == null))
    throw invalid('input.customerId', 'give a customer or a domain, not both');
  if (list.endsWith('DOMAIN') && domain == null) throw invalid('input.domain', `is needed for ${list}`);
  return transact(ctx, async (em) => {
    const listed = {
      customerId: customerId == null ? null : await customerOf(em, tenantId, customerId),
      domain: domain?.toLowerCase() ?? null,
    };
    await sql`select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['fraud list', tenantId, list])}, 0))
    `.execute(em);
    if (await em.findOne(FraudListEntry, { tenantId, list, ...listed, removedAt: null }))
      throw conflict('it is on the list already', { reason: 'ALREADY_LISTED' });
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

async function customerOf(em: EntityManager, tenantId: string, externalId: string): Promise<string> {
  const [customer] = await sql<{ id: string }>`
    insert into customers (id, tenant_id, external_id) values (${v7()}, ${tenantId}, ${externalId})
    on conflict (tenant_id, external_id) do update set external_id = excluded.external_id returning id
  `.execute(em);
  if (!customer) throw new Error('an upsert always returns its row');
  return customer.id;
}

/** Takes an entry off its list; it stays to be seen. */
export function removeFraudListEntry(ctx: Context, id: string, reason: string): Promise<string> {
  const why = reasonOf(reason);
  return transact(ctx, async (em) => {
    const entry = await em.findOne(FraudListEntry, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!entry) throw notFound('entry');
    if (entry.removedAt) throw conflict('it was taken off already', { reason: 'ALREADY_REMOVED' });
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
