import type { EntityManager } from '@mikro-orm/postgresql';
import { conflict, invalid } from '../../../domain/errors.ts';
import { type ReportedRefund, refundedInAll, refundShares } from '../../../domain/sale.ts';
import { authorize } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact, within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { currencyOf, positiveAmountOf } from '../../../kernel/request/currency.ts';
import { happenedAt, reasonOf } from '../../../kernel/request/input.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';

import { record } from '../../foundation/audit/public.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { findPartner, type Partner } from '../../partners/partner/public.ts';

import {
  Commission,
  commissionTable,
  itemsWhere,
  refundItem,
  type StoredItem,
  settle,
  soldFor,
} from '../commission/public.ts';

import { type KnownOrder, knownOrders, lockOrder } from './order.ts';
import type { RefundSaleInput } from './refund-sale.inputs.ts';
import { SaleRefund } from './sale-refund.entity.ts';

/** Records a refund of an order and reverses the refunded share of its commissions. A refund that arrives before its sale
 *  waits for it. Returns the refund's id. */
export async function refundSale(ctx: Context, input: RefundSaleInput): Promise<string> {
  const occurredAt = happenedAt(ctx.clock, input.occurredAt, 'input.occurredAt');
  const reason = reasonOf(input.reason);
  if (input.amountRefundedSoFar != null && (input.amount ?? input.product) != null)
    throw invalid(
      'input.amountRefundedSoFar',
      'is a total of the whole order: give it without amount and product',
    );
  const partner =
    input.partnerId == null ? null : await findPartner(ctx.em, input.partnerId, 'input.partnerId');
  const tenantId = partner?.tenantId ?? ctx.actor.tenantId ?? '';
  // The order may have no commission yet, so the permission is checked for the order.
  const attributes = { tenantId, partnerId: partner?.id ?? '' };
  await authorize(ctx, 'reverse', { kind: commissionTable.kind, id: `order:${input.orderId}`, attributes });

  const refunded = await transact(ctx, async (em) => {
    await lockOrder(em, input.orderId);
    const request = { tenantId, operation: 'refundSale', key: input.idempotencyKey, input };
    const id = await once(em, ctx, request, async () => {
      const [order] = await knownOrders(em, {
        ...{ tenantId, orderId: input.orderId },
        partnerId: partner?.id ?? null,
      });
      const asked = askedOf(input, order ?? null, partner);
      const known = await sameRefund(em, tenantId, input);
      if (known) {
        if (saysTheSame(known, asked, input)) return known.id;
        throw conflict(
          'Another refund of this order has this refundId. Give the same values or another refundId.',
          {
            ...{ field: 'input.refundId', reason: 'REFUND_MISMATCH' },
          },
        );
      }
      const refund = em.create(SaleRefund, {
        ...{ tenantId, ...asked, reason, occurredAt, statedBy: ctx.actor.id },
        partnerId: partner?.id ?? null,
        orderId: input.orderId,
        product: input.product ?? null,
        refundId: input.refundId ?? null,
      });
      if (order) {
        await requireProduct(em, order, input.product ?? null);
        await apply(em, ctx, order, refund);
      }
      const { partnerId, settledAt, takenMinor, lines } = refund;
      record(
        em,
        ctx,
        'sale.refunded',
        { id: refund.id, tenantId, partnerId },
        {
          after: {
            ...{ orderId: input.orderId, product: input.product ?? null, ...asked, occurredAt, lines },
            ...{ waiting: settledAt == null, takenMinor: takenMinor ?? null },
          },
          reason,
          subjects: lines,
        },
      );
      await em.flush();
      return refund.id;
    });
    const refund = await em.findOneOrFail(SaleRefund, id);
    const lines = await em.find(Commission, { id: { $in: refund.lines } });
    return { id, partners: new Set([refund.partnerId, ...lines.map((line) => line.partnerId)]) };
  });
  for (const partnerId of refunded.partners) if (partnerId) announceMetrics(ctx, partnerId);
  return refunded.id;
}

