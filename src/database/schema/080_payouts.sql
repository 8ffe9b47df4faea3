-- Payout accounts, runs, payouts, bank files, messages of payment rails and reconciliation.

-- Seven digits of a NACHA trace number.
create sequence bank_serials as int minvalue 1 maxvalue 9999999 cycle;

create table payout_accounts (
  id              uuid not null,
  tenant_id       text not null,
  created_at      timestamptz(3) not null default now(),
  partner_id      uuid not null,
  method          payout_method not null,
  country         text not null,
  currency        text not null,
  holder_name     envelope not null,
  details         envelope not null,
  last_four       text not null,
  account_type    text,
  fingerprint     text not null,
  verified_at     timestamptz(3),
  usable_from     timestamptz(3) not null,
  removed_at      timestamptz(3),
  data_key_id     uuid generated always as ((split_part((details)::text, '.', 2))::uuid) stored,
  payouts_enabled boolean,
  requirements    text[] not null default '{}'::text[],
  checked_at      timestamptz(3),
  check_asked_at  timestamptz(3),
  check_reason    text,
  set_by          text,
  confirmed_by    text,
  primary key (id, tenant_id),
  constraint payout_accounts_of_partner unique (tenant_id, partner_id, id),
  constraint payout_accounts_tenant_id_partner_id_fkey foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint payout_accounts_tenant_id_data_key_id_fkey foreign key (tenant_id, data_key_id)
    references data_keys (tenant_id, id),
  constraint payout_accounts_one_key check (split_part(holder_name::text, '.', 2) = split_part(details::text, '.', 2)),
  constraint payout_accounts_last_four check (char_length(last_four) >= 1 and char_length(last_four) <= 4),
  constraint payout_accounts_account_type check (account_type in ('CHECKING', 'SAVINGS')),
  constraint payout_accounts_typed check (account_type is null or country = 'US'),
  constraint payout_accounts_fingerprint check (fingerprint ~ '^[0-9a-f]{32}$'),
  constraint payout_accounts_checked check (
    checked_at is not null or payouts_enabled is null and requirements = '{}'::text[]
  )
);
comment on table payout_accounts is
  'Payout accounts of partners, encrypted. The state is the report of the rail on an account that the rail keeps. After a returned payment no payout is sent to the account until a person has checked the account (check_asked_at).';
create index payout_accounts_fingerprint on payout_accounts (tenant_id, fingerprint);
create index payout_accounts_data_key on payout_accounts (data_key_id);
create unique index payout_accounts_one_in_use on payout_accounts (partner_id, method, currency, tenant_id)
  where removed_at is null;

create table payout_runs (
  id            uuid not null,
  tenant_id     text not null,
  created_at    timestamptz(3) not null default now(),
  as_of         timestamptz(3) not null,
  frequency     payout_frequency,
  payout_count  int not null default 0,
  created_by    text not null,
  status        text not null default 'RUNNING',
  partner_count int not null default 0,
  partners_done int not null default 0,
  skipped_count int not null default 0,
  cursor_id     uuid,
  period_end    date,
  finished_at   timestamptz(3),
  updated_at    timestamptz(3) not null default now(),
  primary key (id, tenant_id),
  constraint payout_runs_program foreign key (tenant_id) references programs (tenant_id),
  constraint payout_runs_status check (status in ('RUNNING', 'PAUSED', 'DONE', 'CANCELED')),
  constraint payout_runs_scheduled check (period_end is null or frequency is not null)
);
comment on table payout_runs is
  'Runs that create payouts for many partners, some hundred in each transaction; the row remembers the progress.';
-- The scheduler runs a period once, however many workers there are.
create unique index payout_runs_one_each_period on payout_runs (tenant_id, frequency, period_end)
  where period_end is not null;
create index payout_runs_running on payout_runs (updated_at) where status = 'RUNNING';
create index payout_runs_tenant on payout_runs (tenant_id, id);

create table payout_run_skips (
  id              uuid not null,
  tenant_id       text not null,
  created_at      timestamptz(3) not null default now(),
  run_id          uuid not null,
  partner_id      uuid not null,
  reason          text not null,
  line_count      int not null default 0,
  amount_minor    bigint,
  amount_currency text,
  primary key (id, tenant_id),
  constraint payout_run_skips_run_id foreign key (tenant_id, run_id)
    references payout_runs (tenant_id, id) deferrable initially deferred,
  constraint payout_run_skips_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred
);
comment on table payout_run_skips is
  'Partners that a payout run left out, with the reason.';
