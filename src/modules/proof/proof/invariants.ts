import { FIGURES } from '../../../domain/metrics.ts';
import { account } from '../../../domain/posting.ts';

/** A rule that always holds, with the query that returns its violations: one sentence a row. */
export interface Invariant {
  readonly name: string;
  readonly faults: string;
  /** True for a rule that is also checked every minute for partners with new postings. Such a rule reads only postings,
   *  sale items, commissions, payouts and their items, and each partner separately. */
  readonly online?: true;
}

/** SQL of the ledger's account names for the partner of a row. */
const accountOf = (name: (partnerId: string) => string, partnerId: string): string =>
  `'${name(`' || ${partnerId} || '`)}'`;
const payable = accountOf(account.payable, 'm.partner_id');
const held = accountOf(account.held, 'm.partner_id');
const inTransit = accountOf(account.inTransit, 'm.partner_id');
const paid = accountOf(account.paid, 'm.partner_id');

/** SQL of the approved commissions that a dispute holds, with their refunds and the true-ups that they raised. A commission in a payout is not held. */
const heldLines = `(
  select c.* from commission_holds h join commissions c on h.commission_id in (c.id, c.reverses_id, c.cause_id) and holds_line(h.commission_id, c)
  where h.released_at is null and c.status = 'APPROVED'
    and not exists (select from payout_items i where i.voided_at is null and i.commission_id in (c.id, h.commission_id)))`;

/** SQL of the effects of each posting: plus on its target account, minus on its source account. */
const movements = `(
  select tenant_id, partner_id, reference, amount_currency as currency, to_account as account, amount_minor as minor from postings
  union all
  select tenant_id, partner_id, reference, amount_currency, from_account, -amount_minor from postings)`;

const expense = `'${account.commissionExpense}'`;

const sums = FIGURES.map((figure) => `sum(${figure}) as ${figure}`).join(', ');
const differs = FIGURES.map((figure) => `coalesce(s.${figure}, 0) <> coalesce(r.${figure}, 0)`).join(' or ');
const shown = FIGURES.map(
  (figure) =>
    `case when coalesce(s.${figure}, 0) <> coalesce(r.${figure}, 0)
       then format('%s is %s, its rows sum to %s', '${figure}', coalesce(s.${figure}, 0), coalesce(r.${figure}, 0)) end`,
).join(', ');

/** SQL that is true for a commission that takes an amount back. */
const isCorrection = (c: string): string =>
  `(${c}.reverses_id is not null or ${c}.type = 'TRUE_UP' and ${c}.amount_minor < 0)`;

const isLive = `status not in ('REJECTED', 'REVERSED')`;

/** Append-only tables. */
const APPEND_ONLY = [
  'postings',
  'audit_events',
  'audit_links',
  'commission_rules',
  'plan_memberships',
  'tier_config_versions',
  'attribution_shares',
];

