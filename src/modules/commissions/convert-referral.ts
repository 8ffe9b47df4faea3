import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { conflict, invalid, notFound } from '../../domain/errors.ts';
import { insideWindow } from '../../domain/referral.ts';
import type { Context } from '../../kernel/context.ts';
import { currencyOf, positiveAmountOf } from '../../kernel/currency.ts';
import { idOf } from '../../kernel/ids.ts';
import { happenedAt } from '../../kernel/instants.ts';
import { metadataOf } from '../../kernel/metadata.ts';
import { announceMetrics } from '../../kernel/metrics-topic.ts';
import { MoneyColumn } from '../../kernel/money.column.ts';
import { transact } from '../../kernel/transact.ts';
import { record } from '../audit/audit.service.ts';
import { seeCustomer } from '../customers/customer.service.ts';
import { keepPayment, paymentOf } from '../fraud/payment-fingerprint.service.ts';
import { once } from '../idempotency/idempotency.service.ts';
import { holdPartner } from '../partners/partner.service.ts';
import { Conversion } from '../referrals/conversion.entity.ts';
import { Referral } from '../referrals/referral.entity.ts';
import type { ConvertReferralInput } from './convert-referral.inputs.ts';
import { earn, firstPurchase } from './earn-commission.ts';
import { lockOrder, refuseKnown } from './order.ts';
import { refundsOf, settleWaiting } from './refund-sale.ts';

/** Closes a referral with a purchase and makes the commission that it earns. A purchase that earns nothing (the
 *  affiliate's terms, a partner who is not ACTIVE) is a conversion all the same. */
export async function convertReferral(
  ctx: Context,
  /** The referral, or what finds it within the transaction. */
  id: string | ((em: EntityManager) => Promise<string>),
  input: ConvertReferralInput,
): Promise<string> {
  const at = happenedAt(ctx.clock, input.occurredAt, 'input.occurredAt');
  const metadata = metadataOf(input.metadata, 'input.metadata');
  const payment = await paymentOf(ctx, input.paymentFingerprint);
  const converted = await transact(ctx, async (em) => {
    if (input.orderId != null) await lockOrder(em, input.orderId);
    const referral = await em.findOne(Referral, idOf(typeof id === 'string' ? id : await id(em)), {
      lockMode: LockMode.PESSIMISTIC_WRITE,
    });
    if (!referral) throw notFound('referral');
    const { tenantId, partnerId } = referral;
    const request = {
      tenantId,
      operation: 'convertReferral',
      key: input.idempotencyKey,
      input: { ...input, id: referral.id },
    };
    await once(em, ctx, request, async () => {
      const partner = await holdPartner(em, partnerId);
      const currency =
        input.currency != null ? currencyOf(input.currency, 'input.currency') : partner.currency;
      const amount = positiveAmountOf(input.amount, currency, 'input.amount');
      if (referral.convertedAt)
        throw conflict('the referral was converted already', { reason: 'ALREADY_CONVERTED' });
      if (at < referral.clickedAt) throw invalid('input.occurredAt', 'lies before the click');
      if (!insideWindow(referral.clickedAt, referral.expiresAt, at)) {
        throw conflict('the referral expired before the purchase', { reason: 'EXPIRED' });
      }
      const order = input.orderId == null ? null : { tenantId, partnerId, orderId: input.orderId };
      if (order) await refuseKnown(em, order);
      const customer = await seeCustomer(em, {
        tenantId,
        externalId: input.customerId,
        email: input.customerEmail,
        partnerId,
        at,
      });
      await keepPayment(em, payment, { tenantId, customerId: customer.id, at });
      const conversion = em.create(Conversion, {
        tenantId,
        partnerId,
        referralId: referral.id,
        customerId: customer.id,
        orderId: input.orderId ?? null,
        subscriptionId: input.subscriptionId ?? null,
        source: referral.source,
        amount: new MoneyColumn(amount),
        occurredAt: at,
      });
      referral.convertedAt = at;
      referral.customerId = customer.id;
      await em.flush();
      const line = await earn(em, ctx, partner, {
        type: (await firstPurchase(em, partnerId, customer.id)) ? 'ONE_TIME' : 'SIGNUP',
        base: amount,
        product: input.product,
        quantity: input.quantity,
        country: input.country,
        occurredAt: at,
        customerId: customer.id,
        subscriptionId: input.subscriptionId,
        conversion: { id: conversion.id, referralId: referral.id },
        source: referral.source,
        statedBy: ctx.actor.id,
        metadata,
      });
      await em.flush();
      const unearned = typeof line === 'string' ? amount.minor : 0n;
      const refunds = order
        ? await settleWaiting(em, ctx, { ...order, currency: amount.currency, unearned })
        : [];
      record(em, ctx, 'referral.converted', referral, {
        before: { convertedAt: null, customerId: null },
        after: {
          ...{ convertedAt: at, customerId: customer.id, conversionId: conversion.id, amount },
          ...(typeof line === 'string'
            ? { earnsNothing: line }
            : { commission: { id: line.id, amount: line.amount } }),
          ...refundsOf(refunds),
        },
      });
      await em.flush();
      return referral.id;
    });
    return referral;
  });
  announceMetrics(ctx, converted.partnerId);
  return converted.id;
}
