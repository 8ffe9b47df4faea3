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
    const limitBefore = program.secondApprovalAboveMinor ?? null;
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
    const limit = program.secondApprovalAboveMinor ?? null;
    if (limit !== limitBefore || program.splitDays !== before.splitDays) {
      // No payout needs a second approval without a limit. The person who raised it does not clear the name by a lower limit.
      const raised = limitBefore !== null && (limit === null || limit > limitBefore);
      if (raised || program.splitDays < before.splitDays) program.limitRaisedBy = ctx.actor.id;
      else if (program.limitRaisedBy !== ctx.actor.id) program.limitRaisedBy = null;
    }
    if (rezoned)
      await enqueue(em, 'recalculate_metrics', { tenantId }, { key: `recalculate_metrics:${tenantId}` });
    record(em, ctx, 'program.updated', { id: null, tenantId }, { before, after: { ...program } });
  });
  return tenantId;
}

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
