import { invalid } from '../../../domain/errors.ts';
import { money, withinLimit } from '../../../domain/money.ts';
import { collectedPart, type Invoice, netOf, openOf, saleLines } from '../../../domain/sale.ts';
import { transact, within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountOf, currencyOf } from '../../../kernel/request/currency.ts';
import { happenedAt, metadataOf } from '../../../kernel/request/input.ts';

import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { record } from '../../foundation/audit/public.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { keepPayment, paymentOf } from '../../fraud/rules/public.ts';
import { holdPartner } from '../../partners/partner/public.ts';
import { isCustomer } from '../../tracking/attribution/public.ts';
import { seeCustomer } from '../../tracking/customers/public.ts';
import type { NewLine } from '../commission/public.ts';
import { earn, loadInForce } from '../earning/public.ts';

import { lockOrder, refundsOf, refuseKnown, settleWaiting } from '../refunds/public.ts';

import type { RecordSaleInput } from './record-sale.inputs.ts';
import { type RefusedProduct, Sale } from './sale.entity.ts';

/** Records an order and creates one commission for each product that earns. Returns the sale's id. */
export async function recordSale(ctx: Context, input: RecordSaleInput): Promise<string> {
  const at = happenedAt(ctx.clock, input.occurredAt, 'input.occurredAt');
  const metadata = metadataOf(input.metadata, 'input.metadata');
  const type = input.type ?? 'ONE_TIME';
  if (['REVERSAL', 'TRUE_UP', 'ADJUSTMENT', 'BONUS'].includes(type))
    throw invalid('input.type', `must be the type of a sale, not ${type}`);
  if (input.paymentFingerprint != null && input.customerId == null)
    throw invalid('input.paymentFingerprint', 'requires customerId');
  const payment = await paymentOf(ctx, input.paymentFingerprint);
  const recorded = await transact(ctx, async (em) => {
    const { refundsWait } = await lockOrder(em, input.orderId);
    const partner = await holdPartner(em, input.partnerId, 'input.partnerId', { alone: refundsWait });
    const { tenantId, id: partnerId } = partner;
    const currency = input.currency != null ? currencyOf(input.currency, 'input.currency') : partner.currency;
    const invoice = invoiceOf(input, currency);
    const lines = saleLines(invoice);
    const bases = lines.map(({ base }) => base);
    const request = { tenantId, operation: 'recordSale', key: input.idempotencyKey, input };
    const id = await once(em, ctx, request, async () => {
      const order = { tenantId, partnerId, orderId: input.orderId };
      await refuseKnown(em, order);
      const self =
        input.customerId != null && (await isCustomer(em, partnerId, { customerId: input.customerId }));
      const customer = input.customerId
        ? await seeCustomer(em, {
            ...{ tenantId, externalId: input.customerId, at },
            partnerId: self ? null : partnerId,
          })
        : null;
      if (customer) await keepPayment(em, payment, { tenantId, customerId: customer.id, at });
      const run = within(em);
      const inForce = await loadInForce(run, partnerId, at, { id: customer?.id ?? null });
      const open = openOf(invoice, lines);
      const products = lines.map(({ product, base }, index) => ({ product, base, open: open[index] ?? 0n }));
      const earned: NewLine[] = [];
      const refused: RefusedProduct[] = lines.length ? [] : [{ product: null, reason: 'NOTHING_COLLECTED' }];
      for (const [index, { product, quantity, base }] of lines.entries()) {
        const line = await earn(
          run,
          ctx,
          partner,
          {
            ...{
              type,
              product,
              quantity,
              metadata,
              occurredAt: at,
              createdBy: ctx.actor.id,
              statedBy: ctx.actor.id,
            },
            ...{ country: input.country, subscriptionId: input.subscriptionId },
            base: money(base, currency),
            purchase: netOf(invoice),
            among: { bases, index },
            products: products.length > 1 ? { all: products, index } : undefined,
            scale: collectedPart(invoice),
            isNow: input.occurredAt == null,
            customerId: customer?.id ?? null,
            order: { id: input.orderId, lineNumber: earned.length },
          },
          { inForce, refused: self ? 'SELF_REFERRAL' : null },
        );
        if (typeof line === 'string') refused.push({ product, reason: line, base: `${base}` });
        else earned.push(line);
      }
      const owed = earned.reduce((sum, { amount }) => sum + amount.minor, 0n);
      withinLimit(owed, 'input.lines', 'the sum of their commissions');
      const sale = em.create(Sale, { tenantId, partnerId, orderId: input.orderId, currency, refused });
      await em.flush();
      const unearned = refused.reduce((sum, each) => sum + BigInt(each.base ?? 0), 0n);
      const refunds = await settleWaiting(em, ctx, { ...order, currency, unearned });
      record(em, ctx, 'sale.recorded', sale, {
        after: {
          ...{ orderId: input.orderId, occurredAt: at, refused, ...refundsOf(refunds) },
          commissions: earned.map(({ id, product, amount }) => ({ id, product: product ?? null, amount })),
        },
        subjects: [...earned.map((line) => line.id), ...refunds.flatMap(({ id, lines }) => [id, ...lines])],
      });
      await em.flush();
      return sale.id;
    });
    return { id, partnerId };
  });
  announceMetrics(ctx, recorded.partnerId);
  return recorded.id;
}

function invoiceOf(input: RecordSaleInput, currency: string): Invoice {
  const notNegative = (text: string | null | undefined, field: string): bigint => {
    const { minor } = amountOf(text ?? '0', currency, field);
    if (minor < 0n) throw invalid(field, 'must not be negative');
    return minor;
  };
  const lines = input.lines.map(({ product, quantity, amount }, index) => ({
    product: product ?? null,
    quantity: quantity ?? 1,
    amount: amountOf(amount, currency, `input.lines.${index}.amount`).minor,
  }));
  const discount = notNegative(input.discount, 'input.discount');
  const tax = notNegative(input.tax, 'input.tax');
  const total = lines.reduce((sum, { amount }) => sum + amount, 0n) - discount + tax;
  withinLimit(total, 'input.lines', 'their sum');
  if (input.collected == null) return { lines, discount, tax, collected: total };
  const collected = notNegative(input.collected, 'input.collected');
  if (collected > 0n && collected > total)
    throw invalid('input.collected', 'must not be more than the billed total');
  return { lines, discount, tax, collected };
}
