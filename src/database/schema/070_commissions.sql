-- Plans, sales, commissions, holds and simulations.

create table commission_plans (
  id         uuid not null,
  tenant_id  text not null,
  created_at timestamptz(3) not null default now(),
  name       text not null,
  is_default boolean not null,
  created_by text not null,
  primary key (id, tenant_id),
  constraint commission_plans_name unique (tenant_id, name),
  constraint commission_plans_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id)
);
comment on table commission_plans is
  'Commission plans of a program.';
create unique index commission_plans_one_default on commission_plans (tenant_id) where is_default;
create index commission_plans_tenant on commission_plans (tenant_id, id);

create table commission_rules (
  id                  uuid not null,
  tenant_id           text not null,
  created_at          timestamptz(3) not null default now(),
  created_by          text not null,
  rule_key            uuid not null,
  version             int not null,
  plan_id             uuid,
  partner_id          uuid,
  name                text not null,
  ended               boolean not null,
  effective_at        timestamptz(3) not null,
  product             text,
  customer_kind       text not null,
  countries           text[],
  types               text[],
  currency            text,
  minimum_minor       bigint,
  method              commission_method not null,
  rate_bps            int,
  per_unit_minor      bigint,
  per_order_minor     bigint,
  band_mode           text,
  band_rows           jsonb,
  band_period         text,
  first_purchase_only boolean not null,
  recurring_months    int,
  recurring_count     int,
  step_down_rate_bps  int,
  cap_minor           bigint,
  cap_per             text,
  cap_period          text,
  primary key (id, tenant_id),
  constraint commission_rules_version unique (rule_key, version, tenant_id),
  constraint commission_rules_plan_id foreign key (tenant_id, plan_id)
    references commission_plans (tenant_id, id) deferrable initially deferred,
  constraint commission_rules_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint commission_rules_one_owner check ((plan_id is null) <> (partner_id is null)),
  constraint commission_rules_customer_kind check (customer_kind in ('ANY', 'NEW', 'RETURNING')),
  constraint commission_rules_terms check (
    method = 'PERCENTAGE' and rate_bps >= 0 and rate_bps <= 10000 and num_nonnulls(per_unit_minor, per_order_minor, band_rows) = 0
    or method = 'FLAT'
      and num_nonnulls(per_unit_minor, per_order_minor) = 1
      and coalesce(per_unit_minor, per_order_minor) > 0
      and num_nonnulls(rate_bps, band_rows) = 0
    or method = 'TIERED'
      and band_rows is not null
      and (band_mode in ('PROGRESSIVE', 'RETROACTIVE'))
      and (band_period in ('MONTH', 'QUARTER', 'YEAR', 'LIFETIME'))
      and num_nonnulls(rate_bps, per_unit_minor, per_order_minor) = 0
  ),
  constraint commission_rules_amounts_have_a_currency check (
    currency ~ '^[A-Z]{3}$'
    or currency is null and num_nonnulls(minimum_minor, per_unit_minor, per_order_minor, band_rows, cap_minor) = 0
  ),
  constraint commission_rules_cap check (
    cap_minor is null and cap_per is null and cap_period is null
    or cap_minor > 0
      and (cap_per in ('SALE', 'CUSTOMER', 'PARTNER'))
      and (cap_period in ('MONTH', 'QUARTER', 'YEAR', 'LIFETIME'))
  )
);
comment on table commission_rules is
  'Versions of the rules of plans. Never changed: an edited or ended rule gets a further version, valid from an instant on, so that the rule in force at a sale stays readable.';
create index commission_rules_plan on commission_rules (plan_id, effective_at) where plan_id is not null;
create index commission_rules_partner on commission_rules (partner_id, effective_at) where partner_id is not null;