create index payout_run_skips_run on payout_run_skips (run_id, id);
create index payout_run_skips_partner on payout_run_skips (partner_id);

create table payouts (
  id                    uuid not null,
  tenant_id             text not null,
  created_at            timestamptz(3) not null default now(),
  partner_id            uuid not null,
  run_id                uuid,
  status                text not null default 'PENDING',
  method                payout_method not null,
  period_start          date not null,
  period_end            date not null,
  amount_minor          bigint not null,
  amount_currency       text not null,
  commission_count      int not null,
  provider_reference    text,
  failure_reason        text,
  attempts              int not null default 0,
  created_by            text not null,
  initiated_by          text not null,
  approved_by           text,
  approved_at           timestamptz(3),
  paid_at               timestamptz(3),
  released_at           timestamptz(3),
  metadata              jsonb not null,
  updated_at            timestamptz(3) not null default now(),
  payout_account_id     uuid,
  second_approval       text,
  first_approved_by     text,
  first_approved_at     timestamptz(3),
  outcome_unknown_since timestamptz(3),
  action_required       text,
  primary key (id, tenant_id),
  constraint payouts_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint payouts_run_id foreign key (tenant_id, run_id)
    references payout_runs (tenant_id, id) deferrable initially deferred,
  constraint payouts_account foreign key (tenant_id, partner_id, payout_account_id)
    references payout_accounts (tenant_id, partner_id, id) deferrable initially deferred,
  constraint payouts_status_check check (
    status in ('PENDING', 'APPROVED', 'PROCESSING', 'PAID', 'FAILED', 'CANCELED', 'RETURNED')
  ),
  constraint payouts_positive check (amount_minor > 0 and commission_count > 0),
  constraint payouts_period check (period_start <= period_end),
  constraint payouts_approver check (approved_by is null or approved_by <> created_by),
  constraint payouts_approved_before_sent check (
    (status in ('PENDING', 'CANCELED')) or approved_by is not null and approved_at is not null
  ),
  constraint payouts_second_approval check (second_approval in ('ABOVE_LIMIT', 'NO_RATE', 'SPLIT')),
  constraint payouts_two_people check (first_approved_by <> created_by and first_approved_by <> approved_by),
  constraint payouts_first_approved check ((first_approved_by is null) = (first_approved_at is null)),
  constraint payouts_approved_by_two check (
    (status in ('PENDING', 'CANCELED')) or second_approval is null or first_approved_by is not null
  )
);
comment on table payouts is
  'Payments to partners. Only the status changes.';
create index payouts_partner on payouts (partner_id, id);
create index payouts_run on payouts (run_id) where run_id is not null;
create index payouts_processing on payouts (id) where status in ('APPROVED', 'PROCESSING');
create index payouts_account on payouts (payout_account_id) where payout_account_id is not null;
create index payouts_run_pending on payouts (run_id, id) where status = 'PENDING';
create index payouts_tenant on payouts (tenant_id, id);

create table payout_items (
  id            uuid not null,
  tenant_id     text not null,
  created_at    timestamptz(3) not null default now(),
  payout_id     uuid not null,
  commission_id uuid not null,
  voided_at     timestamptz(3),
  primary key (id, tenant_id)
);
comment on table payout_items is
  'The commissions that a payout pays. A commission is in at most one payout that was not voided.';
create index payout_items_payout on payout_items (payout_id);
create unique index payout_items_one_live_claim on payout_items (commission_id, tenant_id) where voided_at is null;

create table paid_lines (
  tenant_id     text not null,
  commission_id uuid not null,
  primary key (tenant_id, commission_id)
);
comment on table paid_lines is
  'The commissions of paid payouts, so that a list of them starts at the newest. Follows the status of the payouts; only finds commissions, says nothing of them.';