/** Throws BAD_USER_INPUT for a product that is not part of the order. A product that earned nothing is part of it. */
async function requireProduct(
  em: EntityManager,
  { tenantId, partnerId, orderId }: KnownOrder,
  product: string | null,
): Promise<void> {
  if (product === null) return;
  const [sold] = await sql`
    select 1 from commissions where tenant_id = ${tenantId} and partner_id = ${partnerId} and order_id = ${orderId} and product = ${product}
    union all
    select 1 from sales, jsonb_array_elements(refused) r
    where tenant_id = ${tenantId} and partner_id = ${partnerId} and order_id = ${orderId} and r->>'product' = ${product}
    union all
    select 1 from conversions v left join commissions c on c.conversion_id = v.id
    where v.tenant_id = ${tenantId} and v.partner_id = ${partnerId} and v.order_id = ${orderId} and (c.id is null or c.product = ${product})
    limit 1`.execute(em);
  if (!sold) throw invalid('input.product', 'must be a product of the order');
}

type Asked = Pick<SaleRefund, 'partMinor' | 'totalMinor' | 'currency'>;

function askedOf(input: RefundSaleInput, order: KnownOrder | null, partner: Partner | null): Asked {
  const { amount = null, amountRefundedSoFar = null } = input;
  const given = input.currency == null ? null : currencyOf(input.currency, 'input.currency');
  if (order && given !== null && given !== order.currency)
    throw invalid('input.currency', `must be the currency of the order, ${order.currency}`);
  const currency = given ?? order?.currency ?? partner?.currency ?? null;
  const minorOf = (text: string | null, field: string): bigint | null => {
    if (text === null) return null;
    if (currency === null) throw invalid('input.currency', 'is required while the order is unknown');
    return positiveAmountOf(text, currency, field).minor;
  };
  const partMinor = minorOf(amount, 'input.amount');
  const totalMinor = minorOf(amountRefundedSoFar, 'input.amountRefundedSoFar');
  return { partMinor, totalMinor, currency: partMinor === null && totalMinor === null ? null : currency };
}

const sameRefund = (
  em: EntityManager,
  tenantId: string,
  { orderId, refundId }: RefundSaleInput,
): Promise<SaleRefund | null> =>
  refundId == null ? Promise.resolve(null) : em.findOne(SaleRefund, { tenantId, orderId, refundId });

const saysTheSame = (known: SaleRefund, asked: Asked, { product = null }: RefundSaleInput): boolean =>
  (known.partMinor ?? null) === (asked.partMinor ?? null) &&
  (known.totalMinor ?? null) === (asked.totalMinor ?? null) &&
  (known.product ?? null) === product;

/** Returns the applied refunds for the audit entry of a sale. */
export const refundsOf = (refunds: readonly SaleRefund[]): object =>
  refunds.length ? { refunds: refunds.map(({ id, takenMinor, lines }) => ({ id, takenMinor, lines })) } : {};

/** Applies the waiting refunds of an order after its commissions were created. The order must be locked. Returns the
 *  applied refunds. */
export async function settleWaiting(
  em: EntityManager,
  ctx: Context,
  order: KnownOrder,
): Promise<SaleRefund[]> {
  const { tenantId, orderId, partnerId, sharedBy = [partnerId] } = order;
  const waiting = await em.find(
    SaleRefund,
    { tenantId, orderId, settledAt: null, $or: [{ partnerId: { $in: [...sharedBy] } }, { partnerId: null }] },
    { orderBy: { id: 'asc' } },
  );
  for (const refund of waiting) await apply(em, ctx, order, refund);
  return waiting.filter(({ settledAt }) => settledAt != null);
}

/** Applies again the refunds since a time that took less than requested, after a part of the order was restored. The order
 *  must be locked. */
export async function settleAgain(
  em: EntityManager,
  ctx: Context,
  order: KnownOrder,
  since: Date,
): Promise<void> {
  const { tenantId, orderId, partnerId, sharedBy = [partnerId] } = order;
  const short = await em.find(
    SaleRefund,
    { tenantId, orderId, partnerId: { $in: [...sharedBy] }, settledAt: { $gte: since } },
    { orderBy: { id: 'asc' } },
  );
  for (const refund of short)
    if (refund.partMinor == null || refund.partMinor > (refund.takenMinor ?? 0n))
      await apply(em, ctx, order, refund);
}

const reportedAs = ({ occurredAt, partMinor, totalMinor, takenMinor }: SaleRefund): ReportedRefund => ({
  ...{ at: occurredAt, part: partMinor ?? takenMinor ?? 0n, total: totalMinor ?? null },
});

