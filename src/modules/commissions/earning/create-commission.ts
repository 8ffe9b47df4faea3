import { v7 } from 'uuid';
import { commissionBase } from '../../../domain/commission.ts';
import { AppError, conflict, invalid } from '../../../domain/errors.ts';
import { money } from '../../../domain/money.ts';
import { transactStatements } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountOf, currencyOf, positiveAmountOf } from '../../../kernel/request/currency.ts';
import { happenedAt, idOf, metadataOf } from '../../../kernel/request/input.ts';

import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { recordIn } from '../../foundation/audit/public.ts';
import { resultOf } from '../../foundation/idempotency/public.ts';
import type { CreateCommissionInput, NewLine } from '../commission/public.ts';
import { type Earning, earn, type MadeLine } from './earn-commission.ts';
import { type EarningPartner, loadInForce, openSale } from './read-terms.ts';

/** Creates a PENDING commission by hand. Returns its id, and its row when this request created it. Two queries that are
 *  sent together read the terms, and one writes. The database refuses a partner's own purchase, so only a sale that
 *  is refused is asked about: the transaction runs again, and tells the reason. */
export async function createCommission(
  ctx: Context,
  input: CreateCommissionInput,
): Promise<{ id: string; line: MadeLine | null }> {
  const partnerId = idOf(input.partnerId, 'input.partnerId');
  const at = happenedAt(ctx.clock, input.occurredAt, 'input.occurredAt');
  const request = { operation: 'createCommission', key: input.idempotencyKey, input };
  const make = (asksSelf: boolean) =>
    transactStatements(ctx, async (run) => {
      const id = v7();
      const opening = { ...request, partnerId, at, resultId: id, externalId: input.customerId, asksSelf };
      const [sale, inForce] = await Promise.all([
        openSale(run, ctx, opening),
        loadInForce(run, partnerId, at, { externalId: input.customerId }).catch(refusal),
      ]);
      const { partner, customerId, self, repeated } = sale;
      const earning = {
        ...earningOf(ctx, partner, input),
        ...{ occurredAt: at, isNow: input.occurredAt == null, customerId },
      };
      if (repeated)
        return { id: await resultOf(run, ctx, { ...request, tenantId: partner.tenantId }), line: null };
      if (inForce instanceof AppError) throw inForce;
      const line = await earn(run, ctx, partner, earning, {
        ...{ inForce, id, last: true, refused: self ? 'SELF_REFERRAL' : null },
        beside: (line) => recordIn(ctx, 'commission.created', line, { after: auditFields(line) }),
      });
      if (typeof line === 'string')
        throw conflict(`This sale earns nothing. The reason is ${line}.`, { reason: line });
      return { id, line };
    });
  const made = await make(false).catch((error: unknown) => {
    if (mayBeOwnPurchase(error)) return make(true);
    throw error;
  });
  announceMetrics(ctx, partnerId);
  return made;
}

/** A commission on an own purchase, or a sale that earns nothing for another reason: the own purchase counts first. */
const mayBeOwnPurchase = (error: unknown): boolean =>
  error instanceof AppError
    ? error.details['reason'] !== undefined
    : (error as { constraint?: unknown }).constraint === 'not_on_itself';

/** Returns the error as a value, so that an error of the query sent at the same time is thrown first. */
function refusal(error: unknown): AppError {
  if (error instanceof AppError) return error;
  throw error;
}

const auditFields = ({
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

/** Converts the input to a sale without a customer. Throws BAD_USER_INPUT for fields that contradict each other. */
export function earningOf(ctx: Context, partner: EarningPartner, input: CreateCommissionInput): Earning {
  const { type, flatAmount, quantity } = input;
  if (type === 'REVERSAL' || type === 'TRUE_UP' || type === 'ADJUSTMENT')
    throw invalid('input.type', `must be another type: only ${MADE_BY_RULES[type]} can create ${type}`);
  const { method } = input;
  if (method === 'TIERED')
    throw invalid('input.method', 'must be PERCENTAGE or FLAT: only a commission rule can be TIERED');
  if (method === 'FLAT' && flatAmount == null)
    throw invalid('input.flatAmount', 'is required for a FLAT commission');
  if ((method === 'FLAT' || flatAmount != null) && input.commissionRate != null)
    throw invalid('input.commissionRate', 'is allowed only for a PERCENTAGE commission');
  if (method === 'PERCENTAGE' && flatAmount != null)
    throw invalid('input.flatAmount', 'is allowed only for a FLAT commission');
  if ((method === 'PERCENTAGE' || input.commissionRate != null) && quantity != null)
    throw invalid('input.quantity', 'is allowed only for a FLAT commission');
  const currency = input.currency != null ? currencyOf(input.currency, 'input.currency') : partner.currency;
  const sale = positiveAmountOf(input.amount, currency, 'input.amount').minor;
  const tax = input.tax == null ? 0n : amountOf(input.tax, currency, 'input.tax').minor;
  if (tax < 0n || tax >= sale) throw invalid('input.tax', 'must be 0 or more, and less than the amount');
  const flat =
    flatAmount == null
      ? undefined
      : { perUnit: positiveAmountOf(flatAmount, currency, 'input.flatAmount'), quantity: quantity ?? 1 };
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
    createdBy: ctx.actor.id,
    statedBy: ctx.actor.id,
    metadata: metadataOf(input.metadata, 'input.metadata'),
  };
}
