import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { serializeComputation } from '../../../domain/computation.ts';
import { money, type RoundingMode, share } from '../../../domain/money.ts';
import type { PartnerTier } from '../../../domain/partner.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { insertCommissions, type NewLine } from '../../commissions/earning/public.ts';

interface Sale {
  readonly id: string;
  readonly partner_id: string;
  readonly customer_id: string | null;
  readonly referral_id: string | null;
  readonly currency: string;
  readonly base: string;
  readonly earned: string;
  readonly product: string | null;
  readonly country: string | null;
  readonly subscription_id: string | null;
  readonly source: string;
  readonly rounding_mode: RoundingMode;
  readonly hold_until: string | null;
  readonly tier: PartnerTier;
  readonly rate_bps: number;
}

interface Promotion {
  readonly tenantId: string;
  readonly since: Date;
  readonly promoted: readonly {
    readonly id: string;
    readonly before: PartnerTier;
    readonly after: PartnerTier;
    /** Time of a later tier that was set by hand. */
    readonly until: Date | null;
  }[];
}

/** Creates a TRUE_UP commission for each sale since a back-dated promotion: the difference to the new tier's rate, on the part that
 *  was not refunded. It is dated now, so that the next payout includes it. */
export async function trueUpSales(
  em: EntityManager,
  ctx: Context,
  { tenantId, since, promoted }: Promotion,
): Promise<void> {
  if (promoted.length === 0) return;
  const sales = await sql<Sale>`
    select c.id, c.partner_id, c.customer_id, c.referral_id, c.base_currency as currency, (c.base_minor + r.base)::text as base,
      (c.amount_minor + r.amount)::text as earned, c.product, c.country, c.subscription_id, c.source, c.rounding_mode, c.hold_until,
      w.after as tier, v.rate_bps
    from jsonb_to_recordset(${JSON.stringify(promoted)}::jsonb) w (id uuid, before text, after text, until timestamptz)
    join commissions c on c.partner_id = w.id and c.tier = w.before and c.occurred_at >= ${since}
      and (w.until is null or c.occurred_at < w.until)
    cross join lateral (select coalesce(sum(base_minor), 0) as base, coalesce(sum(amount_minor), 0) as amount
      from commissions b where b.reverses_id = c.id) r
    cross join lateral (select rate_bps from tier_config_versions v where v.tenant_id = ${tenantId} and v.tier = w.after
      and v.effective_at <= c.occurred_at order by v.effective_at desc, v.id desc limit 1) v
    where c.tenant_id = ${tenantId} and c.rate_source = 'TIER' and c.method = 'PERCENTAGE' and c.reverses_id is null
      and c.adjusts_id is null and c.type <> 'BONUS' and c.status not in ('REJECTED', 'REVERSED')
  `.execute(em);
  const lines = sales.flatMap((sale) => {
    const base = BigInt(sale.base);
    const full = share(money(base, sale.currency), sale.rate_bps, sale.rounding_mode).minor;
    const amount = full - BigInt(sale.earned);
    if (amount <= 0n) return [];
    const part = { base, rateBps: sale.rate_bps, perUnit: null, quantity: 1, from: null, amount: full };
    const computation = serializeComputation({
      product: sale.product,
      quantity: 1,
      base,
      level: 'TIER',
      rule: null,
      method: 'PERCENTAGE',
      parts: [part],
      period: null,
      limited: null,
      cap: null,
      amount: full,
      trueUp: 0n,
    });
    const { currency, tier, product, country, source } = sale;
    const line: NewLine = {
      ...{ id: v7(), tenantId, tier, product, country, source, computation },
      partnerId: sale.partner_id,
      customerId: sale.customer_id,
      referralId: sale.referral_id,
      adjustsId: sale.id,
      ...{ type: 'TRUE_UP', method: 'PERCENTAGE', status: 'PENDING', rateSource: 'TIER' },
      baseAmount: money(0n, currency),
      rateBps: sale.rate_bps,
      roundingMode: sale.rounding_mode,
      amount: money(amount, currency),
      revenueMinor: 0n,
      subscriptionId: sale.subscription_id,
      occurredAt: ctx.clock.now(),
      holdUntil: sale.hold_until === null ? null : new Date(sale.hold_until),
    };
    return [line];
  });
  if (lines.length > 0) await insertCommissions(within(em), lines);
}
