-- Customers, links, clicks, coupons, leads, deals and attribution.

create table customers (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  external_id text not null,
  email       text,
  partner_id  uuid,
  bound_at    timestamptz(3),
  primary key (id, tenant_id),
  constraint customers_external_id unique (tenant_id, external_id),
  constraint customers_program foreign key (tenant_id) references programs (tenant_id),
  constraint customers_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred
);
comment on table customers is
  'Customers of a tenant and the partner they are bound to.';
create index customers_partner on customers (partner_id);
create index customers_tenant on customers (tenant_id, id);

create table tracking_links (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  partner_id  uuid not null,
  path        text not null,
  code        text not null default '',
  name        text not null,
  target_url  text,
  campaign    text,
  archived_at timestamptz(3),
  created_by  text not null,
  primary key (id, tenant_id),
  constraint tracking_links_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint tracking_links_path_form check (path ~ '^[A-Za-z0-9][A-Za-z0-9_-]{2,63}$')
);
comment on table tracking_links is
  'Links of partners with a path, a target and a campaign of their own. A path is unique in its tenant. The code, which is unique over all tenants, is the path, or the path with a suffix if another tenant has it.';
create index tracking_links_partner on tracking_links (partner_id, id);
create unique index tracking_links_path on tracking_links (tenant_id, upper(path));
create index tracking_links_code on tracking_links (upper(code));

create table referrals (
  id            uuid not null,
  tenant_id     text not null,
  created_at    timestamptz(3) not null default now(),
  partner_id    uuid not null,
  referral_code text not null,
  visitor_id    uuid not null,
  landing_url   text,
  referrer_url  text,
  source        text not null,
  ip_hash       text,
  user_agent    text,
  clicked_at    timestamptz(3) not null,
  expires_at    timestamptz(3) not null,
  converted_at  timestamptz(3),
  customer_id   uuid,
  metadata      jsonb not null,
  origin        text not null default 'CLICK',
  bot           boolean not null default false,
  link_id       uuid,
  campaign      text,
  primary key (id, tenant_id),
  constraint referrals_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint referrals_customer_id foreign key (tenant_id, customer_id)
    references customers (tenant_id, id) deferrable initially deferred,
  constraint referrals_window check (expires_at > clicked_at),
  constraint referrals_origin check (origin in ('CLICK', 'COUPON', 'LEAD', 'DEAL', 'ASSIGNMENT', 'CUSTOMER', 'REPEAT'))
);
comment on table referrals is
  'Clicks that count, and other origins of an attribution (origin). A referral that is not a click counts in no click metric.';
create index referrals_partner on referrals (partner_id, id);
-- Finds clicks that still identify a visitor by their age. A forgotten click has its own id as visitor and leaves the
-- index.
create index referrals_of_visitors on referrals (clicked_at) where visitor_id <> id;
create index referrals_bought_from on referrals (tenant_id, ip_hash, converted_at)
  where converted_at is not null and ip_hash is not null;
create index referrals_tenant on referrals (tenant_id, id);
-- Lists of open and of expired clicks.
create index referrals_expiry on referrals (tenant_id, expires_at) where converted_at is null;

create table touches (
  id         uuid not null,
  tenant_id  text not null,
  created_at timestamptz(3) not null default now(),
  partner_id uuid not null,
  visitor_id uuid not null,
  clicked_at timestamptz(3) not null,
  code       text not null,
  link_id    uuid,
  source     text not null,
  medium     text,
  campaign   text,
  subs       text[] not null default '{}'::text[],
  ip_hash    text,
  device     text not null,
  country    text,
  bot        boolean not null,
  primary key (id, clicked_at, tenant_id)
) partition by range (clicked_at);
comment on table touches is
  'Every click with the data that attribution needs, partitioned by month. A month is dropped as a whole when the retention of its visitors ends. A click that counts is also a referral with the same id. References and metrics use the referral, so dropping a month loses neither.';
-- The touches of a visitor in time order: attribution and the folding of double clicks use this index.
create index touches_of_visitor on touches (tenant_id, visitor_id, clicked_at, id);
-- Touches are written in time order, so an index of ranges is enough and costs a click almost nothing.
create index touches_of_period on touches using brin (clicked_at) with (pages_per_range='16', autosummarize='on');

