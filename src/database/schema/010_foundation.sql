-- Audit, idempotency, data keys and the ledger.

-- An encrypted field. The type accepts no readable text, and a rotation of keys finds its columns by this type.
create domain envelope as text constraint envelope_is_sealed
  check (value ~ '^v1\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[A-Za-z0-9_-]{38,}$');

-- Lists of values that several tables share. A migration adds a value by one `alter domain`.
create domain partner_tier as text constraint partner_tier_is_known
  check (value in ('BRONZE', 'SILVER', 'GOLD', 'PLATINUM', 'DIAMOND'));
create domain payout_method as text constraint payout_method_is_known
  check (value in ('BANK_TRANSFER', 'PAYPAL', 'STRIPE', 'RAZORPAY'));
create domain rounding_mode as text constraint rounding_mode_is_known
  check (value in ('HALF_UP', 'HALF_EVEN', 'DOWN'));
create domain partner_status as text constraint partner_status_is_known
  check (value in ('PENDING', 'ACTIVE', 'INACTIVE', 'SUSPENDED'));
create domain payout_frequency as text constraint payout_frequency_is_known
  check (value in ('WEEKLY', 'BIWEEKLY', 'MONTHLY', 'QUARTERLY'));
create domain commission_method as text constraint commission_method_is_known
  check (value in ('PERCENTAGE', 'FLAT', 'TIERED'));
create domain bank_format as text constraint bank_format_is_known
  check (value in ('PAIN', 'NACHA'));

create table database_files (
  path       text not null,
  hash       text not null,
  applied_at timestamptz(3) not null default now(),
  primary key (path)
);
comment on table database_files is
  'The files of src/database that were applied to this database. A start applies those whose hash changed.';

create table claimed_names (
  space text not null,
  name  text not null,
  primary key (space, name),
  constraint claimed_names_space check (space in ('CODE', 'DOMAIN', 'PROGRAM_ORGANISATION', 'PARTNER_ORGANISATION'))
);
comment on table claimed_names is
  'Names that are unique over all tenants: referral codes and paths of links (CODE, in upper case), domains, and organisations of the identity provider. A unique index of a tenant''s table cannot see other tenants when tables are distributed by tenant_id, so claim_name() keeps these names here.';

create table postings (
  id              uuid not null,
  tenant_id       text not null,
  created_at      timestamptz(3) not null default now(),
  partner_id      uuid not null,
  reference       text not null,
  from_account    text not null,
  to_account      text not null,
  amount_minor    bigint not null,
  amount_currency text not null,
  occurred_at     timestamptz(3) not null default now(),
  primary key (id, tenant_id),
  constraint postings_reference unique (tenant_id, reference),
  constraint posting_moves_something check (amount_minor > 0),
  constraint posting_goes_somewhere check (from_account <> to_account)
);
comment on table postings is
  'The ledger: money that moves between two accounts of a partner. Append-only. occurred_at is the time of the fact by the clock of the product.';
create index postings_partner on postings (partner_id, amount_currency, occurred_at, id);

create table audit_events (
  id            uuid not null,
  tenant_id     text not null,
  created_at    timestamptz(3) not null default now(),
  actor_id      text not null,
  actor_role    text not null,
  request_id    text not null,
  action        text not null,
  subject_id    uuid,
  after         jsonb,
  before        jsonb,
  reason        text,
  credential    text not null,
  partner_id    uuid,
  subjects      uuid[] not null,
  personal_hash text,
  primary key (id, tenant_id)
);
comment on table audit_events is
  'One entry for each action: actor, credential, and the values before and after. Append-only. Personal data is in audit_personal, so that it can be erased while the entry keeps its hash.';
create index audit_events_tenant on audit_events (tenant_id, id);
create index audit_events_subject on audit_events (subject_id);
create index audit_events_partner on audit_events (partner_id, id) where partner_id is not null;
create index audit_events_subjects on audit_events using gin (subjects) where subjects <> '{}'::uuid[];

create table audit_personal (
  event_id   uuid not null,
  tenant_id  text not null,
  partner_id uuid,
  data       jsonb not null,
  salt       text not null,
  primary key (event_id, tenant_id),
  constraint audit_personal_event_id_fkey foreign key (tenant_id, event_id)
    references audit_events (tenant_id, id) deferrable initially deferred
);
comment on table audit_personal is
  'The personal data of an audit entry. It can be erased; the salted hash in audit_events.personal_hash proves that it was not changed.';
create index audit_personal_partner on audit_personal (tenant_id, partner_id);

create table audit_links (
  tenant_id  text not null,
  seq        bigint not null,
  event_id   uuid not null,
  event_hash bytea not null,
  prev_hash  bytea not null,
  hash       bytea not null,
  linked_at  timestamptz(3) not null default now(),
  primary key (tenant_id, seq),
  constraint audit_links_event_id_key unique (event_id, tenant_id),
  constraint audit_links_event_id_fkey foreign key (tenant_id, event_id) references audit_events (tenant_id, id)
);
comment on table audit_links is
  'The hash chain over the audit entries of a tenant. Entries are linked in batches after their commit, because a lock for each entry would serialise all changes of the tenant.';

create table audit_unlinked (
  event_id uuid not null,
  primary key (event_id)
);
comment on table audit_unlinked is
  'Audit entries that wait for their link in the chain. Only await_link() and link_audit_events() may touch this table.';

create table events (
  id             uuid not null,
  tenant_id      text not null,
  partner_id     uuid,
  type           text not null,
  subject_id     uuid,
  audit_event_id uuid not null,
  occurred_at    timestamptz(3) not null,
  primary key (id, tenant_id)
);
comment on table events is
  'One row for each row that an audited action changed. The trigger record_events writes events in the statement that writes the audit entry. Webhooks, notifications and live updates read changes from this table. Events are deleted after 90 days; the audit entry stays.';

create table idempotency_keys (
  tenant_id    text not null,
  actor_id     text not null,
  operation    text not null,
  key          text not null,
  request_hash text not null,
  result_id    uuid not null,
  created_at   timestamptz(3) not null default now(),
  primary key (tenant_id, actor_id, operation, key)
);
comment on table idempotency_keys is
  'The results of requests that carried an idempotency key, so that a repeated request returns the first result.';

create table data_keys (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  partner_id  uuid,
  purpose     text not null,
  wrapped     text,
  kek_id      text not null,
  replaced_at timestamptz(3),
  shredded_at timestamptz(3),
  primary key (id, tenant_id),
  constraint data_keys_purpose check (purpose in ('FIELDS', 'INDEX')),
  constraint data_keys_shredded_is_gone check ((wrapped is null) = (shredded_at is not null))
);
comment on table data_keys is
  'Keys that encrypt the fields of a partner or of a tenant. They are stored wrapped by a key-encryption key, which only the key service can unwrap.';
create unique index data_keys_one_in_use on data_keys (tenant_id, partner_id, purpose) nulls not distinct
  where replaced_at is null and shredded_at is null;
create index data_keys_partner on data_keys (partner_id);
