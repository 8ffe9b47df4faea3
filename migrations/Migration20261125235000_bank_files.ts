import { Migration } from '@mikro-orm/migrations';

/** What waits for a file of the bank, the files, and what the bank said of them. Account numbers are in none of these tables
 *  but sealed in the text of a file: a payment names the account, which is opened when the file is written. */
export class Migration20261125235000_bank_files extends Migration {
  override up(): void {
    this.addSql(`alter table payout_accounts add constraint payout_accounts_tenant_row unique (tenant_id, id)`);
    this.addSql(`create sequence bank_serials as int minvalue 1 maxvalue 9999999 cycle`); // seven digits of a NACHA trace
    this.addSql(`grant usage on sequence bank_serials to partner_portal_api`);

    this.addSql(`
      create table bank_files (
        id uuid primary key, tenant_id text not null references programs (tenant_id), created_at timestamptz(3) not null default now(),
        run_id uuid null, format text not null, status text not null default 'DRAFT', execute_on date not null, of_day int not null,
        payment_count int not null, total_minor bigint not null, total_currency text not null, sha256 text not null,
        created_by text not null, approved_by text null, approved_at timestamptz(3) null,
        canceled_by text null, canceled_at timestamptz(3) null, cancel_reason text null,
        downloads int not null default 0, downloaded_by text[] not null, downloaded_at timestamptz(3) null,
        settled_by text null, settled_at timestamptz(3) null,
        constraint bank_files_tenant_row unique (tenant_id, id),
        constraint bank_files_format check (format in ('PAIN', 'NACHA')),
        constraint bank_files_status check (status in ('DRAFT', 'APPROVED', 'CANCELED')),
        constraint bank_files_four_eyes check (approved_by <> created_by),
        constraint bank_files_approved check ((approved_by is null) = (approved_at is null) and (status <> 'APPROVED' or approved_by is not null)),
        constraint bank_files_downloaded_once_approved check (downloads = 0 or approved_by is not null),
        constraint bank_files_total check (total_minor > 0 and payment_count > 0),
        foreign key (tenant_id, run_id) references payout_runs (tenant_id, id))`);
    this.addSql(`create index bank_files_day on bank_files (tenant_id, format, created_at)`);

    // In pieces, so that a rotation of keys holds only a few of them at a time.
    this.addSql(`
      create table bank_file_parts (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(),
        file_id uuid not null, number int not null, content envelope null,
        data_key_id uuid generated always as (split_part(content, '.', 2)::uuid) stored,
        constraint bank_file_parts_number unique (file_id, number),
        foreign key (tenant_id, file_id) references bank_files (tenant_id, id) deferrable initially deferred,
        foreign key (tenant_id, data_key_id) references data_keys (tenant_id, id))`);
    this.addSql(`create index bank_file_parts_data_key on bank_file_parts (data_key_id)`);

    this.addSql(`
      create table bank_payments (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(),
        updated_at timestamptz(3) not null default now(), partner_id uuid not null, payout_id uuid not null, run_id uuid null,
        account_id uuid not null, key text not null, format text not null, amount_minor bigint not null, amount_currency text not null,
        status text not null default 'WAITING', code text null, reason text null, correction text null, difference text null,
        constraint bank_payments_key unique (key),
        constraint bank_payments_tenant_row unique (tenant_id, id),
        constraint bank_payments_format check (format in ('PAIN', 'NACHA')),
        constraint bank_payments_status check (status in ('WAITING', 'IN_FILE', 'ACCEPTED', 'PAID', 'REJECTED', 'RETURNED')),
        constraint bank_payments_amount check (amount_minor > 0),
        foreign key (tenant_id, partner_id) references partners (tenant_id, id),
        foreign key (tenant_id, payout_id) references payouts (tenant_id, id),
        foreign key (tenant_id, run_id) references payout_runs (tenant_id, id),
        foreign key (tenant_id, account_id) references payout_accounts (tenant_id, id))`);
    this.addSql(`create index bank_payments_waiting on bank_payments (tenant_id, amount_currency, id) where status = 'WAITING'`);
    this.addSql(`create index bank_payments_payout on bank_payments (payout_id)`);
    this.addSql(`create index bank_payments_partner on bank_payments (partner_id)`);

    this.addSql(`
      create table bank_file_items (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(),
        file_id uuid not null, payment_id uuid not null, batch int not null, trace text null, voided_at timestamptz(3) null,
        foreign key (tenant_id, file_id) references bank_files (tenant_id, id) deferrable initially deferred,
        foreign key (tenant_id, payment_id) references bank_payments (tenant_id, id) deferrable initially deferred)`);
    this.addSql(`create unique index bank_file_items_one_live_file on bank_file_items (payment_id) where voided_at is null`);
    this.addSql(`create index bank_file_items_file on bank_file_items (file_id, payment_id)`);
    this.addSql(`create index bank_file_items_trace on bank_file_items (tenant_id, trace) where trace is not null`);

    this.addSql(`
      create table bank_status_imports (
        id uuid primary key, tenant_id text not null references programs (tenant_id), created_at timestamptz(3) not null default now(),
        kind text not null, sha256 text not null, line_count int not null, created_by text not null,
        constraint bank_status_imports_tenant_row unique (tenant_id, id),
        constraint bank_status_imports_once unique (tenant_id, sha256),
        constraint bank_status_imports_kind check (kind in ('PAIN_STATUS', 'CAMT_STATEMENT', 'CAMT_NOTIFICATION', 'NACHA_RETURN')))`);
    this.addSql(`
      create table bank_status_lines (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(),
        import_id uuid not null, payment_id uuid null, reference text not null, word text not null, code text null,
        amount_minor bigint null, amount_currency text null, outcome text not null, explanation text null,
        constraint bank_status_lines_outcome check (outcome in ('APPLIED', 'REPEATED', 'NOTED', 'UNKNOWN', 'DIFFERENT')),
        constraint bank_status_lines_word check (word in ('ACCEPTED', 'PAID', 'REJECTED', 'RETURNED', 'NOTED')),
        foreign key (tenant_id, import_id) references bank_status_imports (tenant_id, id) deferrable initially deferred,
        foreign key (tenant_id, payment_id) references bank_payments (tenant_id, id) deferrable initially deferred)`);
    this.addSql(`create index bank_status_lines_import on bank_status_lines (import_id, id)`);

    // What a bank said stays said; a payment and a file move along their edges only.
    for (const table of ['bank_status_imports', 'bank_status_lines']) {
      this.addSql(`create trigger append_only before update or delete on ${table} for each row execute function refuse_change()`);
      this.addSql(`create trigger append_only_whole before truncate on ${table} execute function refuse_change()`);
    }
    this.addSql(`
      create function bank_payment_may_change() returns trigger language plpgsql as $$
      begin
        if (to_jsonb(new) - array['status', 'code', 'reason', 'correction', 'difference', 'updated_at'])
          is distinct from (to_jsonb(old) - array['status', 'code', 'reason', 'correction', 'difference', 'updated_at']) then
          raise exception 'a bank payment keeps what it pays' using errcode = 'check_violation';
        end if;
        if new.status <> old.status and (old.status, new.status) not in (
          ('WAITING', 'IN_FILE'), ('WAITING', 'REJECTED'), ('IN_FILE', 'WAITING'), ('IN_FILE', 'ACCEPTED'), ('IN_FILE', 'PAID'),
          ('IN_FILE', 'REJECTED'), ('IN_FILE', 'RETURNED'), ('ACCEPTED', 'PAID'), ('ACCEPTED', 'REJECTED'), ('ACCEPTED', 'RETURNED'),
          ('PAID', 'RETURNED')) then
          raise exception 'a bank payment does not go from % to %', old.status, new.status using errcode = 'check_violation';
        end if;
        new.updated_at := now();
        return new;
      end $$`);
    this.addSql(`create trigger may_change before update on bank_payments for each row execute function bank_payment_may_change()`);
    this.addSql(`
      create function bank_file_may_change() returns trigger language plpgsql as $$
      begin
        if new.status <> old.status and (old.status, new.status) not in (('DRAFT', 'APPROVED'), ('DRAFT', 'CANCELED'), ('APPROVED', 'CANCELED'))
          or (new.format, new.sha256, new.payment_count, new.total_minor, new.total_currency, new.created_by, new.execute_on)
            is distinct from (old.format, old.sha256, old.payment_count, old.total_minor, old.total_currency, old.created_by, old.execute_on)
          or (old.approved_by is not null and new.approved_by is distinct from old.approved_by) or new.downloads < old.downloads then
          raise exception 'a bank file does not change so' using errcode = 'check_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger may_change before update on bank_files for each row execute function bank_file_may_change()`);

    this.addSql(`select protect('bank_files', 'select, insert, update')`);
    this.addSql(`select protect('bank_file_parts', 'select, insert, update')`);
    this.addSql(`select protect('bank_payments', 'select, insert, update', 'partner_id')`);
    this.addSql(`select protect('bank_file_items', 'select, insert, update')`);
    this.addSql(`select protect('bank_status_imports', 'select, insert')`);
    this.addSql(`select protect('bank_status_lines', 'select, insert')`);
    const staff = `(select coalesce(current_setting('portal.partner', true), '')) = ''`;
    for (const table of ['bank_files', 'bank_file_parts', 'bank_file_items', 'bank_status_imports', 'bank_status_lines'])
      this.addSql(`create policy of_staff on ${table} as restrictive to partner_portal_api using (${staff})`);
    this.addSql(`create policy staff_inserts on bank_payments as restrictive for insert to partner_portal_api with check (${staff})`);
    this.addSql(`create policy staff_changes on bank_payments as restrictive for update to partner_portal_api using (${staff})`);
    this.addSql(`create policy staff_deletes on bank_payments as restrictive for delete to partner_portal_api using (${staff})`);
  }
}