create table payout_attempts (
  id                 uuid not null,
  tenant_id          text not null,
  created_at         timestamptz(3) not null default now(),
  payout_id          uuid not null,
  number             int not null,
  status             text not null default 'SENDING',
  key                text not null,
  tries              int not null default 0,
  lease_token        uuid,
  lease_until        timestamptz(3),
  provider_reference text,
  failure_code       text,
  failure_reason     text,
  account_id         uuid,
  said_outcome       text,
  said_reference     text,
  said_evidence      text,
  said_by            text,
  said_at            timestamptz(3),
  resolved_by        text,
  primary key (id, tenant_id),
  constraint payout_attempts_number unique (payout_id, number, tenant_id),
  constraint payout_attempts_key unique (key, tenant_id),
  constraint payout_attempts_payout_id foreign key (tenant_id, payout_id)
    references payouts (tenant_id, id) deferrable initially deferred,
  constraint payout_attempts_account_id_fkey foreign key (tenant_id, account_id)
    references payout_accounts (tenant_id, id),
  constraint payout_attempts_status_check check (status in ('SENDING', 'UNKNOWN', 'SENT', 'CONFIRMED', 'FAILED')),
  constraint payout_attempts_said_outcome check (said_outcome in ('PAID', 'NOT_SENT')),
  constraint payout_attempts_said_whole check (
    (said_outcome is null) = (said_by is null) and (said_outcome is null) = (said_evidence is null)
  ),
  constraint payout_attempts_two_people check (resolved_by is null or said_by is not null and resolved_by <> said_by)
);
comment on table payout_attempts is
  'Attempts to send a payout over a payment rail.';
create index payout_attempts_reference on payout_attempts (provider_reference) where provider_reference is not null;
create index payout_attempts_made on payout_attempts (tenant_id, created_at);
create unique index payout_attempts_one_not_failed on payout_attempts (payout_id, tenant_id) where status <> 'FAILED';

create table payout_holds (
  id             uuid not null,
  tenant_id      text not null,
  created_at     timestamptz(3) not null default now(),
  partner_id     uuid not null,
  reason         text not null,
  held_by        text not null,
  held_at        timestamptz(3) not null,
  released_by    text,
  released_at    timestamptz(3),
  release_reason text,
  primary key (id, tenant_id),
  constraint payout_holds_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred,
  constraint payout_holds_released check (
    (released_by is null) = (released_at is null) and (released_by is null) = (release_reason is null)
  )
);
comment on table payout_holds is
  'Holds on all payouts of a partner. Its commissions are still earned and approved.';
create index payout_holds_partner on payout_holds (partner_id);
create unique index payout_holds_one_open on payout_holds (partner_id, tenant_id) where released_at is null;

create table bank_files (
  id             uuid not null,
  tenant_id      text not null,
  created_at     timestamptz(3) not null default now(),
  run_id         uuid,
  format         bank_format not null,
  status         text not null default 'DRAFT',
  execute_on     date not null,
  of_day         int not null,
  payment_count  int not null,
  total_minor    bigint not null,
  total_currency text not null,
  sha256         text not null,
  created_by     text not null,
  approved_by    text,
  approved_at    timestamptz(3),
  canceled_by    text,
  canceled_at    timestamptz(3),
  cancel_reason  text,
  downloads      int not null default 0,
  downloaded_by  text[] not null,
  downloaded_at  timestamptz(3),
  settled_by     text,
  settled_at     timestamptz(3),
  primary key (id, tenant_id),
  constraint bank_files_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint bank_files_tenant_id_run_id_fkey foreign key (tenant_id, run_id) references payout_runs (tenant_id, id),
  constraint bank_files_status check (status in ('DRAFT', 'APPROVED', 'CANCELED')),
  constraint bank_files_four_eyes check (approved_by <> created_by),
  constraint bank_files_approved check (
    (approved_by is null) = (approved_at is null) and (status <> 'APPROVED' or approved_by is not null)
  ),
  constraint bank_files_downloaded_once_approved check (downloads = 0 or approved_by is not null),
  constraint bank_files_total check (total_minor > 0 and payment_count > 0)
);
comment on table bank_files is
  'Payment files for a bank.';
create index bank_files_day on bank_files (tenant_id, format, created_at);
create index bank_files_tenant on bank_files (tenant_id, id);

