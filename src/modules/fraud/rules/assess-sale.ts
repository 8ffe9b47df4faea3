import { v7 } from 'uuid';
import {
  type Facts,
  type FraudRule,
  type FraudTerms,
  type Hit,
  hitsOf,
  isWatching,
  type Judgement,
  judge,
  mostInAnHour,
  termsOf,
} from '../../../domain/fraud.ts';
import { freeMailDomains } from '../../../domain/free-mail-domains.ts';
import type { Money } from '../../../domain/money.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { disposableDomains } from './disposable-domains.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The highest number of rows that a count reads. */
const MOST = 1_000;
/** The highest number of ids in the evidence of a match. */
const NAMED = 5;

/** A sale that the risk rules check before its commission is created. */
export interface AssessedSale {
  readonly tenantId: string;
  readonly partnerId: string;
  readonly customerId: string | null;
  readonly referralId: string | null;
  /** The order of the sale. Other line items of the order are not counted as sales. */
  readonly orderId: string | null;
  readonly occurredAt: Date;
}

export interface Assessment extends Judgement {
  readonly hits: readonly Hit[];
  readonly threshold: number;
}

/** Checks a sale by the program's risk rules. Returns null when all rules are OFF or none matches. One query reads all
 *  facts; facts for rules that are OFF are not read. */
export async function assess(
  run: Run,
  sale: AssessedSale,
  terms: FraudTerms | null,
): Promise<Assessment | null> {
  if (!isWatching(terms)) return null;
  const hits = hitsOf(await loadFacts(run, sale, terms), terms);
  return hits.length === 0 ? null : { ...judge(hits, terms.threshold), hits, threshold: terms.threshold };
}

/** Returns the reason code for a blocked sale. */
export const blockedAs = ({ hits }: Assessment): 'SELF_REFERRAL' | 'CUSTOMER_BLOCKED' =>
  hits.some(({ rule, mode }) => mode === 'BLOCK' && rule !== 'BLOCKED_CUSTOMER')
    ? 'SELF_REFERRAL'
    : 'CUSTOMER_BLOCKED';

type Gathered = Omit<
  Facts,
  | 'disposable'
  | 'freeMail'
  | 'allowed'
  | 'secondsToPurchase'
  | 'partnerSales'
  | 'addressSales'
  | 'addressClicks'
> & {
  /** Times of other sales within an hour, in milliseconds since 1970. Null when the rule is OFF or there are none. */
  readonly partnerSales: readonly number[] | null;
  readonly addressSales: readonly number[] | null;
  /** The same for other clicks, around the visitor's click. */
  readonly addressClicks: readonly number[] | null;
  /** Time of the visitor's click, in milliseconds since 1970. */
  readonly click: number | null;
  readonly allowed: boolean;
  readonly listed: { readonly list: string; readonly domain: string }[];
};

