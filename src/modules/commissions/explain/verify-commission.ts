import type { EntityManager } from '@mikro-orm/postgresql';
import { reversalDue } from '../../../domain/commission.ts';
import { notFound } from '../../../domain/errors.ts';
import { recompute } from '../../../domain/plan.ts';
import { requireSeen } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { programOf } from '../../programs/program/public.ts';
import { Commission, commissionTable, soldFor } from '../commission/public.ts';

import { computedLineOf, type Difference, differencesOf } from './explain-commission.ts';

export interface Verification {
  readonly currency: string;
  readonly differences: readonly Difference[];
}

/** Recomputes a commission from the stored data alone. Returns the differences. */
export async function verifyCommission(ctx: Context, id: string): Promise<Verification> {
  await requireSeen(ctx, commissionTable, id);
  return transact(ctx, async (em) => {
    const line = await em.findOne(Commission, idOf(id));
    if (!line) throw notFound('commission');
    const { currency } = line.amount;
    if (line.reversesId) return { currency, differences: await refundDiffers(em, line) };
    if (line.type === 'ADJUSTMENT') return { currency, differences: await adjustmentDiffers(em, line) };
    if (line.adjustsId) return { currency, differences: await trueUpDiffers(em, line) };
    return { currency, differences: [...differencesOf(line), ...(await partDiffers(em, line))] };
  });
}

/** Compares the sale of a commission with the partner's stored share of the conversion. */
async function partDiffers(em: EntityManager, line: Commission): Promise<Difference[]> {
  const [kept] = await sql<{ share: string }>`
    select share_minor::text as share from attribution_shares where conversion_id = ${line.conversionId ?? null}::uuid
  `.execute(em);
  const stored = soldFor(line).minor;
  return !kept || BigInt(kept.share) === stored
    ? []
    : [{ what: 'share', stored, recomputed: BigInt(kept.share) }];
}

/** Recomputes a refund: the reversal for all refunds up to this one, less the earlier reversals. */
async function refundDiffers(em: EntityManager, refund: Commission): Promise<Difference[]> {
  const original = await em.findOneOrFail(Commission, refund.reversesId ?? '');
  if (original.method === 'TIERED') return []; // its period has changed since
  const earlier = await em.find(Commission, { reversesId: original.id, id: { $lt: refund.id } });
  const sum = (of: (line: Commission) => bigint) => earlier.reduce((total, each) => total + of(each), 0n);
  const { flatRefund } = await programOf(em, original.tenantId);
  const recomputed = reversalDue({
    base: original.baseAmount.minor,
    original: original.amount.minor,
    refunded: -sum((each) => each.baseAmount.minor) - refund.baseAmount.minor,
    reversed: sum((each) => each.amount.minor),
    method: original.method,
    flatRefund,
    mode: original.roundingMode,
  });
  const stored = refund.amount.minor;
  return stored === recomputed ? [] : [{ what: 'amount', stored, recomputed }];
}

/** Compares a TRUE_UP with the computation that is stored with the commission of the sale. */
async function trueUpDiffers(em: EntityManager, line: Commission): Promise<Difference[]> {
  const [refunded] = await sql`
    select 1 from commissions where reverses_id = ${line.adjustsId ?? null} and occurred_at = ${line.occurredAt} limit 1
  `.execute(em);
  if (refunded) return []; // created by a refund: its period has changed since
  const sale = await em.findOneOrFail(Commission, line.adjustsId ?? '');
  if (sale.type === 'ADJUSTMENT') return []; // restored by a won dispute
  if (line.rateSource !== 'TIER' && +line.createdAt !== +sale.createdAt) return []; // created later: its period has changed since
  const recomputed =
    line.rateSource === 'TIER' ? await tierTrueUp(em, line, sale) : computedLineOf(sale).trueUp;
  const stored = line.amount.minor;
  return stored === recomputed ? [] : [{ what: 'true-up', stored, recomputed }];
}

/** Compares an ADJUSTMENT with the reversal of the lost dispute. */
async function adjustmentDiffers(em: EntityManager, line: Commission): Promise<Difference[]> {
  if (line.carriedBy) return carriedDiffers(em, line, line.carriedBy);
  if (line.method === 'TIERED') return []; // its period has changed since
  const [taken] = await sql<{ minor: string }>`
    select (-c.amount_minor)::text as minor from commission_holds h join commissions c on c.id = h.refund_id
    where h.commission_id = ${line.adjustsId ?? null} order by h.id desc limit 1`.execute(em);
  const recomputed = BigInt(taken?.minor ?? 0);
  const stored = line.amount.minor;
  return stored === recomputed ? [] : [{ what: 'amount', stored, recomputed }];
}

/** Compares the two adjustments of a payout remainder: the amount taken out of the payout and the amount left on the
 *  balance. */
async function carriedDiffers(em: EntityManager, line: Commission, payoutId: string): Promise<Difference[]> {
  const lines = await em.find(Commission, { carriedBy: payoutId, id: { $ne: line.id } });
  const recomputed = -lines.reduce((sum, { amount }) => sum + amount.minor, 0n);
  const stored = line.amount.minor;
  return stored === recomputed ? [] : [{ what: 'amount', stored, recomputed }];
}

/** Recomputes a TRUE_UP by tier: the commission at the new tier's rate, less the commission and its earlier refunds. */
async function tierTrueUp(em: EntityManager, line: Commission, sale: Commission): Promise<bigint> {
  const refunds = await em.find(Commission, { reversesId: sale.id, id: { $lt: line.id } });
  const earned = refunds.reduce((sum, each) => sum + each.amount.minor, sale.amount.minor);
  return recompute(computedLineOf(line), line.roundingMode).amount - earned;
}