/** Amounts in these sentences are in minor units, as they are stored. */
export const invariants: readonly Invariant[] = [
  {
    name: 'postings sum to zero over all known accounts',
    online: true,
    faults: `
      select format('%s, %s: postings sum to %s', tenant_id, currency, minor) from (
        select m.tenant_id, m.currency, sum(m.minor) filter (where m.account in (${expense}, ${payable}, ${held}, ${inTransit}, ${paid})) as minor
        from ${movements} m group by m.tenant_id, m.currency) s
      where minor is distinct from 0`,
  },
  {
    name: 'every posting moves an amount between two accounts of its own partner',
    faults: `
      select format('posting %s (%s) moves %s from %s to %s', m.id, m.reference, m.amount_minor, m.from_account, m.to_account) from postings m
      where m.amount_minor <= 0 or m.from_account = m.to_account
        or m.from_account not in (${expense}, ${payable}, ${held}, ${inTransit}, ${paid})
        or m.to_account not in (${expense}, ${payable}, ${held}, ${inTransit}, ${paid})`,
  },
  {
    name: 'every business fact is posted once',
    faults: `
      select format('%s: %s is posted %s times', tenant_id, reference, count(*)) from postings group by tenant_id, reference having count(*) > 1`,
  },
  {
    name: 'every posting names an existing commission, refund or payout',
    faults: `
      select format('posting %s (%s) has no cause', m.id, m.reference) from postings m
      left join commissions c on (c.tenant_id, c.partner_id) = (m.tenant_id, m.partner_id) and c.id::text = split_part(m.reference, ':', 2)
      left join payouts o on (o.tenant_id, o.partner_id) = (m.tenant_id, m.partner_id) and o.id::text = split_part(m.reference, ':', 2)
      where case split_part(m.reference, ':', 1)
        when 'commission' then c.id is null or m.reference not in ('commission:' || c.id || ':accrued', 'commission:' || c.id || ':withdrawn')
            and not exists (select from commission_holds h where h.commission_id in (c.id, c.reverses_id, c.cause_id) and holds_line(h.commission_id, c)
              and m.reference in ('commission:' || c.id || ':hold:' || h.id || ':held', 'commission:' || c.id || ':hold:' || h.id || ':released'))
        when 'payout' then o.id is null
        else true end`,
  },
  {
    name: 'payable equals approved commissions less payouts and holds; held, in transit and paid equal holds and payouts',
    online: true,
    faults: `
      select format('partner %s, %s: %s is %s by its postings, %s by its commissions and payouts', partner_id, currency, account, ledger, due) from (
        select partner_id, currency, account, sum(ledger) as ledger, sum(due) as due from (
          select m.partner_id, m.currency, case m.account when ${payable} then 'payable' when ${held} then 'held' when ${inTransit} then 'in transit' else 'paid' end as account,
            m.minor as ledger, 0 as due
          from ${movements} m where m.account in (${payable}, ${held}, ${inTransit}, ${paid})
          union all
          select partner_id, amount_currency, 'payable', 0, -amount_minor from ${heldLines} l
          union all
          select partner_id, amount_currency, 'held', 0, amount_minor from ${heldLines} l
          union all
          select partner_id, amount_currency, 'payable', 0, amount_minor from commissions where status = 'APPROVED'
          union all
          select partner_id, amount_currency, 'payable', 0, -amount_minor from payouts where status in ('PROCESSING', 'PAID')
          union all
          select partner_id, amount_currency, case status when 'PAID' then 'paid' else 'in transit' end, 0, amount_minor
          from payouts where status in ('PROCESSING', 'PAID')) entry
        group by partner_id, currency, account) balance
      where ledger <> due`,
  },
  {
    name: 'no partner has a negative amount in transit or paid',
    faults: `
      select format('partner %s, %s: %s is %s by its postings', partner_id, currency, account, sum(minor)) from (
        select m.partner_id, m.currency, case m.account when ${inTransit} then 'in transit' else 'paid' end as account, m.minor
        from ${movements} m where m.account in (${inTransit}, ${paid})) m
      group by partner_id, currency, account having sum(minor) < 0`,
  },
  {
    name: 'every approved commission is posted exactly, and no other commission is',
    online: true,
    faults: `
      select format('commission %s (%s, %s) is posted as %s', c.id, c.status, c.amount_minor, coalesce(p.minor, 0)) from commissions c
      left join (
        select tenant_id, partner_id, reference, amount_currency,
          case when to_account like 'partner:%' then amount_minor else -amount_minor end as minor
        from postings) p on p.tenant_id = c.tenant_id and p.reference = 'commission:' || c.id || ':accrued'
      where case c.status
        when 'APPROVED' then coalesce(p.minor, 0) <> c.amount_minor
        when 'REJECTED' then p.minor <> c.amount_minor
        when 'REVERSED' then p.minor <> c.amount_minor
        else p.minor is not null end
        or p.partner_id <> c.partner_id or p.amount_currency <> c.amount_currency`,
  },
  {
    name: 'every commission rejected after its approval has a reversing posting',
    faults: `
      select format('commission %s (%s): accrued %s, withdrawn %s', c.id, c.status, coalesce(a.amount_minor, 0), coalesce(w.amount_minor, 0))
      from commissions c
      left join postings a on a.tenant_id = c.tenant_id and a.reference = 'commission:' || c.id || ':accrued'
      left join postings w on w.tenant_id = c.tenant_id and w.reference = 'commission:' || c.id || ':withdrawn'
      where (c.status = 'REJECTED' or w.id is not null) and (c.status <> 'REJECTED'
        or (a.amount_minor, a.amount_currency, a.from_account, a.to_account) is distinct from (w.amount_minor, w.amount_currency, w.to_account, w.from_account))`,
  },
  {
    name: 'a fully reversed commission and its refunds sum to zero',
    faults: `
      select format('commission %s and its refunds sum to %s, posted as %s', o.id, sum(c.amount_minor),
        coalesce(sum(case when p.to_account like 'partner:%' then p.amount_minor else -p.amount_minor end), 0))
      from commissions o join commissions c on (c.id = o.id or c.reverses_id = o.id or c.adjusts_id = o.id and ${isCorrection('c')})
        and c.status = 'REVERSED'
      left join postings p on p.tenant_id = c.tenant_id and p.reference = 'commission:' || c.id || ':accrued'
      where o.status = 'REVERSED' and not ${isCorrection('o')}
      group by o.id, o.tenant_id
      having sum(c.amount_minor) <> 0
        or coalesce(sum(case when p.to_account like 'partner:%' then p.amount_minor else -p.amount_minor end), 0) <> 0`,
  },
  {
    name: 'refunds of a commission never exceed it',
    faults: `
      select format('commission %s: %s of %s refunded, %s of %s reversed', o.id, -sum(c.base_minor), o.base_minor, -sum(c.amount_minor), o.amount_minor)
      from commissions c join commissions o on o.id = c.reverses_id
      group by o.id, o.tenant_id
      having -sum(c.base_minor) > o.base_minor or -sum(c.amount_minor) > o.amount_minor
        or bool_or((c.tenant_id, c.partner_id, c.amount_currency, c.base_currency) is distinct from (o.tenant_id, o.partner_id, o.amount_currency, o.base_currency))`,
  },
  {
    name: 'no REVERSAL adds to what a partner is owed',
    online: true,
    faults: `
      select format('REVERSAL %s of commission %s has the amount %s', c.id, c.reverses_id, c.amount_minor) from commissions c
      where c.type = 'REVERSAL' and c.amount_minor > 0`,
  },
  {
    name: 'a correction is in the state of the commission that it corrects',
    online: true,
    faults: `
      select format('%s %s (%s, %s) corrects commission %s (%s)', c.type, c.id, c.status, c.amount_minor, o.id, o.status)
      from commissions c join commissions o on o.id = coalesce(c.reverses_id, c.adjusts_id)
      where ${isCorrection('c')} and case o.status
        when 'APPROVED' then c.status <> 'APPROVED'
        when 'REJECTED' then c.status not in ('REJECTED', 'REVERSED')
        when 'REVERSED' then c.status not in ('REJECTED', 'REVERSED')
        else c.status not in ('PENDING', 'HELD') end`,
  },
  {
    name: 'the commissions of each sale sum to what the sale is owed',
    online: true,
    faults: `
      select format('commission %s%s: the commissions of the sale sum to %s, but the sale is owed %s', coalesce(i.id, c.item), ' of order ' || i.order_id,
        coalesce(c.minor, 0), coalesce(i.owed_minor::text, 'nothing, because it is not recorded'))
      from sale_items i full join (
        select coalesce(item_id, id) as item, min(amount_currency) as currency, max(amount_currency) as other,
          coalesce(sum(amount_minor) filter (where ${isLive}), 0) as minor
        from commissions where carried_by is null group by coalesce(item_id, id)) c on c.item = i.id
      where i.id is null or coalesce(c.minor, 0) <> i.owed_minor or c.currency <> i.owed_currency or c.other <> i.owed_currency`,
  },
  {
    name: 'an order that is refunded in full earns nothing',
    faults: `
      select format('order %s of partner %s is refunded in full, but earns %s %s', i.purchase, i.partner_id, sum(c.minor), i.owed_currency)
      from (
        select id, tenant_id, purchase, partner_id, owed_currency,
          bool_and(is_out or refunded_minor >= sold_minor) over (partition by tenant_id, partner_id, purchase) as is_gone from sale_items) i
      join (select coalesce(item_id, id) as item, sum(amount_minor) as minor from commissions where carried_by is null and ${isLive}
        group by coalesce(item_id, id)) c on c.item = i.id
      where i.is_gone group by i.tenant_id, i.purchase, i.partner_id, i.owed_currency having sum(c.minor) <> 0`,
  },
  {
    name: 'every sale counts on the day of its own time zone',
    faults: `
      select format('commission %s of %s counts on %s in %s', id, occurred_at, day, time_zone) from sale_items
      where day <> (occurred_at at time zone time_zone)::date`,
  },
  {
    name: 'no sales earn more than their cap',
    faults: `
      select format('partner %s, rule %s, %s of %s: %s is earned of the cap of %s, last by commission %s', partner_id, rule_key, period, start,
        sum(owed_minor), max(most), (array_agg(id order by occurred_at desc, seq desc))[1])
      from (
        select i.*, (cap->>'limit')::bigint as most, cap->>'per' as per, cap->>'period' as period,
          case cap->>'period' when 'LIFETIME' then date '1970-01-01' else date_trunc(lower(cap->>'period'), i.day)::date end as start,
          case cap->>'per' when 'SALE' then i.purchase when 'CUSTOMER' then coalesce(i.customer_id::text, i.purchase) end as scope
        from sale_items i
        cross join lateral (select case when i.is_returning then i.returning_terms else i.terms end -> 'cap' as cap) t
        where i.is_counting and jsonb_typeof(cap) = 'object') i
      group by tenant_id, partner_id, rule_key, per, period, start, scope having sum(owed_minor) > max(most)`,
  },
  {
    name: 'the uses of every coupon are its sales that count, and its free trials',
    faults: `
      select format('coupon %s has %s uses, but %s of its sales and trials count', code, uses, counted) from (
        select q.code, q.uses, (select count(*) from conversions v left join sale_items i on i.conversion_id = v.id
          where v.coupon_id = q.id and case when v.is_trial then v.refused is null else sale_counts(i) end) as counted
        from coupons q) q
      where uses <> counted`,
  },
  {
    name: 'a payout is the sum of its commissions, of one partner and currency',
    online: true,
    faults: `
      select format('payout %s is %s of %s commissions, its commissions sum to %s of %s', o.id, o.amount_minor, o.commission_count, coalesce(sum(c.amount_minor), 0), count(c.id))
      from payouts o left join payout_items i on i.payout_id = o.id left join commissions c on c.id = i.commission_id
      group by o.id, o.amount_minor, o.commission_count
      having coalesce(sum(c.amount_minor), 0) <> o.amount_minor or count(c.id) <> o.commission_count
        or bool_or((c.tenant_id, c.partner_id, c.amount_currency) is distinct from (o.tenant_id, o.partner_id, o.amount_currency))`,
  },
  {
    name: 'no commission is in two live payouts, and each commission in a payout is approved',
    online: true,
    faults: `
      select format('commission %s (%s) is in %s live payouts', c.id, c.status, count(*))
      from payout_items i join commissions c on c.id = i.commission_id where i.voided_at is null
      group by c.id, c.status having count(*) > 1 or c.status <> 'APPROVED'`,
  },
  {
    name: 'the paid lines are the commissions of paid payouts',
    faults: `
      select format('commission %s is in %s paid payouts, and %s of the paid lines', commission_id, sum(paid), sum(found)) from (
        select i.tenant_id, i.commission_id, 1 as paid, 0 as found from payout_items i join payouts o on o.id = i.payout_id
        where o.status = 'PAID' and i.voided_at is null
        union all
        select tenant_id, commission_id, 0, 1 from paid_lines) l
      group by tenant_id, commission_id having sum(paid) <> sum(found)`,
  },
  {
    name: 'every ended payout has released its commissions, and no other payout has',
    faults: `
      select format('payout %s is %s, and %s of its %s commissions are released', o.id, o.status, count(i.voided_at), count(*))
      from payouts o join payout_items i on i.payout_id = o.id
      group by o.id, o.tenant_id
      having count(i.voided_at) <> case when o.status in ('CANCELED', 'RETURNED') or (o.status = 'FAILED' and o.released_at is not null) then count(*) else 0 end`,
  },
  {
    name: 'the postings of every payout match its status',
    faults: `
      select format('payout %s is %s of %s: in transit %s, paid %s by its postings', o.id, o.status, o.amount_minor, in_transit, paid) from payouts o
      cross join lateral (select
        case o.status when 'PROCESSING' then o.amount_minor else 0 end as due_in_transit, case o.status when 'PAID' then o.amount_minor else 0 end as due_paid) due
      left join (
        select m.tenant_id, split_part(m.reference, ':', 2) as payout,
          sum(m.minor) filter (where m.account = ${inTransit}) as in_transit, sum(m.minor) filter (where m.account = ${paid}) as paid
        from ${movements} m where m.reference like 'payout:%' group by 1, 2) l on l.tenant_id = o.tenant_id and l.payout = o.id::text
      where coalesce(l.in_transit, 0) <> due_in_transit or coalesce(l.paid, 0) <> due_paid`,
  },
  {
    name: 'no two payouts share a reference of the provider',
    faults: `
      select format('%s: %s payouts by %s are %s', tenant_id, count(*), method, provider_reference) from payouts
      where provider_reference is not null group by tenant_id, method, provider_reference having count(*) > 1`,
  },
  {
    name: 'no sale earns the same commission twice',
    faults: `
      select format('%s %s earned commission number %s of partner %s %s times', what, sale, line_number, partner_id, count(*)) from (
        select tenant_id, 'order' as what, order_id as sale, partner_id, line_number from commissions
        where order_id is not null and reverses_id is null and adjusts_id is null
        union all
        select tenant_id, 'conversion', conversion_id::text, partner_id, line_number from commissions
        where conversion_id is not null and reverses_id is null and adjusts_id is null) l
      group by tenant_id, what, sale, partner_id, line_number having count(*) > 1`,
  },
  {
    name: 'a commission that waits for an exchange rate is held for that reason and has the amount zero',
    faults: `
      select format('commission %s (%s) of %s %s: %s, %s', c.id, c.status, coalesce(c.sale_minor, c.base_minor), coalesce(c.sale_currency, c.base_currency),
        case when h.id is null then 'it has no hold for that' else 'it has a hold for that' end, case when c.unrated is null then 'it has a rate' else 'it has no rate' end)
      from commissions c left join commission_holds h on h.commission_id = c.id and h.kind = 'FX' and h.released_at is null
      where (c.unrated is not null or h.id is not null)
        and ((c.unrated is not null and c.status = 'HELD') <> (h.id is not null) or c.amount_minor <> 0
          or (c.base_minor <> 0 and c.sale_currency is not null))`,
  },
  {
    name: 'no refund waits for an existing sale',
    faults: `
      select format('refund %s of order %s waits', f.id, f.order_id) from sale_refunds f
      where f.settled_at is null and exists (
        select from (
          select tenant_id, partner_id, order_id, currency, null::uuid as conversion_id from sales
          union all select tenant_id, partner_id, order_id, amount_currency, coalesce(part_of, id) from conversions) s
        where s.tenant_id = f.tenant_id and s.order_id = f.order_id
          and (f.partner_id is null or f.partner_id = s.partner_id) and (f.currency is null or f.currency = s.currency)
          and not exists (select from commissions c where c.tenant_id = s.tenant_id and c.unrated is not null and c.status in ('HELD', 'REJECTED')
            and (c.order_id = s.order_id and c.partner_id = s.partner_id
              or c.conversion_id in (select v.id from conversions v where coalesce(v.part_of, v.id) = s.conversion_id))))`,
  },
  {
    name: 'the shares of a sale sum to the sale, and each is computed from its own share',
    faults: `
      select format('the shares of sale %s sum to %s of %s', sale_id, sum(share_minor), max(sale_minor)) from attribution_shares
      group by sale_id having sum(share_minor) <> max(sale_minor) or min(sale_minor) <> max(sale_minor) or count(distinct currency) > 1
      union all
      select format('conversion %s is %s, its share of sale %s is %s', v.id, v.amount_minor, a.sale_id, a.share_minor)
      from attribution_shares a join conversions v on v.id = a.conversion_id
      where (v.amount_minor, v.amount_currency, v.partner_id, coalesce(v.part_of, v.id)) is distinct from (a.share_minor, a.currency, a.partner_id, a.sale_id)
      union all
      select format('commission %s is computed from %s of conversion %s, which is %s', c.id, coalesce(c.sale_minor, c.base_minor), v.id, v.amount_minor)
      from commissions c join conversions v on v.id = c.conversion_id
      where v.part_of is not null and c.reverses_id is null and c.adjusts_id is null
        and (coalesce(c.sale_minor, c.base_minor) <> v.amount_minor or c.partner_id <> v.partner_id)`,
  },
  {
    name: 'exactly one share of each sale is counted',
    faults: `
      select format('%s shares of sale %s are counted', count(*) filter (where counted), coalesce(part_of, id)) from conversions
      group by coalesce(part_of, id) having count(*) filter (where counted) <> 1`,
  },
  {
    name: 'daily metrics of partners equal the sums of their rows',
    faults: `
      select format('partner %s, %s, %s, %s: %s', coalesce(s.partner_id, r.partner_id), coalesce(s.day, r.day), coalesce(s.source, r.source),
        coalesce(s.currency, r.currency), concat_ws('; ', ${shown}))
      from partner_metrics_daily s full join (
        select partner_id, day, rate_day, source, currency, ${sums} from metrics_of_all()
        group by partner_id, day, rate_day, source, currency) r
      on (r.partner_id, r.day, r.rate_day, r.source, r.currency) = (s.partner_id, s.day, s.rate_day, s.source, s.currency)
      where ${differs}`,
  },
  {
    name: 'total metrics of partners equal the sums of their days',
    faults: `
      select format('partner %s, %s: %s', coalesce(s.partner_id, r.partner_id), coalesce(s.currency, r.currency), concat_ws('; ', ${shown}))
      from partner_metrics s full join (
        select partner_id, currency, ${sums} from partner_metrics_daily group by partner_id, currency) r
      on (r.partner_id, r.currency) = (s.partner_id, s.currency)
      where ${differs}`,
  },
  {
    name: 'the versions of every rule follow each other without gaps',
    faults: `
      select format('rule %s: version %s, in force from %s, follows version %s, in force from %s', rule_key, version, effective_at,
        coalesce(before, 0), before_at)
      from (
        select rule_key, version, effective_at, tenant_id, plan_id, partner_id, lag(version) over w as before, lag(effective_at) over w as before_at,
          lag(tenant_id) over w as before_tenant, lag(plan_id) over w as before_plan, lag(partner_id) over w as before_partner,
          lag(ended) over w as before_ended
        from commission_rules window w as (partition by rule_key order by version)) v
      where version <> coalesce(before, 0) + 1 or effective_at < before_at or before_ended
        or (before is not null and (tenant_id, plan_id, partner_id) is distinct from (before_tenant, before_plan, before_partner))`,
  },
  {
    name: 'no commission used a rule before the rule was in force',
    faults: `
      select format('commission %s of %s used version %s of rule %s, in force from %s', c.id, c.occurred_at, r.version, r.rule_key, r.effective_at)
      from commissions c join commission_rules r on r.id = c.rule_id
      where c.reverses_id is null and c.adjusts_id is null and (c.occurred_at < r.effective_at or c.tenant_id <> r.tenant_id)`,
  },
  {
    name: 'a commission is held exactly while it has an open hold',
    faults: `
      select format('commission %s is %s and has %s open holds', c.id, c.status, count(h.id)) from commissions c
      left join commission_holds h on h.commission_id = c.id and h.released_at is null
      where c.status <> 'APPROVED' and (c.status = 'HELD' or h.id is not null)
      group by c.id, c.tenant_id having (c.status = 'HELD') <> (count(h.id) > 0)`,
  },
  {
    name: 'every partner matches the last entry of its history',
    faults: `
      select format('partner %s is %s, %s; its history says %s', p.id, p.tier, p.status, coalesce(h.tier || ', ' || h.status, 'nothing')) from partners p
      left join lateral (select tier, status from partner_history where partner_id = p.id order by effective_at desc, id desc limit 1) h on true
      where (p.tier, p.status) is distinct from (h.tier, h.status)`,
  },
  {
    name: 'every account manager assignment has an active manager and a partner whose tier includes one',
    faults: `
      select format('partner %s (%s) has account manager %s%s', p.id, p.tier, w.id, case when w.ended_at is null then '' else ', who left' end)
      from manager_assignments a join partners p on p.id = a.partner_id join account_managers w on w.id = a.manager_id
      left join partner_tier_configs t on t.tenant_id = p.tenant_id and t.tier = p.tier
      where a.ended_at is null and (w.ended_at is not null or not coalesce(t.dedicated_manager, false) or p.deleted_at is not null
        or a.tenant_id <> w.tenant_id)`,
  },
  {
    name: 'no partner is its own sponsor, directly or indirectly',
    faults: `
      select format('partner %s is its own sponsor', s.partner_id) from sponsorships s
      where s.ended_at is null and s.partner_id in (select * from sponsors_of(s.partner_id))`,
  },
  {
    name: 'every append-only table is protected by a trigger',
    faults: `
      select format('%s: no trigger refuses a change of its rows', guarded) from unnest(array['${APPEND_ONLY.join("', '")}']) guarded
      where not exists (select from pg_trigger t where t.tgrelid = to_regclass(guarded) and t.tgenabled = 'O'
        and t.tgfoid = 'refuse_change'::regproc)`,
  },
];
