import { v7 } from 'uuid';
import { commissionBase } from '../../../domain/commission.ts';
import { AppError, conflict, invalid } from '../../../domain/errors.ts';
import { MAX_MINOR, money } from '../../../domain/money.ts';
import { transactStatements } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountOf, currencyOf, positiveAmountOf } from '../../../kernel/request/currency.ts';
import { happenedAt, idOf, metadataOf } from '../../../kernel/request/input.ts';

import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { recordIn } from '../../foundation/audit/public.ts';
import { resultOf } from '../../foundation/idempotency/public.ts';
import type { CreateCommissionInput } from '../commission/public.ts';
import { type Earning, earn, type MadeLine } from './earn-commission.ts';
import { type Earner, inForceAt, openSale } from './read-terms.ts';
import type { NewLine } from './write-lines.ts';

/** A line made by hand, PENDING; answers with its id, and with all of it where it was made by this request. Two statements
 *  read what decides, sent together; one writes. */
export async function createCommission(
  ctx: Context,
  input: CreateCommissionInput,
): Promise<{ id: string; line: MadeLine | null }> {
  const partnerId = idOf(input.partnerId, 'input.partnerId');
  const at = happenedAt(ctx.clock, input.occurredAt, 'input.occurredAt');
  const request = { operation: 'createCommission', key: input.idempotencyKey, input };
  const made = await transactStatements(ctx, async (run) => {
    const id = v7();
    const opening = { ...request, partnerId, at, resultId: id, externalId: input.customerId };
    const [sale, inForce] = await Promise.all([
      openSale(run, ctx, opening),
      inForceAt(run, partnerId, at).catch(refusal),
    ]);
    const { partner, customerId, repeated } = sale;
    const earning = { ...earningOf(ctx, partner, input), occurredAt: at, customerId };
    if (repeated)
      return { id: await resultOf(run, ctx, { ...request, tenantId: partner.tenantId }), line: null };
    if (inForce instanceof AppError) throw inForce;
    const line = await earn(run, ctx, partner, earning, {
      ...{ inForce, id, last: true },
      beside: (line) => recordIn(ctx, 'commission.created', line, { after: told(line) }),
    });
    if (typeof line === 'string') throw conflict(`the sale earns nothing: ${line}`, { reason: line });
    return { id, line };
  });
  announceMetrics(ctx, partnerId);
  return made;
}

/** A refusal as a value, so that what was asked for beside it is heard first. */
function refusal(error: unknown): AppError {
  if (error instanceof AppError) return error;
  throw error;
}

const told = ({
  type,
  method,
  status,
  amount,
  baseAmount,
  rateBps,
  rateSource,
  tier,
  occurredAt,
  holdUntil,
}: NewLine) => ({
  ...{ type, method, status, amount, baseAmount, rateBps, rateSource, tier, occurredAt, holdUntil },
});

const MADE_BY_RULES = {
  REVERSAL: 'reverseCommission',
  TRUE_UP: 'tiered rules',
  ADJUSTMENT: 'resolveDispute',
} as const;

/** A sale by hand as it is weighed; its customer is yet to be found. Refuses what does not fit together, by name. */
export function earningOf(ctx: Context, partner: Earner, input: CreateCommissionInput): Earning {
  const { type, flatAmount, quantity } = input;
  if (type === 'REVERSAL' || type === 'TRUE_UP' || type === 'ADJUSTMENT')
    throw invalid('input.type', `${type} is made by ${MADE_BY_RULES[type]}`);
  const { method } = input;
  if (method === 'TIERED') throw invalid('input.method', 'TIERED is made by rules');
  if (method === 'FLAT' && flatAmount == null)
    throw invalid('input.flatAmount', 'is needed for a FLAT commission');
  if ((method === 'FLAT' || flatAmount != null) && input.commissionRate != null)
    throw invalid('input.commissionRate', 'is for a PERCENTAGE commission');
  if (method === 'PERCENTAGE' && flatAmount != null)
    throw invalid('input.flatAmount', 'is for a FLAT commission');
  if ((method === 'PERCENTAGE' || input.commissionRate != null) && quantity != null)
    throw invalid('input.quantity', 'is for a FLAT commission');
  const currency = input.currency != null ? currencyOf(input.currency, 'input.currency') : partner.currency;
  const sale = positiveAmountOf(input.amount, currency, 'input.amount').minor;
  const tax = input.tax == null ? 0n : amountOf(input.tax, currency, 'input.tax').minor;
  if (tax < 0n || tax >= sale) throw invalid('input.tax', 'must not be negative and be less than amount');
  const flat =
    flatAmount == null
      ? undefined
      : { perUnit: positiveAmountOf(flatAmount, currency, 'input.flatAmount'), quantity: quantity ?? 1 };
  if (flat && flat.perUnit.minor * BigInt(flat.quantity) > MAX_MINOR) {
    throw invalid('input.quantity', 'makes a commission larger than 10^15 minor units');
  }
  return {
    type,
    base: money(commissionBase({ subtotal: sale - tax, discount: 0n, tax, collected: sale }), currency),
    rateBps: input.commissionRate,
    flat,
    product: input.product,
    quantity,
    country: input.country,
    occurredAt: happenedAt(ctx.clock, input.occurredAt, 'input.occurredAt'),
    customerId: null,
    subscriptionId: input.subscriptionId,
    source: '(none)',
    createdBy: ctx.actor.id,
    statedBy: ctx.actor.id,
    metadata: metadataOf(input.metadata, 'input.metadata'),
  };
}
