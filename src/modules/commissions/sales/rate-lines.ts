import type { EntityManager } from '@mikro-orm/postgresql';
import { serializeComputed } from '../../../domain/computed.ts';
import { money, unlessTooLarge } from '../../../domain/money.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact, within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { record } from '../../foundation/audit/public.ts';
import { assess } from '../../fraud/rules/public.ts';
import { findPartner } from '../../partners/partner/public.ts';
import { MAX_AGE_DAYS } from '../../programs/exchange-rates/public.ts';
import {
  assessedSale,
  type Commission,
  correct,
  endHold,
  endHolds,
  isRated,
  itemOfLine,
  lockCommission,
  openHolds,
  placeHold,
  productsOf,
  review,
  soldFor,
  store,
} from '../commission/public.ts';

import { type Earning, limitOf, loadInForceOf, termColumns, weigh } from '../earning/public.ts';

import { knownOrders, lockOrder, refundsOf, type SaleRefund, settleWaiting } from '../refunds/public.ts';

const BATCH = 500;

interface Waiting {
  readonly id: string;
  readonly orderId: string | null;
}

/** Computes the commissions whose exchange rate has been entered, each in its own transaction, and applies the refunds that
 *  waited for them. A repeated run changes nothing. */
export async function rateLines(ctx: Context, tenantId: string): Promise<void> {
  for (let last = '00000000-0000-0000-0000-000000000000'; ; ) {
    const lines = await transact(ctx, (em) =>
      sql<Waiting>`
      select c.id, coalesce(c.order_id, v.order_id) as "orderId" from commissions c left join conversions v on v.id = c.conversion_id
      where c.tenant_id = ${tenantId} and c.unrated is not null and c.status = 'HELD' and c.id > ${last}
        and exists (select from exchange_rates x where x.tenant_id = c.tenant_id
          and least(x.base, x.quote) = least(c.unrated->>'from', c.unrated->>'to')
          and greatest(x.base, x.quote) = greatest(c.unrated->>'from', c.unrated->>'to')
          and x.effective_on between (c.unrated->>'day')::date - ${MAX_AGE_DAYS}::int and (c.unrated->>'day')::date)
      order by c.id limit ${BATCH}`.execute(em),
    );
    const end = lines.at(-1);
    if (!end) break;
    for (const { id, orderId } of lines)
      announceMetrics(ctx, await transact(ctx, (em) => rate(em, ctx, id, orderId)));
    last = end.id;
  }
  await settleOverdue(ctx, tenantId);
}

/** Applies the waiting refunds of orders without a commission that waits for its rate, for example after a rejection by
 *  hand. */
async function settleOverdue(ctx: Context, tenantId: string): Promise<void> {
  for (let last = ''; ; ) {
    const orders = await transact(ctx, (em) =>
      sql<{ orderId: string }>`
      select distinct r.order_id as "orderId" from sale_refunds r
      join lateral (select s.partner_id, s.currency from sales s where s.tenant_id = r.tenant_id and s.order_id = r.order_id
        union all select v.partner_id, v.amount_currency from conversions v where v.tenant_id = r.tenant_id and v.order_id = r.order_id) o
        on o.partner_id = coalesce(r.partner_id, o.partner_id) and o.currency = coalesce(r.currency, o.currency)
      where r.tenant_id = ${tenantId} and r.settled_at is null and r.order_id > ${last}
        and not exists (select from commissions c where c.tenant_id = r.tenant_id and c.partner_id = o.partner_id and c.order_id = r.order_id
          and c.unrated is not null and c.status <> 'REJECTED')
        and not exists (select from commissions c join conversions v on v.id = c.conversion_id
          where v.tenant_id = r.tenant_id and v.order_id = r.order_id and v.partner_id = o.partner_id
            and c.unrated is not null and c.status <> 'REJECTED')
      order by 1 limit ${BATCH}`.execute(em),
    );
    const end = orders.at(-1);
    if (!end) return;
    for (const { orderId } of orders)
      for (const partnerId of await transact(ctx, (em) => settleOrder(em, ctx, tenantId, orderId)))
        announceMetrics(ctx, partnerId);
    last = end.orderId;
  }
}

async function settleOrder(
  em: EntityManager,
  ctx: Context,
  tenantId: string,
  orderId: string,
): Promise<Set<string>> {
  await lockOrder(em, orderId);
  const partners = new Set<string>();
  for (const order of await knownOrders(em, { tenantId, orderId, partnerId: null }))
    for (const { id, partnerId, takenMinor, lines } of await settleWaiting(em, ctx, order)) {
      const subject = { id, tenantId, partnerId };
      record(em, ctx, 'sale.refunded', subject, {
        before: { waiting: true },
        after: { orderId, waiting: false, takenMinor, lines },
        subjects: lines,
      });
      if (partnerId) partners.add(partnerId);
    }
  return partners;
}