-- The months are in a schema of their own, to which the API has no right: it uses them through the table.
create schema touches_by_month;
-- A click is kept, whatever its date.
create table touches_by_month.other partition of touches default;

create table conversions (
  id              uuid not null,
  tenant_id       text not null,
  created_at      timestamptz(3) not null default now(),
  partner_id      uuid not null,
  referral_id     uuid not null,
  customer_id     uuid not null,
  order_id        text,
  subscription_id text,
  source          text not null,
  amount_minor    bigint not null,
  amount_currency text not null,
  occurred_at     timestamptz(3) not null,
  part_of         uuid,
  counted         boolean not null default true,
  refused         text,
  coupon_id       uuid,
  is_trial        boolean not null default false,
  primary key (id, tenant_id),
  constraint conversions_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint conversions_customer_id foreign key (tenant_id, customer_id)
    references customers (tenant_id, id) deferrable initially deferred,
  constraint conversions_referral_id foreign key (tenant_id, referral_id)
    references referrals (tenant_id, id) deferrable initially deferred,
  constraint conversions_part_of foreign key (tenant_id, part_of)
    references conversions (tenant_id, id) deferrable initially deferred,
  constraint conversions_positive check (amount_minor > 0 or amount_minor = 0 and (part_of is null or is_trial)),
  constraint conversions_trial check (amount_minor = 0 or not is_trial),
  constraint conversions_refused check (refused in ('BOT', 'INACTIVE', 'SELF_REFERRAL', 'TERRITORY'))
);
comment on table conversions is
  'Sales that were credited to a partner. When several partners share a sale, each share is a conversion of its own (part_of), and one of them is counted as the conversion. A refused conversion is kept and counts nowhere. A free trial is a conversion without an amount: it is no purchase.';
create index conversions_partner on conversions (partner_id);
create index conversions_customer on conversions (customer_id);
create index conversions_referral on conversions (referral_id);
create unique index conversions_one_each_order on conversions (tenant_id, order_id)
  where order_id is not null and part_of is null;
create unique index conversions_one_each_order_and_partner on conversions (tenant_id, order_id, partner_id)
  where order_id is not null;
create index conversions_of_period on conversions (tenant_id, occurred_at, id);
create index conversions_tenant on conversions (tenant_id, id);
create index conversions_coupon on conversions (coupon_id) where coupon_id is not null;
create unique index conversions_one_each_referral on conversions (referral_id, tenant_id) where part_of is null;
create unique index conversions_one_each_part on conversions (part_of, partner_id, tenant_id) where part_of is not null;

create table attribution_shares (
  id            uuid not null,
  tenant_id     text not null,
  created_at    timestamptz(3) not null default now(),
  partner_id    uuid not null,
  sale_id       uuid not null,
  conversion_id uuid,
  named_touch   uuid,
  basis         text not null,
  model         text not null,
  unit          text not null,
  sale_minor    bigint not null,
  share_minor   bigint not null,
  currency      text not null,
  occurred_at   timestamptz(3) not null,
  own_touches   int not null,
  all_touches   int not null,
  other_touches int not null,
  touches       jsonb not null,
  primary key (id, tenant_id),
  constraint attribution_shares_one_each_partner unique (sale_id, partner_id, tenant_id),
  constraint attribution_shares_sale_id foreign key (tenant_id, sale_id)
    references conversions (tenant_id, id) deferrable initially deferred,
  constraint attribution_shares_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint attribution_shares_within check (share_minor >= 0 and share_minor <= sale_minor),
  constraint attribution_shares_touches check (own_touches >= 0 and own_touches <= all_touches)
);
comment on table attribution_shares is
  'The reasons for each partner''s share of a sale, as known when the sale was recorded.';
create index attribution_shares_conversion on attribution_shares (conversion_id) where conversion_id is not null;

