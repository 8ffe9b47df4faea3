import { v7 } from 'uuid';
import type { FlatRefund, Settlement } from '../../../domain/commission.ts';
import { invalid, notFound } from '../../../domain/errors.ts';
import type { FraudTerms } from '../../../domain/fraud.ts';
import type { RoundingMode } from '../../../domain/money.ts';
import type { PartnerStatus, PartnerTier } from '../../../domain/partner.ts';
import type { Rule } from '../../../domain/plan.ts';
import { scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Repeatable, requestHash } from '../../foundation/idempotency/public.ts';
import { type Partner, partnerTable } from '../../partners/partner/public.ts';
import { isCustomerSql } from '../../tracking/attribution/public.ts';
import type { StoredItem, UnratedSale } from '../commission/public.ts';
import { RULES_IN_FORCE, type RuleJson, rulesOf } from '../plans/public.ts';

/** The facts about a partner that its commissions depend on. */
export type EarningPartner = Pick<Partner, 'id' | 'tenantId' | 'currency' | 'rateBps'>;

export interface OpenedSale {
  readonly partner: EarningPartner;
  /** Null when the input names no customer. */
  readonly customerId: string | null;
  /** True when the customer is the partner itself, if that was asked. */
  readonly self: boolean;
  /** True when the idempotency key was used before. */
  readonly repeated: boolean;
}

interface Opening extends Omit<Repeatable, 'tenantId'> {
  readonly partnerId: string;
  /** Id of the commission that the request creates. */
  readonly resultId: string;
  /** Id of the customer in the seller's system. An unbound customer is bound to the partner. */
  readonly externalId: string | null | undefined;
  readonly at: Date;
  /** True to ask whether the customer is the partner itself. */
  readonly asksSelf: boolean;
}

/** Does in one query what `holdPartner`, `once` and `seeCustomer` do: locks the partner, takes the idempotency key and
 *  finds or creates the customer. */
export async function openSale(run: Run, { actor }: Context, opening: Opening): Promise<OpenedSale> {
  const { partnerId, resultId, operation, key, input, externalId, at, asksSelf } = opening;
  const takenKey =
    key == null
      ? sql``
      : sql`, key as (insert into idempotency_keys (tenant_id, actor_id, operation, key, request_hash, result_id)
        select tenant_id, ${actor.id}, ${operation}, ${key}, ${requestHash(input)}, ${resultId}::uuid from held
        on conflict do nothing returning key)`;
  const seenCustomer =
    externalId == null
      ? sql``
      : sql`, known as materialized (select c.id, c.partner_id from customers c join held on held.tenant_id = c.tenant_id
        where c.external_id = ${externalId} for no key update of c),
      customer as (insert into customers (id, tenant_id, external_id, partner_id, bound_at)
        select ${v7()}::uuid, tenant_id, ${externalId}, id, ${at}::timestamptz from held
        where not exists (select from known where partner_id is not null)
        on conflict (tenant_id, external_id) do update
          set partner_id = coalesce(customers.partner_id, excluded.partner_id), bound_at = coalesce(customers.bound_at, excluded.bound_at)
        returning id)`;
  const [row] = await run(sql<EarningPartner & Omit<OpenedSale, 'partner'>>`
    with /* commissions.open */ held as materialized (select p.id, p.tenant_id, p.currency, p.rate_bps from partners p
      where p.id = ${partnerId}::uuid and p.deleted_at is null and ${scopeOf(actor, partnerTable)} for share of p)${takenKey}${seenCustomer}
    select id, tenant_id as "tenantId", currency, rate_bps as "rateBps",
      ${externalId == null ? sql`null` : sql`coalesce((select c.id from customer c), (select k.id from known k))`} as "customerId",
      ${externalId == null || !asksSelf ? sql`false` : isCustomerSql(sql`id`, { customerId: externalId })} as self,
      ${key == null ? sql`false` : sql`not exists (select from key)`} as repeated from held`);
  if (!row) throw notFound('partner', { field: 'input.partnerId' });
  const { customerId, self, repeated, ...partner } = row;
  return { partner, customerId, self, repeated };
}

/** The terms in force for a partner at the time of a sale. */
export interface InForce {
  readonly status: PartnerStatus;
  readonly tier: PartnerTier;
  readonly tierRateBps: number;
  readonly roundingMode: RoundingMode;
  readonly holdDays: number;
  readonly settlement: Settlement;
  /** The program's risk rules. Null when all are OFF. */
  readonly fraud: FraudTerms | null;
  readonly flatRefund: FlatRefund;
  readonly timeZone: string;
  /** Day of the sale in the program's time zone. */
  readonly day: string;
  /** The partner's own rules and the rules of its plan. */
  readonly rules: readonly Rule[];
  /** True when what the customer's earlier purchases earn may change with a further one. */
  readonly hasDependents: boolean;
  /** An affiliate's own terms. Null for other partner types. `minimum` is in `currency`. */
  readonly affiliate: AffiliateTerms | null;
  /** The rules and the affiliate's terms as they were read, to be stored with a sale that waits for its exchange rate. */
  readonly asRead: TermsAsRead;
}