/** Returns the refunds of single commissions that came from no refund of the order. A reversal that a won dispute restored
 *  does not count. */
async function directRefunds(
  em: EntityManager,
  items: readonly StoredItem[],
  settled: readonly SaleRefund[],
): Promise<ReportedRefund[]> {
  const ids = items.map(({ id }) => id);
  const refunds = await em.find(
    Commission,
    { itemId: { $in: ids }, type: 'REVERSAL' },
    { orderBy: { id: 'asc' } },
  );
  const restored = await em.find(Commission, { itemId: { $in: ids }, type: 'ADJUSTMENT', carriedBy: null });
  const made = new Set(settled.flatMap(({ lines }) => lines));
  const wonBack = new Set(
    restored.map(({ adjustsId }) => refunds.findLast(({ reversesId }) => reversesId === adjustsId)?.id),
  );
  return refunds
    .filter(({ id }) => !made.has(id) && !wonBack.has(id))
    .map((line) => ({ at: line.occurredAt, part: -soldFor(line).minor }));
}

/** Applies a refund to the items of its order, in proportion to the rest of each. A refund of a shared sale applies to all its
 *  partners, whichever of them the refund names. A refund in another currency, or of a sale without its exchange rate,
 *  continues to wait. The order must be locked. */
async function apply(
  em: EntityManager,
  ctx: Context,
  { tenantId, partnerId, orderId, currency, sharedBy = [partnerId] }: KnownOrder,
  refund: SaleRefund,
): Promise<void> {
  if (refund.currency != null && refund.currency !== currency) return;
  await em.flush();
  const run = within(em);
  const partners = [...sharedBy];
  await run(sql`select 1 from partners where id = any(${partners}::uuid[]) order by id for no key update`);
  const items = await itemsWhere(
    run,
    sql`i.tenant_id = ${tenantId} and i.order_id = ${orderId} and i.partner_id = any(${partners}::uuid[])`,
  );
  if (items.some(({ isRated, out }) => !isRated && !out)) return;
  const settled = await em.find(SaleRefund, {
    ...{ tenantId, orderId, settledAt: { $ne: null } },
    partnerId: { $in: partners },
  });
  const sum = (amounts: readonly bigint[]) => amounts.reduce((total, each) => total + each, 0n);
  const ofProduct = items.filter(({ product }) => refund.product == null || product === refund.product);
  const asked = ofProduct.length > 0 ? ofProduct : items;
  const left = asked.map(({ sold, soldRefunded }) => sold - soldRefunded);
  const already = refund.takenMinor ?? 0n;
  const others = settled.filter(({ id }) => id !== refund.id);
  const ofTotals = refund.totalMinor != null || others.some(({ totalMinor }) => totalMinor != null);
  const more = async (): Promise<bigint> => {
    const whole = sum(items.map(({ sold }) => sold));
    const reported = [...others.map(reportedAs), ...(await directRefunds(em, items, settled))];
    return refundedInAll([...reported, reportedAs(refund)], whole) - refundedInAll(reported, whole) - already;
  };
  const ofAll = refund.partMinor == null && refund.totalMinor == null;
  const due = ofAll ? sum(left) : ofTotals ? await more() : (refund.partMinor ?? 0n) - already;
  const shares = refundShares(due > 0n ? due : 0n, left);
  const refunded = asked.flatMap((item, index) => {
    const share = shares[index] ?? 0n;
    return share === 0n ? [] : [refundItem(item, share)];
  });
  const { reversals } = await settle(
    run,
    ctx,
    refunded.map(({ item }) => item),
    { why: 'REFUND', order: orderId, at: refund.occurredAt, reason: refund.reason },
    new Map(refunded.map(({ item, now }) => [item.id, now])),
  );
  Object.assign(refund, {
    ...{
      partnerId: refund.partnerId ?? partnerId,
      currency,
      settledAt: ctx.clock.now(),
      lines: [...refund.lines, ...reversals.values()],
    },
    ...{
      takenMinor: already + sum(shares),
      unearnedMinor:
        (refund.unearnedMinor ?? 0n) +
        sum(refunded.filter(({ item }) => !reversals.has(item.id)).map(({ now }) => now.sold)),
    },
  });
  await em.flush(); // the next refund of the order must see it
}
