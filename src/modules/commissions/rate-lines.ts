import { type EntityManager, sql } from '@mikro-orm/postgresql';
import { money } from '../../domain/money.ts';
import type { Context } from '../../kernel/context.ts';
import { announceMetrics } from '../../kernel/metrics-topic.ts';
import { MoneyColumn } from '../../kernel/money.column.ts';
import { transact } from '../../kernel/transact.ts';
import { record } from '../audit/audit.service.ts';
import { MAX_AGE_DAYS } from '../exchange-rates/exchange-rate.service.ts';
import { assess } from '../fraud/fraud.service.ts';
import { findPartner } from '../partners/partner.service.ts';
import type { Commission } from './commission.entity.ts';
import { lockCommission } from './commission.service.ts';
import { endHolds, openHolds } from './commission-hold.service.ts';
import { count, type Earning, termColumns, trueUp, weigh } from './earn-commission.ts';
import { endHold } from './hold-commission.ts';
import { knownOrders, lockOrder } from './order.ts';
import { settleWaiting } from './refund-sale.ts';
import { isRated, soldFor } from './sold.ts';
import { review, watched } from './watch-line.ts';

const BATCH = 500;

interface Waiting {
  readonly id: string;
  readonly orderId: string | null;
}

/** Works out what lines are worth that wait for an exchange rate which is there now, each by itself. Running it again does
 *  nothing more. */
export async function rateLines(ctx: Context, tenantId: string): Promise<void> {
  for (let last = '00000000-0000-0000-0000-000000000000'; ; ) {
    const lines = await transact(ctx, (em) =>
      em.execute<Waiting[]>(sql`
      select c.id, coalesce(c.order_id, v.order_id) as "orderId" from commissions c left join conversions v on v.id = c.conversion_id
      where c.tenant_id = ${tenantId} and c.unrated is not null and c.status = 'HELD' and c.id > ${last}
        and exists (select from exchange_rates x where x.tenant_id = c.tenant_id
          and least(x.base, x.quote) = least(c.sale_currency, c.amount_currency)
          and greatest(x.base, x.quote) = greatest(c.sale_currency, c.amount_currency)
          and x.effective_on between (c.unrated->>'day')::date - ${MAX_AGE_DAYS}::int and (c.unrated->>'day')::date)
      order by c.id limit ${BATCH}`),
    );
    const end = lines.at(-1);
    if (!end) return;
    for (const { id, orderId } of lines)
      announceMetrics(ctx, await transact(ctx, (em) => rate(em, ctx, id, orderId)));
    last = end.id;
  }
}

/** The line as it would have been made with the rate at hand; what it no longer earns is rejected, with the reason. */
async function rate(em: EntityManager, ctx: Context, id: string, orderId: string | null): Promise<string> {
  if (orderId !== null) await lockOrder(em, orderId);
  const line = await lockCommission(em, id, { partnerToo: true });
  const { tenantId, partnerId } = line;
  if (isRated(line) || line.status !== 'HELD') return partnerId;
  const partner = await findPartner(em, partnerId);
  const earning = earningOf(line);
  const weighed = await weigh(em, partner, earning);
  if (typeof weighed === 'string') {
    const reason = `the sale earns nothing: ${weighed}`;
    await endHolds(em, ctx, line, { reason });
    await em.flush();
    Object.assign(line, { status: 'REJECTED', reason, rejectCode: 'TERMS' });
    record(em, ctx, 'commission.rated', line, {
      before: { status: 'HELD' },
      after: { status: line.status },
      reason,
    });
    return partnerId;
  }
  if ('missing' in weighed) return partnerId;
  await count(em, partner, earning, weighed);
  const amount = new MoneyColumn(money(weighed.computed.amount, weighed.base.currency));
  const { tier, roundingMode } = weighed.inForce;
  Object.assign(line, { ...termColumns(weighed), tier, roundingMode, amount, unrated: null });
  trueUp(em, partner, earning, weighed, line);
  const sale = watched(partner, earning);
  const risk = await assess(em, sale, weighed.inForce.fraud);
  if (risk) await review(em, ctx, line, sale, risk);
  await em.flush();
  for (const hold of await openHolds(em, line))
    if (hold.kind === 'FX') await endHold(em, ctx, line, hold, { releaseReason: 'the rate was entered' });
  await em.flush();
  for (const order of orderId === null ? [] : await knownOrders(em, { tenantId, orderId, partnerId }))
    await settleWaiting(em, ctx, order);
  record(em, ctx, 'commission.rated', line, {
    before: { status: 'HELD', exchange: null, amount: null },
    after: { status: line.status, exchange: weighed.exchange, amount, baseAmount: line.baseAmount },
  });
  return partnerId;
}

/** The sale as it was told, from what is kept of it. */
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
    owedIn: line.amount.currency,
    source: line.source,
    createdBy: line.createdBy ?? undefined,
    statedBy: line.statedBy ?? '',
    metadata: line.metadata,
  };
}