create table plan_memberships (
  id           uuid not null,
  tenant_id    text not null,
  created_at   timestamptz(3) not null default now(),
  partner_id   uuid not null,
  plan_id      uuid,
  effective_at timestamptz(3) not null,
  created_by   text not null,
  primary key (id, tenant_id),
  constraint plan_memberships_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint plan_memberships_plan_id foreign key (tenant_id, plan_id)
    references commission_plans (tenant_id, id) deferrable initially deferred
);
comment on table plan_memberships is
  'The plan of each partner, by date. Append-only.';
create index plan_memberships_partner on plan_memberships (partner_id, effective_at);

create table rule_usage (
  tenant_id    text not null,
  partner_id   uuid not null,
  rule_key     uuid not null,
  currency     text not null,
  period       text not null,
  period_start date not null,
  rule_id      uuid not null,
  base_minor   bigint not null default '0',
  owed_minor   bigint not null default '0',
  primary key (partner_id, rule_key, currency, period, period_start, rule_id, tenant_id),
  constraint rule_usage_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint rule_usage_period check (period in ('MONTH', 'QUARTER', 'YEAR', 'LIFETIME'))
);
comment on table rule_usage is
  'Sums of the sale items of a tiered or capped rule by currency and period: one row for each version of the rule. They let the next sale be computed without the earlier ones.';

create table sales (
  id         uuid not null,
  tenant_id  text not null,
  created_at timestamptz(3) not null default now(),
  partner_id uuid not null,
  order_id   text not null,
  currency   text not null,
  refused    jsonb not null,
  primary key (id, tenant_id),
  constraint sales_order unique (tenant_id, order_id, partner_id),
  constraint sales_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred
);
comment on table sales is
  'Recorded orders, also those without a commission, so that an order is recorded once.';

create table sale_items (
  id              uuid not null,
  tenant_id       text not null,
  created_at      timestamptz(3) not null default now(),
  seq             bigint generated by default as identity,
  partner_id      uuid not null,
  customer_id     uuid,
  purchase        text not null,
  order_id        text,
  conversion_id   uuid,
  line_number     int not null default 0,
  product         text,
  occurred_at     timestamptz(3) not null,
  day             date not null,
  time_zone       text not null,
  sold_minor      bigint not null,
  sold_currency   text not null,
  refunded_minor  bigint not null default '0',
  base_minor      bigint,
  base_refunded   bigint not null default '0',
  owed_currency   text not null,
  owed_minor      bigint not null default '0',
  rounding_mode   rounding_mode not null,
  flat_refund     text not null,
  is_purchase     boolean not null,
  is_out          boolean not null default 'false',
  refused         text,
  terms           jsonb,
  returning_terms jsonb,
  facts           jsonb,
  is_returning    boolean not null default 'false',
  limited         text,
  rule_key        uuid,
  is_windowed     boolean not null default 'false',
  is_counting     boolean not null default 'false',
  draft           jsonb,
  primary key (id, tenant_id),
  constraint sale_items_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint sale_items_customer_id foreign key (tenant_id, customer_id)
    references customers (tenant_id, id) deferrable initially deferred,
  constraint sale_items_refunded check (refunded_minor between 0 and greatest(sold_minor, 0)),
  constraint sale_items_base_refunded check (base_refunded between 0 and greatest(base_minor, 0)),
  constraint sale_items_owed check (owed_minor >= 0),
  constraint sale_items_refused check (refused is null or owed_minor = 0),
  constraint sale_items_flat_refund check (flat_refund in ('PROPORTIONAL', 'ALL_OR_NOTHING')),
  constraint sale_items_limited check (limited in ('NOT_FIRST_PURCHASE', 'RECURRING_WINDOW_OVER', 'STEPPED_DOWN'))
);
comment on table sale_items is
  'The parts of sales on which partners may earn: one row for each partner and product of a sale, with the terms of its day. owed_minor is what the commissions of the item sum to. An item that earns nothing has a row too, because it may earn later.';
create index sale_items_partner on sale_items (partner_id, day);
create index sale_items_order on sale_items (tenant_id, order_id) where order_id is not null;
create index sale_items_customer on sale_items (customer_id, occurred_at) where customer_id is not null and is_purchase;
create index sale_items_rule on sale_items (partner_id, rule_key, occurred_at) where rule_key is not null;
create index sale_items_conversion on sale_items (conversion_id) where conversion_id is not null;

