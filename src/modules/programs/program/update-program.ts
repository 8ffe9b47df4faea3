import type { EntityManager } from '@mikro-orm/postgresql';
import { forbidden, invalid } from '../../../domain/errors.ts';
import { pageOn } from '../../../domain/landing.ts';
import { money } from '../../../domain/money.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountOf, currencyOf } from '../../../kernel/request/currency.ts';
import { given } from '../../../kernel/request/input.ts';
import { NOT_A_ZONE } from '../../../kernel/request/time-zone.ts';
import { record } from '../../foundation/audit/public.ts';
import { settleManagers } from '../account-managers/public.ts';
import { Program } from './program.entity.ts';
import type { MinimumPayoutInput, UpdateProgramInput, UpdateTierConfigInput } from './program.inputs.ts';
import { TierConfig } from './tier-config.entity.ts';
import { TierConfigVersion } from './tier-config-version.entity.ts';

/** Changes the given settings. Existing commissions keep the settings that were in force when they were created. */
export async function updateProgram(
  ctx: Context,
  tenantId: string,
  input: UpdateProgramInput,
): Promise<string> {
  const {
    minimumPayout,
    minimumPayouts,
    secondApprovalAbove,
    identityOrgId,
    landingUrl,
    rateChangeLimit,
    ...settings
  } = input;
  if (identityOrgId !== undefined) {
    const field = 'input.identityOrgId';
    if (!ctx.actor.everyTenant)
      throw forbidden('Only platform administrators can change the organisation of staff.', { field });
  }
  await transact(ctx, async (em) => {
    const program = await em.findOneOrFail(Program, { tenantId });
    const before = { ...program };
    if (settings.timeZone != null && !(await isTimeZone(em, settings.timeZone))) {
      throw invalid('input.timeZone', NOT_A_ZONE);
    }
    const rezoned = settings.timeZone != null && settings.timeZone !== program.timeZone;
    em.assign(program, given(settings));
    if (identityOrgId !== undefined) program.identityOrgId = identityOrgId;
    if (rateChangeLimit != null) program.rateChangeLimitBps = rateChangeLimit;
    if (landingUrl !== undefined) program.landingUrl = landingUrl;
    if (program.landingUrl && !pageOn(program.landingHosts, program.landingUrl))
      throw invalid(
        landingUrl === undefined ? 'input.landingHosts' : 'input.landingUrl',
        'the page must be an https URL of one of the hosts',
      );
    if (minimumPayout != null) {
      program.minimumPayoutMinor = notNegative(minimumPayout, program.currency, 'input.minimumPayout');
    }
    if (minimumPayouts != null) setMinimums(program, minimumPayouts, minimumPayout != null);
    if (secondApprovalAbove !== undefined)
      program.secondApprovalAboveMinor =
        secondApprovalAbove === null
          ? null
          : notNegative(secondApprovalAbove, program.currency, 'input.secondApprovalAbove');
    rememberRaise(program, before, ctx.actor.id);
    if (rezoned)
      await enqueue(em, 'recalculate_metrics', { tenantId }, { key: `recalculate_metrics:${tenantId}` });
    record(em, ctx, 'program.updated', { id: null, tenantId }, { before, after: { ...program } });
  });
  return tenantId;
}

/** Remembers who raised the limit for second approvals, and how low the limit was since. */
function rememberRaise(
  program: Program,
  before: Pick<Program, 'secondApprovalAboveMinor' | 'splitDays'>,
  actorId: string,
): void {
  const was = before.secondApprovalAboveMinor ?? null;
  const limit = program.secondApprovalAboveMinor ?? null;
  const raises: Program['limitRaises'] = {};
  for (const [who, { from, least }] of Object.entries(program.limitRaises)) {
    // Another person who lowers the limit to where it was stands for it. The person who raised it does not clear the name so.
    const undone = limit !== null && limit !== was && who !== actorId && lowest(limit, from) === limit;
    if (!undone) raises[who] = { from, least: textOf(lowest(limit, least)) };
  }
  const raised = was !== null && (limit === null || limit > was);
  if (raised || program.splitDays < before.splitDays) {
    const from = raises[actorId] ? lowest(was, raises[actorId].from) : was;
    raises[actorId] = { from: textOf(from), least: textOf(limit) };
  }
  program.limitRaises = raises;
}

/** Returns the lower of two limits. Null is no limit. */
function lowest(limit: bigint | null, other: string | null): bigint | null {
  if (other === null) return limit;
  return limit === null || BigInt(other) < limit ? BigInt(other) : limit;
}

const textOf = (limit: bigint | null): string | null => limit?.toString() ?? null;

function notNegative(text: string, currency: string, field: string): bigint {
  const { minor } = amountOf(text, currency, field);
  if (minor < 0n) throw invalid(field, 'must not be negative');
  return minor;
}

/** Absent currencies lose their minimum; the program's currency keeps it. `given` is the separate `minimumPayout` of the input. */
function setMinimums(program: Program, minimums: readonly MinimumPayoutInput[], given: boolean): void {
  const others: Record<string, string> = {};
  minimums.forEach(({ currency, amount }, index) => {
    const field = `input.minimumPayouts.${index}`;
    currencyOf(currency, `${field}.currency`);
    if (minimums.findIndex((each) => each.currency === currency) !== index)
      throw invalid(`${field}.currency`, 'is given twice');
    const minor = notNegative(amount, currency, `${field}.amount`);
    if (currency !== program.currency) {
      if (minor > 0n) others[currency] = `${minor}`;
      return;
    }
    if (given && minor !== program.minimumPayoutMinor)
      throw invalid(`${field}.amount`, 'must equal minimumPayout');
    program.minimumPayoutMinor = minor;
  });
  program.payoutMinimums = others;
}

/** Names that PostgreSQL knows: for each question it reads every file of its time zones. */
const timeZones = new Set<string>();

async function isTimeZone(em: EntityManager, name: string): Promise<boolean> {
  if (timeZones.has(name)) return true;
  const found = await sql`select 1 from pg_timezone_names where name = ${name} and name !~ '/?posix'`.execute(
    em,
  );
  if (found.length > 0) timeZones.add(name);
  return found.length > 0;
}

/** Changes the requirements and benefits of a tier from now on. Earlier sales earn by the earlier version. */
export async function updateTierConfig(
  ctx: Context,
  tenantId: string,
  { tier, minMonthlyRevenue, commissionRate, ...input }: UpdateTierConfigInput,
): Promise<string> {
  return transact(ctx, async (em) => {
    const config = await em.findOneOrFail(TierConfig, { tenantId, tier });
    const before = { ...config };
    em.assign(config, given(input));
    if (commissionRate != null) config.rateBps = commissionRate;
    if (minMonthlyRevenue != null) {
      const { currency } = config.minMonthlyRevenue;
      const { minor } = amountOf(minMonthlyRevenue, currency, 'input.minMonthlyRevenue');
      if (minor < 0n) throw invalid('input.minMonthlyRevenue', 'must not be negative');
      config.minMonthlyRevenue = new MoneyColumn(money(minor, currency));
    }
    em.create(TierConfigVersion, {
      tenantId,
      tier,
      minMonthlyRevenue: config.minMonthlyRevenue,
      minCustomers: config.minCustomers,
      rateBps: config.rateBps,
      effectiveAt: ctx.clock.now(),
      createdBy: ctx.actor.id,
    });
    if (config.dedicatedManager !== before.dedicatedManager) await settleManagers(em, ctx, tenantId, null);
    record(em, ctx, 'tier.updated', config, { before, after: { ...config } });
    return config.id;
  });
}
