-- Risk rules: what they found and what people decided.

create table fraud_hits (
  id         uuid not null,
  tenant_id  text not null,
  created_at timestamptz(3) not null default now(),
  review_id  uuid not null,
  rule       text not null,
  mode       text not null,
  weight     int not null,
  evidence   jsonb,
  primary key (id, tenant_id),
  constraint fraud_hits_once unique (review_id, rule, tenant_id),
  constraint fraud_hits_mode check (mode in ('SHADOW', 'HOLD', 'BLOCK')),
  constraint fraud_hits_weight check (weight >= 1 and weight <= 100)
);
comment on table fraud_hits is
  'Fraud hits of risk rules on commissions. Partners cannot read them, so that they do not learn how to avoid the rules.';
create index fraud_hits_with_evidence on fraud_hits (created_at) where evidence is not null;

create table fraud_reviews (
  id              uuid not null,
  tenant_id       text not null,
  created_at      timestamptz(3) not null default now(),
  partner_id      uuid not null,
  commission_id   uuid,
  customer_id     uuid,
  referral_id     uuid,
  hold_id         uuid,
  outcome         text not null,
  score           int not null,
  shadow_score    int not null,
  threshold       int not null,
  amount_minor    bigint not null,
  amount_currency text not null,
  assessed_at     timestamptz(3) not null,
  decision        text,
  decided_by      text,
  decided_at      timestamptz(3),
  reason          text,
  primary key (id, tenant_id),
  constraint fraud_reviews_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint fraud_reviews_outcome check (outcome in ('NOTED', 'WOULD_HOLD', 'HELD', 'BLOCKED')),
  constraint fraud_reviews_line check ((commission_id is null) = (outcome = 'BLOCKED')),
  constraint fraud_reviews_hold check ((hold_id is not null) = (outcome = 'HELD')),
  constraint fraud_reviews_score check (0 <= score and score <= shadow_score and shadow_score <= 100),
  constraint fraud_reviews_decision check (decision in ('RELEASED', 'FRAUD')),
  constraint fraud_reviews_decided check (num_nulls(decision, decided_by, decided_at, reason) in (0, 4))
);
comment on table fraud_reviews is
  'Reviews of commissions that risk rules stopped, with the decision of a person.';
create index fraud_reviews_of_tenant on fraud_reviews (tenant_id, id);
create index fraud_reviews_open on fraud_reviews (tenant_id, id) where decision is null and outcome = 'HELD';
create index fraud_reviews_assessed on fraud_reviews (tenant_id, assessed_at);
create index fraud_reviews_of_partner on fraud_reviews (partner_id, id);
create index fraud_reviews_of_customer on fraud_reviews (customer_id) where customer_id is not null;
create unique index fraud_reviews_one_each_line on fraud_reviews (commission_id, tenant_id)
  where commission_id is not null;

create table fraud_list_entries (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  list        text not null,
  customer_id uuid,
  domain      text,
  reason      text not null,
  added_by    text not null,
  removed_at  timestamptz(3),
  removed_by  text,
  primary key (id, tenant_id),
  constraint fraud_list_entries_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint fraud_list_entries_customer_id_fkey foreign key (tenant_id, customer_id)
    references customers (tenant_id, id),
  constraint fraud_list_entries_list check (
    list in ('ALLOWED_CUSTOMER', 'BLOCKED_CUSTOMER', 'DISPOSABLE_DOMAIN', 'FREE_MAIL_DOMAIN')
  ),
  constraint fraud_list_entries_names_one check (
    num_nonnulls(customer_id, domain) = 1 and (list ~~ '%CUSTOMER' or domain is not null)
  ),
  constraint fraud_list_entries_removed check ((removed_at is null) = (removed_by is null))
);
comment on table fraud_list_entries is
  'Values that staff block or allow in risk rules.';
create unique index fraud_list_entries_once on fraud_list_entries (tenant_id, list, coalesce(customer_id::text, domain))
  where removed_at is null;

create table payment_fingerprints (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  customer_id uuid not null,
  fingerprint text not null,
  seen_at     timestamptz(3) not null,
  primary key (id, tenant_id),
  constraint payment_fingerprints_once unique (customer_id, fingerprint, tenant_id),
  constraint payment_fingerprints_customer foreign key (tenant_id, customer_id) references customers (tenant_id, id)
);
comment on table payment_fingerprints is
  'Payment methods of customers, as keyed hashes of the payment provider''s identifiers.';
create index payment_fingerprints_seen on payment_fingerprints (seen_at);
create index payment_fingerprints_same on payment_fingerprints (tenant_id, fingerprint);