create table commissions (
  id              uuid not null,
  tenant_id       text not null,
  created_at      timestamptz(3) not null default now(),
  partner_id      uuid not null,
  customer_id     uuid,
  referral_id     uuid,
  conversion_id   uuid,
  reverses_id     uuid,
  type            text not null,
  method          commission_method not null,
  status          text not null,
  base_minor      bigint not null,
  base_currency   text not null,
  rate_bps        int,
  rate_source     text,
  tier            partner_tier not null,
  per_unit_minor  bigint,
  quantity        int,
  rounding_mode   rounding_mode not null,
  amount_minor    bigint not null,
  amount_currency text not null,
  revenue_minor   bigint not null,
  source          text not null default '(none)',
  subscription_id text,
  occurred_at     timestamptz(3) not null,
  hold_until      timestamptz(3),
  approved_at     timestamptz(3),
  approved_by     text,
  reason          text,
  created_by      text,
  metadata        jsonb not null default '{}',
  updated_at      timestamptz(3) not null default now(),
  rule_id         uuid,
  product         text,
  country         text,
  line_number     int not null default 0,
  adjusts_id      uuid,
  order_id        text,
  computation     jsonb,
  stated_by       text,
  reject_code     text,
  sale_minor      bigint,
  sale_currency   text,
  exchange        jsonb,
  unrated         jsonb,
  carried_by      uuid,
  item_id         uuid,
  caused_by       text,
  cause_id        uuid,
  primary key (id, tenant_id),
  constraint commissions_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint commissions_customer_id foreign key (tenant_id, customer_id)
    references customers (tenant_id, id) deferrable initially deferred,
  constraint commissions_referral_id foreign key (tenant_id, referral_id)
    references referrals (tenant_id, id) deferrable initially deferred,
  constraint commissions_conversion_id foreign key (tenant_id, conversion_id)
    references conversions (tenant_id, id) deferrable initially deferred,
  constraint commissions_reverses_id foreign key (tenant_id, reverses_id)
    references commissions (tenant_id, id) deferrable initially deferred,
  constraint commissions_rule_id foreign key (tenant_id, rule_id)
    references commission_rules (tenant_id, id) deferrable initially deferred,
  constraint commissions_adjusts_id foreign key (tenant_id, adjusts_id)
    references commissions (tenant_id, id) deferrable initially deferred,
  constraint commissions_stored_status check (status not in ('ALLOCATED', 'PAID')),
  constraint commissions_refund_reverses check ((type = 'REVERSAL') = (reverses_id is not null)),
  constraint commissions_approver check (status <> 'APPROVED' or approved_by is not null and approved_at is not null),
  constraint commissions_four_eyes check (approved_by is null or created_by is null or approved_by <> created_by),
  constraint commissions_rate_source_check check (rate_source in ('LINE', 'PARTNER_PRODUCT', 'PARTNER', 'PLAN', 'TIER')),
  constraint commissions_terms check (
    method = 'PERCENTAGE' and rate_bps >= 0 and rate_bps <= 10000 and per_unit_minor is null and quantity is null
    or method = 'FLAT' and rate_bps is null and per_unit_minor is not null and quantity >= 1
    or method = 'TIERED' and rate_bps is null and per_unit_minor is null and quantity is null
  ),
  constraint commissions_stated_four_eyes check (approved_by is null or stated_by is null or approved_by <> stated_by),
  constraint commissions_status_check check (status in ('PENDING', 'HELD', 'APPROVED', 'REJECTED', 'REVERSED')),
  constraint commissions_type_check check (
    type in ('SIGNUP', 'RECURRING', 'RENEWAL', 'UPGRADE', 'ONE_TIME', 'BONUS', 'TRUE_UP', 'ADJUSTMENT', 'REVERSAL')
  ),
  constraint commissions_adjusts check ((type in ('TRUE_UP', 'ADJUSTMENT')) = (adjusts_id is not null)),
  constraint commissions_reject_code check (
    (reject_code in ('DUPLICATE', 'FRAUD', 'NOT_ELIGIBLE', 'TERMS', 'OTHER')) and status = 'REJECTED'
    or reject_code is null
  ),
  constraint commissions_sale check (
    (num_nonnulls(sale_minor, sale_currency) in (0, 2)) and (sale_currency is null or sale_currency <> amount_currency)
  ),
  constraint commissions_exchanged check (
    (sale_currency is null or num_nonnulls(exchange, unrated) = 1)
      and (exchange is null or sale_currency is not null)
      and num_nonnulls(exchange, unrated) <= 1
      and (exchange is null or base_currency = amount_currency)
  ),
  constraint commissions_unrated check (
    unrated is null
    or amount_minor = 0 and (base_minor = 0 or sale_currency is null) and computation is null and (status in ('PENDING', 'HELD', 'REJECTED'))
  ),
  constraint commissions_cause_id foreign key (tenant_id, cause_id)
    references commissions (tenant_id, id) deferrable initially deferred,
  constraint commissions_carried check (carried_by is null or type = 'ADJUSTMENT' and base_minor = 0)
);
comment on table commissions is
  'Commissions of partners, one row for each line item of a sale. Only the status changes. In programs that pay partners in their own currency, sale_* is the amount of the sale and exchange is the rate of its day. A commission without a rate is held (unrated) and is computed when the rate is entered.';
