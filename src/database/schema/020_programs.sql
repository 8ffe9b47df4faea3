-- Programs, their tiers and exchange rates.

create table programs (
  tenant_id                   text not null,
  currency                    text not null default 'USD',
  time_zone                   text not null default 'UTC',
  rounding_mode               rounding_mode not null default 'HALF_UP',
  flat_refund                 text not null default 'PROPORTIONAL',
  hold_days                   int not null default 30,
  minimum_payout_minor        bigint not null default '0',
  created_at                  timestamptz(3) not null default now(),
  updated_at                  timestamptz(3) not null default now(),
  identity_org_id             text,
  auto_approve                boolean not null default false,
  automatic_tiers             boolean not null default true,
  tier_settle_days            int not null default 3,
  tier_grace_months           int not null default 1,
  tier_max_drop               int not null default 1,
  customer_active_days        int not null default 365,
  settlement                  text not null default 'SALE',
  payout_minimums             jsonb not null default '{}'::jsonb,
  auto_payouts                boolean not null default false,
  second_approval_above_minor bigint,
  split_days                  int not null default 7,
  landing_hosts               text[] not null default '{}'::text[],
  landing_url                 text,
  tracking_consent            text not null default 'NOT_NEEDED',
  attribution_model           text not null default 'LAST',
  attribution_unit            text not null default 'TOUCH',
  fraud                       jsonb,
  deals_per_partner           int not null default 50,
  limit_raises                jsonb not null default '{}'::jsonb,
  rate_change_limit_bps       int not null default 2000,
  prospect_days               int not null default 90,
  primary key (tenant_id),
  constraint programs_flat_refund_check check (flat_refund in ('PROPORTIONAL', 'ALL_OR_NOTHING')),
  constraint programs_currency check (currency ~ '^[A-Z]{3}$'),
  constraint programs_identity_org_id_shape check (identity_org_id ~ '^[!-~]{1,200}$'),
  constraint programs_named check ((tenant_id not in ('', '*')) and tenant_id !~ '/'),
  constraint programs_tier_settle_days_check check (tier_settle_days >= 0 and tier_settle_days <= 28),
  constraint programs_tier_grace_months_check check (tier_grace_months >= 0 and tier_grace_months <= 12),
  constraint programs_tier_max_drop_check check (tier_max_drop >= 1 and tier_max_drop <= 4),
  constraint programs_customer_active_days_check check (customer_active_days >= 1 and customer_active_days <= 1095),
  constraint programs_settlement check (settlement in ('SALE', 'PARTNER')),
  constraint programs_payout_minimums check (jsonb_typeof(payout_minimums) = 'object'),
  constraint programs_second_approval_above_minor_check check (second_approval_above_minor >= 0),
  constraint programs_split_days_check check (split_days >= 1 and split_days <= 90),
  constraint programs_tracking_consent check (tracking_consent in ('NOT_NEEDED', 'REQUIRED')),
  constraint programs_attribution_model check (
    attribution_model in ('FIRST', 'LAST', 'LINEAR', 'POSITION', 'TIME_DECAY')
  ),
  constraint programs_attribution_unit check (attribution_unit in ('TOUCH', 'PARTNER')),
  constraint programs_deals_per_partner_check check (deals_per_partner >= 0 and deals_per_partner <= 10000),
  constraint programs_rate_change_limit check (rate_change_limit_bps >= 0 and rate_change_limit_bps <= 5000),
  constraint programs_prospect_days check (prospect_days >= 1 and prospect_days <= 365)
);
comment on table programs is
  'A tenant''s partner program and its settings.';
create index programs_identity_org_id on programs (identity_org_id) where identity_org_id is not null;

create table partner_tier_configs (
  id                           uuid not null,
  tenant_id                    text not null,
  created_at                   timestamptz(3) not null default now(),
  tier                         partner_tier not null,
  min_monthly_revenue_minor    bigint not null,
  min_monthly_revenue_currency text not null,
  min_customers                int not null,
  rate_bps                     int not null,
  api_calls_per_hour           int not null,
  dedicated_manager            boolean not null,
  benefits                     text[] not null,
  primary key (id, tenant_id),
  constraint one_config_each_tier unique (tenant_id, tier),
  constraint partner_tier_configs_program foreign key (tenant_id) references programs (tenant_id)
);
comment on table partner_tier_configs is
  'Current thresholds and benefits of each tier. Past values are in tier_config_versions.';

create table tier_config_versions (
  id                           uuid not null,
  tenant_id                    text not null,
  created_at                   timestamptz(3) not null default now(),
  tier                         partner_tier not null,
  min_monthly_revenue_minor    bigint not null,
  min_monthly_revenue_currency text not null,
  min_customers                int not null,
  rate_bps                     int not null,
  effective_at                 timestamptz(3) not null,
  created_by                   text not null,
  primary key (id, tenant_id),
  constraint tier_config_versions_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint tier_config_versions_min_monthly_revenue_minor_check check (min_monthly_revenue_minor >= 0),
  constraint tier_config_versions_min_customers_check check (min_customers >= 0),
  constraint tier_config_versions_rate_bps_check check (rate_bps >= 0 and rate_bps <= 10000)
);
comment on table tier_config_versions is
  'Thresholds and benefits of each tier, by date. A sale uses the version in force at the time of the sale, not of its entry.';
create index tier_config_versions_in_force on tier_config_versions (tenant_id, tier, effective_at);

create table exchange_rates (
  id           uuid not null,
  tenant_id    text not null,
  created_at   timestamptz(3) not null default now(),
  base         text not null,
  quote        text not null,
  rate         numeric(24,12) not null,
  effective_on date not null,
  created_by   text not null,
  confirmed_by text,
  primary key (id, tenant_id),
  constraint exchange_rates_two_people check (confirmed_by <> created_by),
  constraint exchange_rates_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint exchange_rates_base_check check (base ~ '^[A-Z]{3}$'),
  constraint exchange_rates_quote_check check (quote ~ '^[A-Z]{3}$'),
  constraint exchange_rates_rate_check check (rate > 0::numeric),
  constraint exchange_rates_two_currencies check (base <> quote)
);
comment on table exchange_rates is
  'Exchange rates by day. A rate is never changed: of two rates for one day, the one entered later counts.';
create index exchange_rates_in_force on exchange_rates (tenant_id, LEAST(base, quote), GREATEST(base, quote), effective_on);

create table proposed_rates (
  id            uuid not null,
  tenant_id     text not null,
  created_at    timestamptz(3) not null default now(),
  base          text not null,
  quote         text not null,
  rate          numeric(24,12) not null,
  effective_on  date not null,
  created_by    text not null,
  compared_with uuid not null,
  status        text not null default 'WAITING',
  decided_by    text,
  decided_at    timestamptz(3),
  reason        text,
  primary key (id, tenant_id),
  constraint proposed_rates_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint proposed_rates_compared_with foreign key (tenant_id, compared_with)
    references exchange_rates (tenant_id, id) deferrable initially deferred,
  constraint proposed_rates_status check (status in ('WAITING', 'CONFIRMED', 'REJECTED')),
  constraint proposed_rates_decided check ((status = 'WAITING') = (decided_by is null)),
  constraint proposed_rates_decided_at check ((decided_by is null) = (decided_at is null)),
  constraint proposed_rates_two_people check (status <> 'CONFIRMED' or decided_by <> created_by),
  constraint proposed_rates_rejected check (status <> 'REJECTED' or reason is not null)
);
comment on table proposed_rates is
  'Exchange rates that move by more than the limit of the program. They count once a second person confirms them.';
create index proposed_rates_tenant on proposed_rates (tenant_id, id);