create table bank_file_parts (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  file_id     uuid not null,
  number      int not null,
  content     envelope,
  data_key_id uuid generated always as ((split_part((content)::text, '.', 2))::uuid) stored,
  primary key (id, tenant_id),
  constraint bank_file_parts_number unique (file_id, number, tenant_id),
  constraint bank_file_parts_tenant_id_file_id_fkey foreign key (tenant_id, file_id)
    references bank_files (tenant_id, id) deferrable initially deferred,
  constraint bank_file_parts_tenant_id_data_key_id_fkey foreign key (tenant_id, data_key_id)
    references data_keys (tenant_id, id)
);
comment on table bank_file_parts is
  'The encrypted text of a bank file in pieces, so that a key rotation locks only a few of them at a time.';
create index bank_file_parts_data_key on bank_file_parts (data_key_id);

create table bank_payments (
  id              uuid not null,
  tenant_id       text not null,
  created_at      timestamptz(3) not null default now(),
  updated_at      timestamptz(3) not null default now(),
  partner_id      uuid not null,
  payout_id       uuid not null,
  run_id          uuid,
  account_id      uuid not null,
  key             text not null,
  format          bank_format not null,
  amount_minor    bigint not null,
  amount_currency text not null,
  status          text not null default 'WAITING',
  code            text,
  reason          text,
  correction      text,
  difference      text,
  primary key (id, tenant_id),
  constraint bank_payments_key unique (key, tenant_id),
  constraint bank_payments_tenant_id_partner_id_fkey foreign key (tenant_id, partner_id)
    references partners (tenant_id, id),
  constraint bank_payments_tenant_id_payout_id_fkey foreign key (tenant_id, payout_id)
    references payouts (tenant_id, id),
  constraint bank_payments_tenant_id_run_id_fkey foreign key (tenant_id, run_id) references payout_runs (tenant_id, id),
  constraint bank_payments_tenant_id_account_id_fkey foreign key (tenant_id, account_id)
    references payout_accounts (tenant_id, id),
  constraint bank_payments_status check (status in ('WAITING', 'IN_FILE', 'ACCEPTED', 'PAID', 'REJECTED', 'RETURNED')),
  constraint bank_payments_amount check (amount_minor > 0)
);
comment on table bank_payments is
  'Payments that wait for a bank file or are in one. The account number is not stored here: the account is opened when the file is written.';
create index bank_payments_waiting on bank_payments (tenant_id, amount_currency, id) where status = 'WAITING';
create index bank_payments_payout on bank_payments (payout_id);
create index bank_payments_partner on bank_payments (partner_id);
create index bank_payments_tenant on bank_payments (tenant_id, id);

create table bank_file_items (
  id         uuid not null,
  tenant_id  text not null,
  created_at timestamptz(3) not null default now(),
  file_id    uuid not null,
  payment_id uuid not null,
  batch      int not null,
  trace      text,
  voided_at  timestamptz(3),
  primary key (id, tenant_id),
  constraint bank_file_items_tenant_id_file_id_fkey foreign key (tenant_id, file_id)
    references bank_files (tenant_id, id) deferrable initially deferred,
  constraint bank_file_items_tenant_id_payment_id_fkey foreign key (tenant_id, payment_id)
    references bank_payments (tenant_id, id) deferrable initially deferred
);
comment on table bank_file_items is
  'The payments of each bank file.';
create index bank_file_items_file on bank_file_items (file_id, payment_id);
create index bank_file_items_trace on bank_file_items (tenant_id, trace) where trace is not null;
create unique index bank_file_items_one_live_file on bank_file_items (payment_id, tenant_id) where voided_at is null;

create table bank_status_imports (
  id         uuid not null,
  tenant_id  text not null,
  created_at timestamptz(3) not null default now(),
  kind       text not null,
  sha256     text not null,
  line_count int not null,
  created_by text not null,
  primary key (id, tenant_id),
  constraint bank_status_imports_once unique (tenant_id, sha256),
  constraint bank_status_imports_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint bank_status_imports_kind check (
    kind in ('PAIN_STATUS', 'CAMT_STATEMENT', 'CAMT_NOTIFICATION', 'NACHA_RETURN')
  )
);
comment on table bank_status_imports is
  'Status reports of a bank that were imported. Append-only.';