create index commissions_partner on commissions (partner_id, id);
-- Lists by status, currency and time. Most commissions are approved, so they stay out of the index by status. The policies
-- read the partner, so a count reads the index only.
create index commissions_status on commissions (tenant_id, status, id) include (partner_id) where status <> 'APPROVED';
create index commissions_currency on commissions (tenant_id, amount_currency, id);
create index commissions_occurred on commissions (tenant_id, occurred_at, id);
create index commissions_claimable on commissions (partner_id, amount_currency, occurred_at) where status = 'APPROVED';
create index commissions_reverses on commissions (reverses_id) where reverses_id is not null;
create index commissions_referral on commissions (referral_id) where referral_id is not null;
create index commissions_customer on commissions (customer_id) where customer_id is not null;
create unique index commissions_one_each_order on commissions (tenant_id, order_id, partner_id, line_number)
  where order_id is not null and reverses_id is null and adjusts_id is null;
create index commissions_adjusts on commissions (adjusts_id) where adjusts_id is not null;
-- A job looks each minute for commissions whose hold period may be over.
create index commissions_past_hold on commissions (tenant_id, hold_until)
  where status = 'PENDING' and created_by is null and reverses_id is null;
create index commissions_item on commissions (item_id) where item_id is not null;
create index commissions_cause on commissions (cause_id) where cause_id is not null;
create index commissions_carried on commissions (carried_by) where carried_by is not null;
create index commissions_tenant on commissions (tenant_id, id);
-- The reversal of a lost dispute is corrected at most once.
create unique index commissions_reinstated_once on commissions (adjusts_id, tenant_id)
  where type = 'ADJUSTMENT' and carried_by is null;
create unique index commissions_one_each_conversion on commissions (conversion_id, partner_id, line_number, tenant_id)
  where conversion_id is not null and reverses_id is null and adjusts_id is null;

