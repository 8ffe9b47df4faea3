import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { refusedBy } from '../../../domain/duties.ts';
import { conflict, notFound } from '../../../domain/errors.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';
import { announceRates } from '../../../kernel/request/metrics-topic.ts';
import { record } from '../../foundation/audit/public.ts';
import { ExchangeRate } from './exchange-rate.entity.ts';
import { ProposedExchangeRate, type ProposedRateStatus, proposedRateTable } from './proposed-rate.entity.ts';
import { findFixed, inForce, rateWaitingLines } from './set-exchange-rates.ts';

/** Confirms a proposed rate, which counts from now on. The person that entered the rate cannot confirm it. */
export async function confirmExchangeRate(ctx: Context, id: string): Promise<string> {
  await authorizeRow(ctx, 'confirmRate', proposedRateTable, id);
  const confirmed = await transact(ctx, async (em) => {
    const proposed = await lockProposed(em, id);
    const { tenantId, base, quote, rate, effectiveOn, createdBy } = proposed;
    const [same] = await sql`select 1 where may_be_one(${createdBy}, ${ctx.actor.id})`.execute(em);
    if (same) throw refusedBy('CONFIRM_RATE', 'OWN_RATE');
    const day = { index: 0, base, quote, effective_on: effectiveOn };
    if (await findFixed(em, ctx, tenantId, [day])) throw inForce(effectiveOn, 'id');
    em.create(ExchangeRate, {
      ...{ tenantId, base, quote, rate, effectiveOn, createdBy },
      confirmedBy: ctx.actor.id,
    });
    decide(em, ctx, proposed, 'CONFIRMED', null);
    await rateWaitingLines(em, tenantId);
    return proposed;
  });
  announceRates(ctx, confirmed.tenantId);
  return confirmed.id;
}

/** Rejects a proposed rate; the person that entered the rate may withdraw it. The rates in force stay. */
export async function rejectExchangeRate(ctx: Context, id: string, reason: string): Promise<string> {
  const why = reasonOf(reason);
  return transact(ctx, async (em) => {
    const proposed = await lockProposed(em, id);
    decide(em, ctx, proposed, 'REJECTED', why);
    return proposed.id;
  });
}

async function lockProposed(em: EntityManager, id: string): Promise<ProposedExchangeRate> {
  const proposed = await em.findOne(ProposedExchangeRate, idOf(id), {
    lockMode: LockMode.PESSIMISTIC_WRITE,
  });
  if (!proposed) throw notFound('exchange rate');
  if (proposed.status !== 'WAITING')
    throw conflict(`This exchange rate is already ${proposed.status}.`, { reason: 'ALREADY_DECIDED' });
  return proposed;
}

function decide(
  em: EntityManager,
  ctx: Context,
  proposed: ProposedExchangeRate,
  status: ProposedRateStatus,
  reason: string | null,
): void {
  const { base, quote, rate, effectiveOn, createdBy } = proposed;
  const before = { status: proposed.status };
  Object.assign(proposed, { status, reason, decidedAt: ctx.clock.now(), decidedBy: ctx.actor.id });
  record(em, ctx, `exchangeRate.${status.toLowerCase()}`, proposed, {
    before,
    after: { status, base, quote, rate, effectiveOn, createdBy },
    reason,
  });
}