interface TermsAsRead {
  readonly rules: readonly RuleJson[];
  readonly affiliate: (Omit<AffiliateTerms, 'minimum'> & { readonly minimum: string | null }) | null;
}

interface AffiliateTerms {
  readonly firstPurchaseOnly: boolean;
  /** Months after the first purchase in which further purchases earn. Null without a limit. */
  readonly recurringMonths: number | null;
  /** The smallest order that earns, inclusive, in minor units of `currency`. Null without a minimum. */
  readonly minimum: bigint | null;
  readonly currency: string | null;
}

type TermsRow = Omit<InForce, 'rules' | 'affiliate' | 'asRead'> & {
  readonly rules: TermsAsRead['rules'] | null;
  readonly affiliate: TermsAsRead['affiliate'];
};

const termsAsRead = ({ rules, affiliate }: TermsAsRead): Pick<InForce, 'rules' | 'affiliate' | 'asRead'> => ({
  rules: rulesOf(rules),
  affiliate: affiliate && {
    ...affiliate,
    minimum: affiliate.minimum === null ? null : BigInt(affiliate.minimum),
  },
  asRead: { rules, affiliate },
});

/** Returns the terms in force at the time of a sale that waited for its exchange rate: those that were stored with the sale, with
 *  the tier that the partner turned out to have. */
export async function loadInForceOf(
  run: Run,
  item: StoredItem,
  terms: UnratedSale['terms'],
): Promise<InForce> {
  const { partnerId, customerId, at, day, timeZone, roundingMode, flatRefund } = item;
  return {
    ...(await loadInForce(run, partnerId, at, { id: customerId })),
    ...termsAsRead(terms as TermsAsRead),
    ...{ day, timeZone, roundingMode, flatRefund },
  };
}

/** Returns the terms in force at a time, in one query: the partner's status and tier with the tier's rate, the program's
 *  settings, the rules and an affiliate's own terms. Lock the partner and the customer before, or the result may be
 *  outdated. */
export async function loadInForce(
  run: Run,
  partnerId: string,
  at: Date,
  customer: { readonly id?: string | null; readonly externalId?: string | null | undefined } = {},
): Promise<InForce> {
  const { id = null, externalId = null } = customer;
  const [row] = await run<TermsRow>(
    sql`select h.status, h.tier, t.rate_bps as "tierRateBps", g.rounding_mode as "roundingMode", g.hold_days as "holdDays", g.settlement, g.fraud, g.flat_refund as "flatRefund",
        g.time_zone as "timeZone",
        ${(id ?? externalId) ? sql`has_dependent_purchases(p.tenant_id, ${id}::uuid, ${externalId})` : sql`false`} as "hasDependents",
       
        (at.instant at time zone g.time_zone)::date::text as day, ${sql.raw(RULES_IN_FORCE)} as rules,
        (select json_build_object('firstPurchaseOnly', a.first_purchase_only, 'recurringMonths', a.recurring_months,
            'minimum', a.minimum_purchase_minor::text, 'currency', a.minimum_purchase_currency)
          from affiliate_configs a where a.partner_id = p.id and p.partner_type = 'AFFILIATE') as affiliate
      from partners p
      cross join (select ${at}::timestamptz as instant) at
      join programs g on g.tenant_id = p.tenant_id
      cross join lateral (select h.status, h.tier from partner_history h where h.partner_id = p.id and h.effective_at <= at.instant
        order by h.effective_at desc, h.id desc limit 1) h
      cross join lateral (select v.rate_bps from tier_config_versions v
        where v.tenant_id = p.tenant_id and v.tier = h.tier and v.effective_at <= at.instant
        order by v.effective_at desc, v.id desc limit 1) t
      where p.id = ${partnerId}::uuid`,
  );
  if (!row) throw invalid('input.occurredAt', 'must not be before the partner was created');
  const { rules, affiliate, ...terms } = row;
  return { ...terms, ...termsAsRead({ rules: rules ?? [], affiliate }) };
}

/** Returns the time of the customer's first purchase that earned for the partner. Null without one. */
export async function firstPurchase(run: Run, partnerId: string, customerId: string): Promise<Date | null> {
  const [row] = await run<{ first: string | null }>(
    sql`select min(occurred_at) as first from commissions
      where customer_id = ${customerId}::uuid and partner_id = ${partnerId}::uuid and type not in ('REVERSAL', 'BONUS', 'TRUE_UP', 'ADJUSTMENT') and status <> 'REJECTED'`,
  );
  return row?.first ? new Date(row.first) : null;
}