create table commission_holds (
  id             uuid not null,
  tenant_id      text not null,
  created_at     timestamptz(3) not null default now(),
  partner_id     uuid not null,
  commission_id  uuid not null,
  kind           text not null,
  reason         text not null,
  evidence       jsonb,
  placed_by      text not null,
  placed_at      timestamptz(3) not null,
  released_by    text,
  released_at    timestamptz(3),
  release_reason text,
  outcome        text,
  refund_id      uuid,
  ended_with_line boolean not null default false,
  primary key (id, tenant_id),
  constraint commission_holds_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint commission_holds_commission_id foreign key (tenant_id, commission_id)
    references commissions (tenant_id, id) deferrable initially deferred,
  constraint commission_holds_refund_id foreign key (tenant_id, refund_id)
    references commissions (tenant_id, id) deferrable initially deferred,
  constraint commission_holds_kind check (kind in ('RISK', 'MANUAL', 'DISPUTE', 'FX')),
  constraint commission_holds_released check ((released_at is null) = (released_by is null)),
  constraint commission_holds_outcome check (
    outcome is null or (outcome in ('WON', 'LOST')) and kind = 'DISPUTE' and released_at is not null
  ),
  constraint commission_holds_ended_with_line check (released_at is not null or not ended_with_line),
  constraint commission_holds_refund check (refund_id is null or outcome = 'LOST')
);
comment on table commission_holds is
  'Reasons that keep a commission from approval or an approved one from its payout. A commission is held while any hold on it is open.';
create index commission_holds_commission on commission_holds (commission_id, id);
create index commission_holds_partner on commission_holds (partner_id);
create index commission_holds_refund on commission_holds (refund_id) where refund_id is not null;
create unique index commission_holds_one_open on commission_holds (commission_id, kind, tenant_id)
  where released_at is null;

create table sale_refunds (
  id             uuid not null,
  tenant_id      text not null,
  created_at     timestamptz(3) not null default now(),
  partner_id     uuid,
  order_id       text not null,
  product        text,
  refund_id      text,
  part_minor     bigint,
  total_minor    bigint,
  currency       text,
  reason         text not null,
  occurred_at    timestamptz(3) not null,
  stated_by      text not null,
  settled_at     timestamptz(3),
  taken_minor    bigint,
  unearned_minor bigint,
  lines          jsonb not null,
  primary key (id, tenant_id),
  constraint sale_refunds_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint sale_refunds_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint sale_refunds_amount check (
    num_nonnulls(part_minor, total_minor) <= 1
      and coalesce(part_minor, total_minor, 1::bigint) > 0
      and (num_nonnulls(part_minor, total_minor) = 0 or currency is not null)
  ),
  constraint sale_refunds_settled check (
    settled_at is null and taken_minor is null and unearned_minor is null
    or partner_id is not null
      and currency is not null
      and taken_minor >= 0
      and unearned_minor >= 0
      and unearned_minor <= taken_minor
  )
);
comment on table sale_refunds is
  'Refunds of orders. A refund that arrives before its sale waits here and is settled once, in the transaction of the sale.';
create unique index sale_refunds_once on sale_refunds (tenant_id, order_id, refund_id) where refund_id is not null;
create index sale_refunds_order on sale_refunds (tenant_id, order_id);
create index sale_refunds_partner on sale_refunds (partner_id, id);
create index sale_refunds_tenant on sale_refunds (tenant_id, id);
create index sale_refunds_waiting on sale_refunds (tenant_id, id) where settled_at is null;

create table plan_simulations (
  id           uuid not null,
  tenant_id    text not null,
  created_at   timestamptz(3) not null default now(),
  requested_by text not null,
  first_day    date not null,
  last_day     date not null,
  changes      jsonb not null,
  status       text not null default 'WAITING',
  sales_total  int not null default 0,
  sales_done   int not null default 0,
  result       jsonb,
  finished_at  timestamptz(3),
  expires_at   timestamptz(3) not null,
  primary key (id, tenant_id),
  constraint plan_simulations_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint plan_simulations_status_check check (status in ('WAITING', 'RUNNING', 'DONE', 'CANCELED')),
  constraint plan_simulations_months check (first_day <= last_day),
  constraint plan_simulations_answered check ((status = 'DONE') = (result is not null))
);
comment on table plan_simulations is
  'Simulations of past months under other terms, with their results. They cover every partner, so no partner sees them.';
create index plan_simulations_tenant on plan_simulations (tenant_id, id);
create index plan_simulations_expired on plan_simulations (expires_at);