async function loadFacts(run: Run, sale: AssessedSale, terms: FraudTerms): Promise<Facts> {
  const { tenantId, partnerId, customerId, referralId, orderId, occurredAt: at } = sale;
  const on = (...rules: FraudRule[]) => rules.some((rule) => termsOf(terms, rule).mode !== 'OFF');
  const from = (ms: number) => new Date(at.getTime() - ms);
  const [found] = await run<{ facts: Gathered }>(
    sql`
    with k as (
      select id, external_id, email, substring(normal_email(email) from '@([^@]*)$') as domain from customers where id = ${customerId}),
    r as (select id, origin, clicked_at, ip_hash, visitor_id from referrals where id = ${referralId}),
    click as (
      select id, clicked_at as at from r where origin = 'CLICK'
      union all
      select o.id, o.clicked_at from r cross join lateral (
        select id, clicked_at from touches where tenant_id = ${tenantId} and visitor_id = r.visitor_id and partner_id = ${partnerId}
          and clicked_at <= ${at} and not bot order by clicked_at desc, id desc limit 1) o where r.origin = 'REPEAT'),
    people as (select id, email, subject from members where partner_id = ${partnerId} and removed_at is null),
    entries as (
      select e.id, e.list, e.domain, e.customer_id from fraud_list_entries e left join k on true
      where e.tenant_id = ${tenantId} and e.removed_at is null and (e.customer_id = k.id or k.domain = e.domain or k.domain like '%.' || e.domain))
    select jsonb_build_object(
      'customer', (select jsonb_build_object('externalId', external_id, 'email', email) from k),
      'partner', (select jsonb_build_object('id', id, 'email', email) from partners where id = ${partnerId}),
      'members', coalesce((select jsonb_agg(jsonb_build_object('id', id, 'email', email, 'subject', subject)) from people), '[]'),
      'sponsor', (select jsonb_build_object('id', p.id, 'email', p.email) from sponsorships s join partners p on p.id = s.sponsor_id
        where s.partner_id = ${partnerId} and s.assigned_at <= ${at} and (s.ended_at is null or s.ended_at > ${at})
        order by s.assigned_at desc limit 1),
      'allowed', exists (select from entries where list = 'ALLOWED_CUSTOMER'),
      'blockedBy', (select id from entries where list = 'BLOCKED_CUSTOMER' order by id limit 1),
      'listed', coalesce((select jsonb_agg(jsonb_build_object('list', list, 'domain', domain)) from entries where list like '%DOMAIN'), '[]'),
      'samePayment', case when ${on('SAME_PAYMENT')} then (select jsonb_agg(id) from (
        select distinct o.id from k join payment_fingerprints own on own.customer_id = k.id
        join payment_fingerprints f on f.tenant_id = own.tenant_id and f.fingerprint = own.fingerprint and f.customer_id <> k.id
        join customers o on o.id = f.customer_id
        where o.partner_id = ${partnerId} or is_own_purchase(${partnerId}::uuid, o.external_id, null)
        limit ${NAMED}) same) end,
      'sameAddress', case when ${on('SAME_ADDRESS')} then (select jsonb_agg(id) from (
        select f.id from r join referrals f on f.tenant_id = ${tenantId} and f.ip_hash = r.ip_hash and f.id <> r.id
          and f.converted_at between ${from(DAY)}::timestamptz and ${from(-DAY)}::timestamptz and f.customer_id <> ${customerId}
        limit ${NAMED}) same) end,
      'sharedAccounts', case when ${on('SHARED_PAYOUT_ACCOUNT')} then (select jsonb_agg(id) from (
        select distinct b.partner_id as id from payout_accounts a join payout_accounts b
          on b.tenant_id = a.tenant_id and b.fingerprint = a.fingerprint and b.partner_id <> a.partner_id and b.removed_at is null
        where a.partner_id = ${partnerId} and a.removed_at is null limit ${NAMED}) same) end,
      'partnerSales', case when ${on('PARTNER_VELOCITY')} then (
        select jsonb_agg(extract(epoch from made.at) * 1000) from (
          select min(c.occurred_at) as at from commissions c
          where c.partner_id = ${partnerId} and c.id >= lowest_id(${from(HOUR)}::timestamptz) and c.occurred_at > ${from(HOUR)} and c.occurred_at < ${from(-HOUR)}
            and c.reverses_id is null and c.adjusts_id is null and (${orderId}::text is null or c.order_id is distinct from ${orderId})
          group by coalesce(c.order_id, c.conversion_id::text, c.id::text) limit ${MOST}) made) end,
      'addressSales', case when ${on('ADDRESS_VELOCITY')} then (
        select jsonb_agg(extract(epoch from made.at) * 1000) from (
          select f.converted_at as at from r join referrals f on f.tenant_id = ${tenantId} and f.ip_hash = r.ip_hash and f.id <> r.id
            and f.converted_at > ${from(HOUR)} and f.converted_at < ${from(-HOUR)} limit ${MOST}) made) end,
      'click', (select extract(epoch from at) * 1000 from click),
      'addressClicks', case when ${on('CLICK_FLOOD')} then (
        select jsonb_agg(extract(epoch from made.at) * 1000) from (
          select f.clicked_at as at from r join click on true join referrals f on f.partner_id = ${partnerId} and f.ip_hash = r.ip_hash
            and f.id between lowest_id(click.at - interval '1 hour') and lowest_id(click.at + interval '1 day') and f.id <> click.id
            and f.clicked_at > click.at - interval '1 hour' and f.clicked_at < click.at + interval '1 hour' and f.clicked_at <= ${at}
            and f.origin = 'CLICK' limit ${MOST}) made) end,
      'couponAgainst', case when ${on('FOREIGN_COUPON')} then (
        select nullif(t.partner_id, ${partnerId}) from r join lateral (
          select o.partner_id from touches o where o.tenant_id = ${tenantId} and o.visitor_id = r.visitor_id and o.clicked_at <= ${at} and not o.bot
          order by o.clicked_at desc, o.id desc limit 1) t on true
        where r.origin = 'COUPON') end) as facts`,
  );
  if (!found) throw new Error('A select without from always returns a row.');
  const { listed, click, ...facts } = found.facts;
  const own = (list: string) =>
    new Set(listed.filter((entry) => entry.list === list).map(({ domain }) => domain));
  const [free, disposable] = [own('FREE_MAIL_DOMAIN'), own('DISPOSABLE_DOMAIN')];
  return {
    ...facts,
    samePayment: facts.samePayment ?? [],
    sameAddress: facts.sameAddress ?? [],
    sharedAccounts: facts.sharedAccounts ?? [],
    // The count includes the sale itself, whose commission is not created yet.
    partnerSales: mostInAnHour(facts.partnerSales ?? [], at),
    addressSales: mostInAnHour(facts.addressSales ?? [], at),
    addressClicks: click === null ? 0 : mostInAnHour(facts.addressClicks ?? [], new Date(click)),
    secondsToPurchase: click === null ? null : (at.getTime() - click) / 1_000,
    disposable: {
      has: (domain) => !free.has(domain) && (disposable.has(domain) || disposableDomains.has(domain)),
    },
    freeMail: { has: (domain) => free.has(domain) || freeMailDomains.has(domain) },
  };
}

