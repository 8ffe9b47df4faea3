import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import { money } from '../../../domain/money.ts';
import { insideWindow } from '../../../domain/referral.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { transact, within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountOf, currencyOf } from '../../../kernel/request/currency.ts';
import { happenedAt, idOf, metadataOf } from '../../../kernel/request/input.ts';

import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { record } from '../../foundation/audit/public.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { keepPayment, paymentOf } from '../../fraud/rules/public.ts';
import { holdPartner } from '../../partners/partner/public.ts';
import { keepPath } from '../../tracking/attribution/public.ts';
import { seeCustomer } from '../../tracking/customers/public.ts';
import { Conversion, lockCustomer, Referral } from '../../tracking/referrals/public.ts';

import { earn, firstPurchase } from '../earning/public.ts';

import { lockOrder, refundsOf, refuseKnown, settleWaiting } from '../refunds/public.ts';

import type { ConvertReferralInput } from './convert-referral.inputs.ts';
import { type Claimed, shareSale } from './share-sale.ts';

/** Converts a referral with a purchase and creates its commission. When the attribution model credits several partners,
 *  each gets a commission by its own terms on its share of the sale. A purchase that earns nothing, for example for a
 *  partner who is not ACTIVE, is recorded as a conversion all the same. So is a free trial, whose amount is 0: it binds the
 *  customer, and its first paid order is the first purchase. */