create table bank_status_lines (
  id              uuid not null,
  tenant_id       text not null,
  created_at      timestamptz(3) not null default now(),
  import_id       uuid not null,
  payment_id      uuid,
  reference       text not null,
  word            text not null,
  code            text,
  amount_minor    bigint,
  amount_currency text,
  outcome         text not null,
  explanation     text,
  primary key (id, tenant_id),
  constraint bank_status_lines_tenant_id_import_id_fkey foreign key (tenant_id, import_id)
    references bank_status_imports (tenant_id, id) deferrable initially deferred,
  constraint bank_status_lines_tenant_id_payment_id_fkey foreign key (tenant_id, payment_id)
    references bank_payments (tenant_id, id) deferrable initially deferred,
  constraint bank_status_lines_outcome check (outcome in ('APPLIED', 'REPEATED', 'NOTED', 'UNKNOWN', 'DIFFERENT')),
  constraint bank_status_lines_word check (word in ('ACCEPTED', 'PAID', 'REJECTED', 'RETURNED', 'NOTED', 'UNCLEAR'))
);
comment on table bank_status_lines is
  'The status of each payment in a status report. Append-only.';
create index bank_status_lines_import on bank_status_lines (import_id, id);
create index bank_status_lines_payment on bank_status_lines (payment_id) where payment_id is not null;

create table rail_events (
  id         uuid not null,
  tenant_id  text,
  created_at timestamptz(3) not null default now(),
  rail       text not null,
  event_id   text not null,
  type       text not null,
  key        text,
  reference  text,
  payout_id  uuid,
  state      text not null default 'RECEIVED',
  note       text,
  tries      int not null default 0,
  handled_at timestamptz(3),
  primary key (id),
  constraint rail_events_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint rail_events_payout_id_fkey foreign key (tenant_id, payout_id) references payouts (tenant_id, id),
  constraint rail_events_state check (state in ('RECEIVED', 'APPLIED', 'IGNORED', 'PARKED')),
  constraint rail_events_handled check ((state = 'RECEIVED') = (handled_at is null))
);
comment on table rail_events is
  'Signed messages of payment rails, each stored once. A row without a tenant belongs to no known tenant: only a session for all tenants sees the row.';
create unique index rail_events_once on rail_events (rail, event_id);
create index rail_events_tenant on rail_events (tenant_id, id);
create index rail_events_payout on rail_events (payout_id);
create index rail_events_waiting on rail_events (created_at) where state = 'RECEIVED';
create index rail_events_parked on rail_events (payout_id) where state = 'PARKED';

create table reconciliations (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  method      payout_method not null,
  rail        text not null,
  from_at     timestamptz(3) not null,
  to_at       timestamptz(3) not null,
  state       text not null default 'RUNNING',
  recent      boolean not null default false,
  started_by  text not null,
  run         uuid,
  checked     int not null default 0,
  matched     int not null default 0,
  touched_at  timestamptz(3) not null default now(),
  finished_at timestamptz(3),
  primary key (id, tenant_id),
  constraint reconciliations_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint reconciliations_state check (state in ('RUNNING', 'DONE')),
  constraint reconciliations_period check (from_at < to_at)
);
comment on table reconciliations is
  'Reconciliations: comparisons of the transfers of a rail with our payouts.';
create index reconciliations_tenant on reconciliations (tenant_id, id);
create unique index reconciliations_one_recent on reconciliations (tenant_id, method) where recent;

create table reconciliation_differences (
  id                uuid not null,
  tenant_id         text,
  created_at        timestamptz(3) not null default now(),
  reconciliation_id uuid not null,
  kind              text not null,
  payout_id         uuid,
  reference         text,
  our_status        text,
  our_minor         bigint,
  our_currency      text,
  their_status      text,
  their_minor       bigint,
  their_currency    text,
  primary key (id),
  constraint reconciliation_differences_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint reconciliation_differences_reconciliation_id_fkey foreign key (tenant_id, reconciliation_id)
    references reconciliations (tenant_id, id),
  constraint reconciliation_differences_payout_id_fkey foreign key (tenant_id, payout_id)
    references payouts (tenant_id, id),
  constraint reconciliation_differences_kind check (
    kind in ('MISSING_HERE', 'MISSING_THERE', 'DIFFERENT_AMOUNT', 'DIFFERENT_STATUS', 'UNTOLD')
  )
);
comment on table reconciliation_differences is
  'Differences that a reconciliation found.';
create index reconciliation_differences_of on reconciliation_differences (reconciliation_id, id);
create index reconciliation_differences_tenant on reconciliation_differences (tenant_id);
create index reconciliation_differences_payout on reconciliation_differences (payout_id);