/** Computes a commission as if the rate had existed from the start. A sale that earns nothing is rejected with the reason. */
async function rate(em: EntityManager, ctx: Context, id: string, orderId: string | null): Promise<string> {
  if (orderId !== null) await lockOrder(em, orderId);
  const line = await lockCommission(em, id, { partnerToo: true });
  const { partnerId } = line;
  if (isRated(line) || line.status !== 'HELD') return partnerId;
  const partner = await findPartner(em, partnerId);
  const earning = earningOf(line);
  const run = within(em);
  const stored = await itemOfLine(em, line);
  const { terms } = line.unrated as NonNullable<typeof line.unrated>;
  const known = await loadInForceOf(run, stored, terms);
  const asThen = { ...partner, rateBps: terms.partnerRateBps };
  const weighed = await weigh(run, asThen, earning, { id, stored, known }).catch(unlessTooLarge);
  if (weighed === null) {
    await holdAsTooLarge(em, ctx, line);
    return partnerId;
  }
  if (typeof weighed !== 'string' && 'missing' in weighed) return partnerId;
  const limit = typeof weighed === 'string' ? weighed : limitOf(weighed);
  if (typeof weighed !== 'string') {
    const others = [...weighed.reckoning.items.values()].filter(({ item }) => item.id !== id);
    await correct(run, ctx, others, {
      why: 'SALE',
      order: orderId,
      at: line.occurredAt,
      holdUntil: line.holdUntil,
      causeId: limit === null ? id : null,
    });
    await store(run, weighed.reckoning);
  } else await run(sql`update sale_items set refused = ${weighed} where id = ${id}::uuid`);
  if (limit !== null) {
    const reason = `This sale earns nothing. The reason is ${limit}.`;
    await endHolds(em, ctx, line, { reason });
    await em.flush();
    Object.assign(line, { status: 'REJECTED', reason, rejectCode: 'TERMS' });
    await em.flush();
    const refunds = await settleRefunds(em, ctx, line, orderId);
    record(em, ctx, 'commission.rated', line, {
      before: { status: 'HELD' },
      after: { status: line.status, ...refunds },
      reason,
    });
    return partnerId;
  }
  if (typeof weighed === 'string') return partnerId;
  const amount = new MoneyColumn(money(weighed.owed.amount, weighed.base.currency));
  const { tier, roundingMode } = weighed.inForce;
  const baseAmount = new MoneyColumn(weighed.base);
  const computation = serializeComputed(weighed.computed);
  Object.assign(line, {
    ...termColumns(weighed),
    ...{ baseAmount, tier, roundingMode, amount, computation, unrated: null },
  });
  await em.flush();
  const sale = assessedSale(partner, earning);
  const risk = await assess(run, sale, weighed.inForce.fraud);
  if (risk) await review(run, ctx, line, sale, risk);
  for (const hold of await openHolds(em, line))
    if (hold.kind === 'FX')
      await endHold(em, ctx, line, hold, { releaseReason: 'The exchange rate was entered.' });
  await em.flush();
  const refunds = await settleRefunds(em, ctx, line, orderId);
  record(em, ctx, 'commission.rated', line, {
    before: { status: 'HELD', exchange: null, amount: null },
    after: {
      status: line.status,
      exchange: weighed.exchange,
      amount,
      baseAmount: line.baseAmount,
      ...refunds,
    },
  });
  return partnerId;
}

/** Keeps a commission HELD whose amount is too large at the entered rate, until another rate is entered. The hold says so. */
async function holdAsTooLarge(em: EntityManager, ctx: Context, line: Commission): Promise<void> {
  const reason = `The exchange rate for ${line.unrated?.day} gives more than 10^15 minor units. Enter another rate, or reject this commission.`;
  const hold = (await openHolds(em, line)).find(({ kind }) => kind === 'FX');
  if (!hold || hold.reason === reason) return;
  Object.assign(hold, {
    ...{ releasedBy: ctx.actor.id, releasedAt: ctx.clock.now() },
    releaseReason: 'The exchange rate was entered.',
  });
  await em.flush(); // the database allows one open hold of a kind
  const { id } = await placeHold(em, ctx, line, { kind: 'FX', reason });
  record(em, ctx, 'commission.held', line, { before: { hold: hold.id }, after: { hold: id }, reason });
}

/** Applies the waiting refunds of the commission's order. The order must be locked. Returns the refunds for the audit
 *  entry. */
async function settleRefunds(
  em: EntityManager,
  ctx: Context,
  { tenantId, partnerId }: Commission,
  orderId: string | null,
): Promise<object> {
  const settled: SaleRefund[] = [];
  for (const order of orderId === null ? [] : await knownOrders(em, { tenantId, orderId, partnerId }))
    settled.push(...(await settleWaiting(em, ctx, order)));
  return refundsOf(settled);
}

/** Restores the recorded sale from a stored commission. */
function earningOf(line: Commission): Earning {
  const { unrated, conversionId, referralId, orderId } = line;
  return {
    type: line.type,
    base: soldFor(line),
    product: line.product,
    quantity: unrated?.quantity,
    country: line.country,
    rateBps: unrated?.rateBps,
    occurredAt: line.occurredAt,
    customerId: line.customerId ?? null,
    subscriptionId: line.subscriptionId,
    conversion: conversionId && referralId ? { id: conversionId, referralId } : undefined,
    order: orderId ? { id: orderId, lineNumber: line.lineNumber } : undefined,
    purchase: unrated?.purchase == null ? undefined : BigInt(unrated.purchase),
    among: unrated?.among
      ? { bases: unrated.among.parts.map(BigInt), index: unrated.among.index }
      : undefined,
    scale: unrated?.scale
      ? {
          of: conversionId ? 'PARTNERS' : 'COLLECTED',
          parts: unrated.scale.parts.map(BigInt),
          index: unrated.scale.index,
        }
      : undefined,
    products: unrated?.products ? productsOf(unrated.products) : undefined,
    owedIn: line.amount.currency,
    source: line.source,
    createdBy: line.createdBy ?? undefined,
    statedBy: line.statedBy ?? '',
    metadata: line.metadata,
  };
}