export async function convertReferral(
  ctx: Context,
  /** Id of the referral, or a function that finds the referral in the transaction. */
  id: string | ((em: EntityManager) => Promise<Claimed>),
  input: ConvertReferralInput,
): Promise<string> {
  const at = happenedAt(ctx.clock, input.occurredAt, 'input.occurredAt');
  const metadata = metadataOf(input.metadata, 'input.metadata');
  const payment = await paymentOf(ctx, input.paymentFingerprint);
  const converted = await transact(ctx, async (em) => {
    const alone = input.orderId != null && (await lockOrder(em, input.orderId)).refundsWait;
    const claimed = typeof id === 'string' ? await namedReferral(em, id, input.customerId) : await id(em);
    const lock = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } as const;
    const referral = await em.findOne(Referral, claimed.id, lock);
    if (!referral) throw notFound('referral');
    const { tenantId, partnerId } = referral;
    const partners = new Set([partnerId]);
    const request = {
      tenantId,
      operation: 'convertReferral',
      key: input.idempotencyKey,
      input: { ...input, id: referral.id },
    };
    await once(em, ctx, request, async () => {
      const partner = await holdPartner(em, partnerId, 'id', { alone });
      const currency =
        input.currency != null ? currencyOf(input.currency, 'input.currency') : partner.currency;
      const amount = amountOf(input.amount, currency, 'input.amount');
      if (amount.minor < 0n) throw invalid('input.amount', 'must be 0 or more');
      const isTrial = amount.minor === 0n;
      if (referral.convertedAt)
        throw conflict('The referral is already converted.', { reason: 'ALREADY_CONVERTED' });
      if (at < referral.clickedAt) throw invalid('input.occurredAt', 'must not be before the click');
      if (!insideWindow(referral.clickedAt, referral.expiresAt, at)) {
        throw conflict('The referral expired before the purchase.', { reason: 'EXPIRED' });
      }
      if (input.orderId != null) await refuseKnown(em, { tenantId, orderId: input.orderId });
      const shared = await shareSale(em, partner, {
        ...{ referral, claimed, sale: amount, at },
        ...{ customerId: input.customerId, customerEmail: input.customerEmail, country: input.country },
      });
      const { parts, winner } = shared;
      for (const part of parts) partners.add(part.partner.id);
      const customer = await seeCustomer(em, {
        tenantId,
        externalId: input.customerId,
        email: input.customerEmail,
        partnerId: shared.refused ? null : winner.id,
        at,
      });
      await keepPayment(em, payment, { tenantId, customerId: customer.id, at });
      const made = parts.map((part, index) => ({ ...part, id: v7(), main: index === 0 }));
      const { id: saleId } = made[0] as (typeof made)[number];
      for (const { id, main, partner, minor, referralId, source } of made)
        em.create(Conversion, {
          ...{ id, tenantId, partnerId: partner.id, referralId, customerId: customer.id, source },
          orderId: input.orderId ?? null,
          subscriptionId: input.subscriptionId ?? null,
          amount: new MoneyColumn(money(minor, currency)),
          occurredAt: at,
          partOf: main ? null : saleId,
          counted: partner.id === winner.id,
          refused: shared.refused,
          couponId: claimed.couponId,
          isTrial,
        });
      referral.convertedAt = at;
      // A partner without a share must not learn the customer.
      const hasShare = isTrial ? winner.id === partnerId : made[0]?.minor !== 0n;
      referral.customerId = hasShare ? customer.id : null;
      if (shared.opened)
        await em.nativeUpdate(Referral, shared.opened, { convertedAt: at, customerId: customer.id });
      await em.flush();
      await keepPath(em, {
        ...{
          tenantId,
          saleId,
          sale: amount,
          at,
          basis: shared.basis,
          named: shared.named,
          terms: shared.terms,
          path: shared.path,
        },
        parts: made
          .filter(({ partner, minor }) => minor > 0n || (isTrial && partner.id === winner.id))
          .map(({ id, partner, minor }) => ({ partnerId: partner.id, minor, conversionId: id })),
      });
      let unearned = 0n;
      const earned: object[] = [];
      const lines: string[] = [];
      const run = within(em);
      const shares = made.map(({ minor }) => minor);
      for (const [index, { id, partner, minor, referralId, source }] of made.entries()) {
        if (minor === 0n) continue;
        const earning = {
          type: (await firstPurchase(run, partner.id, customer.id)) ? 'ONE_TIME' : 'SIGNUP',
          base: money(minor, currency),
          purchase: amount.minor,
          among: { bases: shares, index },
          scale: { of: 'PARTNERS', parts: shares, index },
          isNow: input.occurredAt == null,
          saleId,
          orderId: input.orderId,
          product: input.product,
          quantity: input.quantity,
          country: input.country,
          occurredAt: at,
          customerId: customer.id,
          subscriptionId: input.subscriptionId,
          conversion: { id, referralId },
          source,
          statedBy: ctx.actor.id,
          metadata,
        } as const;
        const line = await earn(run, ctx, partner, earning, { refused: shared.refused });
        await em.flush();
        if (typeof line === 'string') unearned += minor;
        else lines.push(line.id);
        earned.push({
          ...(made.length > 1 && { partnerId: partner.id, share: money(minor, currency) }),
          ...(typeof line === 'string'
            ? { earnsNothing: line }
            : { commission: { id: line.id, amount: line.amount } }),
        });
      }
      const refunds =
        input.orderId == null
          ? []
          : await settleWaiting(em, ctx, {
              ...{ tenantId, partnerId: winner.id, orderId: input.orderId, currency, unearned },
              sharedBy: [...partners],
            });
      record(em, ctx, 'referral.converted', referral, {
        before: { convertedAt: null, customerId: null },
        after: {
          ...{ convertedAt: at, customerId: referral.customerId, conversionId: saleId, amount },
          ...(isTrial
            ? { isTrial }
            : earned.length === 1
              ? earned[0]
              : { model: shared.terms.model, shares: earned }),
          ...refundsOf(refunds),
        },
        ...(earned.length > 1 && { subjects: lines }),
      });
      await em.flush();
      return referral.id;
    });
    return { id: referral.id, partners };
  });
  for (const partnerId of converted.partners) announceMetrics(ctx, partnerId);
  return converted.id;
}

/** Locks the customer before the referral, in the same order as a purchase that names no referral. */
async function namedReferral(em: EntityManager, id: string, customerId: string): Promise<Claimed> {
  const referral = await em.findOne(Referral, idOf(id));
  if (!referral) throw notFound('referral');
  await lockCustomer(em, referral.tenantId, customerId);
  return { id: referral.id, basis: null, named: null, couponId: null };
}