create table coupons (
  id         uuid not null,
  tenant_id  text not null,
  created_at timestamptz(3) not null default now(),
  partner_id uuid not null,
  code       text not null,
  starts_at  timestamptz(3) not null,
  ends_at    timestamptz(3),
  max_uses   int,
  uses       int not null default 0,
  ended_at   timestamptz(3),
  created_by text not null,
  primary key (id, tenant_id),
  constraint coupons_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint coupons_uses check (uses >= 0),
  constraint coupons_window check (ends_at is null or ends_at > starts_at)
);
comment on table coupons is
  'Coupon codes and the partner that each one credits. uses is the number of its sales that count, and of its free trials. A sale that counts again, because a dispute was won, may take it above max_uses.';
alter table conversions
  add constraint conversions_coupon_id foreign key (tenant_id, coupon_id)
    references coupons (tenant_id, id) deferrable initially deferred;
create unique index coupons_code on coupons (tenant_id, upper(code));
create index coupons_partner on coupons (partner_id, id);

create table leads (
  id           uuid not null,
  tenant_id    text not null,
  created_at   timestamptz(3) not null default now(),
  partner_id   uuid not null,
  company      text not null,
  contact_name text,
  domain       text,
  email        text,
  notes        text,
  submitted_by text not null,
  status       text not null default 'SUBMITTED',
  decided_at   timestamptz(3),
  decided_by   text,
  reason       text,
  referral_id  uuid,
  primary key (id, tenant_id),
  constraint leads_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint leads_status check (status in ('SUBMITTED', 'ACCEPTED', 'REJECTED', 'CONVERTED')),
  constraint leads_rejected check (status <> 'REJECTED' or reason is not null)
);
comment on table leads is
  'Leads that partners submitted and staff decided on.';
create index leads_partner on leads (partner_id, id);
create index leads_tenant on leads (tenant_id, id);
create index leads_of_period on leads (tenant_id, created_at);
create index leads_email on leads (tenant_id, normal_email(email)) where email is not null;
create index leads_domain on leads (tenant_id, domain) where domain is not null;

create table deals (
  id            uuid not null,
  tenant_id     text not null,
  created_at    timestamptz(3) not null default now(),
  partner_id    uuid not null,
  company       text not null,
  domain        text,
  email         text,
  registered_by text not null,
  registered_at timestamptz(3) not null,
  expires_at    timestamptz(3) not null,
  closed_at     timestamptz(3),
  referral_id   uuid,
  primary key (id, tenant_id),
  constraint deals_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint deals_named check (domain is not null or email is not null),
  constraint deals_window check (expires_at > registered_at)
);
comment on table deals is
  'Deals that partners registered. The first one registered holds the prospect until it expires or is closed.';
-- The first deal for a prospect wins. Expired deals are closed before another one is accepted.
create unique index deals_one_live_domain on deals (tenant_id, domain) where closed_at is null and domain is not null;
create index deals_partner on deals (partner_id, id);
create index customers_mailbox on customers (tenant_id, normal_email(email)) where email is not null;
create unique index deals_one_live_email on deals (tenant_id, normal_email(email))
  where closed_at is null and email is not null and email !~~ 'erased+%';

create table customer_assignments (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  partner_id  uuid not null,
  customer_id uuid not null,
  reason      text not null,
  assigned_by text not null,
  assigned_at timestamptz(3) not null,
  primary key (id, tenant_id),
  constraint customer_assignments_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint customer_assignments_customer_id foreign key (tenant_id, customer_id)
    references customers (tenant_id, id) deferrable initially deferred
);
comment on table customer_assignments is
  'Customers that staff assigned to a partner by hand. Append-only.';
create index customer_assignments_customer on customer_assignments (customer_id, id);

create table reported_conversions (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  partner_id  uuid,
  referral_id uuid,
  order_id    text not null,
  coupon      text,
  amount      text,
  currency    text,
  reported_at timestamptz(3) not null,
  primary key (id, tenant_id),
  constraint reported_conversions_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id)
);
comment on table reported_conversions is
  'Conversions that a browser reported. They earn nothing: only conversions that a server reports earn commissions.';
create unique index reported_conversions_order on reported_conversions (tenant_id, order_id, coalesce(referral_id, '00000000-0000-0000-0000-000000000000'::uuid));
