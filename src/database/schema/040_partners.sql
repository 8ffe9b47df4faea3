-- Partners, their configuration, sponsors, account managers and tax ids.

create table partners (
  id                  uuid not null,
  tenant_id           text not null,
  created_at          timestamptz(3) not null default now(),
  partner_type        text not null,
  status              partner_status not null,
  tier                partner_tier not null,
  company_name        text not null,
  contact_name        text,
  email               text not null,
  earlier_emails      text[],
  referral_code       text not null,
  rate_bps            int,
  currency            text not null,
  payout_frequency    payout_frequency not null,
  payout_method       payout_method,
  contract_start_date date,
  metadata            jsonb not null,
  deleted_at          timestamptz(3),
  updated_at          timestamptz(3) not null default now(),
  identity_org_id     text,
  api_limit_override  int,
  search_text         text not null generated always as (searchable(
    company_name || ' ' || coalesce(contact_name, '') || ' ' || email || ' ' || referral_code)) stored,
  primary key (id, tenant_id),
  constraint partners_program foreign key (tenant_id) references programs (tenant_id),
  constraint partners_partner_type_check check (partner_type in ('RESELLER', 'AFFILIATE', 'REFERRAL', 'WHITE_LABEL')),
  constraint partners_currency check (currency ~ '^[A-Z]{3}$'),
  constraint partners_identity_org_id_shape check (identity_org_id ~ '^[!-~]{1,200}$'),
  constraint partners_api_limit_override check (api_limit_override >= 1 and api_limit_override <= 1000000)
);
comment on table partners is
  'The partners of a program.';
create index partners_tenant on partners (tenant_id, id);
create index partners_referral_code on partners (referral_code);
create index partners_identity_org_id on partners (identity_org_id) where identity_org_id is not null;

create table partner_history (
  id           uuid not null,
  tenant_id    text not null,
  created_at   timestamptz(3) not null default now(),
  partner_id   uuid not null,
  status       partner_status not null,
  tier         partner_tier not null,
  effective_at timestamptz(3) not null,
  changed_by   text,
  reason       text,
  rate_bps     int,
  rate_before_bps int,
  primary key (id, tenant_id),
  constraint partner_history_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred
);
comment on table partner_history is
  'Status and tier of a partner by date. A row that changes the rate of the partner has the rate and the one before. Append-only.';
create index partner_history_partner on partner_history (partner_id, effective_at);

create table reseller_configs (
  partner_id             uuid not null,
  tenant_id              text not null,
  manages_customers      boolean not null default true,
  manages_billing        boolean not null default false,
  pricing_authority_bps  int not null default 0,
  countries              text[] not null,
  products               text[] not null,
  minimum_order_minor    bigint,
  minimum_order_currency text,
  credit_limit_minor     bigint,
  credit_limit_currency  text,
  primary key (partner_id, tenant_id),
  constraint reseller_configs_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred
);
comment on table reseller_configs is
  'Settings of partners of type RESELLER. countries is the territory: clicks of the partner earn nothing on sales in other countries.';

create table affiliate_configs (
  partner_id                uuid not null,
  tenant_id                 text not null,
  cookie_days               int not null default 30,
  first_purchase_only       boolean not null default false,
  recurring_months          int,
  minimum_purchase_minor    bigint,
  minimum_purchase_currency text,
  primary key (partner_id, tenant_id),
  constraint affiliate_configs_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred
);
comment on table affiliate_configs is
  'Settings of partners of type AFFILIATE.';

create table white_label_configs (
  partner_id                 uuid not null,
  tenant_id                  text not null,
  brand_name                 text not null,
  logo_url                   text,
  favicon_url                text,
  primary_color              text,
  secondary_color            text,
  accent_color               text,
  domain                     text,
  hide_fin_aceverse_branding boolean not null default false,
  logo_status                text,
  favicon_status             text,
  primary key (partner_id, tenant_id),
  constraint white_label_configs_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint white_label_configs_logo_status_check check (
    logo_status in ('OK', 'NOT_REACHABLE', 'NOT_AN_IMAGE', 'TOO_LARGE')
  ),
  constraint white_label_configs_favicon_status_check check (
    favicon_status in ('OK', 'NOT_REACHABLE', 'NOT_AN_IMAGE', 'TOO_LARGE')
  )
);
comment on table white_label_configs is
  'Branding of partners of type WHITE_LABEL, with the result of the last check of their images.';

create table sponsorships (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  partner_id  uuid not null,
  sponsor_id  uuid not null,
  assigned_at timestamptz(3) not null,
  assigned_by text not null,
  reason      text not null,
  ended_at    timestamptz(3),
  ended_by    text,
  primary key (id, tenant_id),
  constraint sponsorships_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint sponsorships_sponsor_id foreign key (tenant_id, sponsor_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint sponsorships_not_itself check (partner_id <> sponsor_id),
  constraint sponsorships_ended check ((ended_at is null) = (ended_by is null))
);
comment on table sponsorships is
  'The sponsor of each partner, with start and end. No partner is its own sponsor, directly or indirectly.';
create index sponsorships_of_sponsor on sponsorships (sponsor_id) where ended_at is null;
create index sponsorships_history on sponsorships (partner_id, assigned_at);
create unique index sponsorships_one_open on sponsorships (partner_id, tenant_id) where ended_at is null;

create table account_managers (
  id         uuid not null,
  tenant_id  text not null,
  created_at timestamptz(3) not null default now(),
  name       text not null,
  email      text not null,
  added_by   text not null,
  ended_at   timestamptz(3),
  ended_by   text,
  primary key (id, tenant_id),
  constraint account_managers_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint account_managers_ended check ((ended_at is null) = (ended_by is null))
);
comment on table account_managers is
  'Staff who look after partners.';
create unique index account_managers_email on account_managers (tenant_id, lower(email)) where ended_at is null;
create index account_managers_tenant on account_managers (tenant_id, id);

create table manager_assignments (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  partner_id  uuid not null,
  manager_id  uuid not null,
  assigned_at timestamptz(3) not null,
  assigned_by text not null,
  reason      text,
  ended_at    timestamptz(3),
  ended_by    text,
  primary key (id, tenant_id),
  constraint manager_assignments_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint manager_assignments_manager_id foreign key (tenant_id, manager_id)
    references account_managers (tenant_id, id) deferrable initially deferred,
  constraint manager_assignments_ended check ((ended_at is null) = (ended_by is null))
);
comment on table manager_assignments is
  'The account manager of each partner, with start and end.';
create index manager_assignments_of_manager on manager_assignments (manager_id) where ended_at is null;
create index manager_assignments_history on manager_assignments (partner_id, assigned_at);
create unique index manager_assignments_one_open on manager_assignments (partner_id, tenant_id) where ended_at is null;

create table tax_ids (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  partner_id  uuid not null,
  country     text not null,
  number      envelope not null,
  last_four   text not null,
  changed_at  timestamptz(3) not null,
  data_key_id uuid generated always as ((split_part((number)::text, '.', 2))::uuid) stored,
  primary key (id, tenant_id),
  constraint tax_ids_partner unique (partner_id, tenant_id),
  constraint tax_ids_tenant_id_partner_id_fkey foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint tax_ids_tenant_id_data_key_id_fkey foreign key (tenant_id, data_key_id)
    references data_keys (tenant_id, id),
  constraint tax_ids_last_four check (char_length(last_four) >= 1 and char_length(last_four) <= 4)
);
comment on table tax_ids is
  'Tax ids of partners, encrypted.';
create index tax_ids_data_key on tax_ids (data_key_id);