interface StoredReview {
  readonly sale: AssessedSale;
  readonly assessment: Assessment;
  /** Amount of the commission, or the amount that a blocked sale would have earned. */
  readonly amount: Money;
  /** Null for a blocked sale. */
  readonly commissionId: string | null;
  /** Id of the RISK hold. Null when the commission is not held. */
  readonly holdId: string | null;
}

/** Stores the result of the risk rules. A commission that cannot be held, because its amount is not positive, is NOTED. */
export async function keepReview(
  run: Run,
  { clock }: Pick<Context, 'clock'>,
  { sale, assessment, amount, commissionId, holdId }: StoredReview,
): Promise<void> {
  const { hits, score, shadowScore, threshold } = assessment;
  const outcome = commissionId === null ? 'BLOCKED' : holdId ? 'HELD' : assessment.outcome;
  const rows = hits.map((hit) => ({ ...hit, id: v7() }));
  await run(
    sql`
    with review as (
      insert into fraud_reviews (id, tenant_id, partner_id, commission_id, customer_id, referral_id, hold_id, outcome, score, shadow_score,
        threshold, amount_minor, amount_currency, assessed_at)
      values (${v7()}, ${sale.tenantId}, ${sale.partnerId}, ${commissionId}, ${sale.customerId}, ${sale.referralId}, ${holdId},
        ${outcome === 'HELD' && !holdId ? 'NOTED' : outcome}, ${score}, ${shadowScore}, ${threshold},
        ${amount.minor}, ${amount.currency}, ${clock.now()})
      returning id, tenant_id)
    insert into fraud_hits (id, tenant_id, review_id, rule, mode, weight, evidence)
    select h.id, review.tenant_id, review.id, h.rule, h.mode, h.weight, h.evidence
    from review, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) h (id uuid, rule text, mode text, weight int, evidence jsonb)`,
  );
}
