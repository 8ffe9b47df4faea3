import { Migration } from '@mikro-orm/migrations';

/** Where a partner's money goes, and its tax id, are encrypted by data keys of its own, which only the key service can
 *  unwrap. A column of the type `envelope` takes nothing that is readable; the key rotation finds its columns by that type. */
export class Migration20261122134001_encrypted_fields extends Migration {
  override up(): void {
    this.addSql(`
      create domain envelope as text constraint envelope_is_sealed
      check (value ~ '^v1\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.[A-Za-z0-9_-]{38,}$')`);

    this.addSql(`
      create table data_keys (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(),
        partner_id uuid null, purpose text not null, wrapped text null, kek_id text not null,
        replaced_at timestamptz(3) null, shredded_at timestamptz(3) null,
        constraint data_keys_purpose check (purpose in ('FIELDS', 'INDEX')),
        constraint data_keys_shredded_is_gone check ((wrapped is null) = (shredded_at is not null)),
        constraint data_keys_tenant_id unique (tenant_id, id),
        foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred)`);
    this.addSql(`
      create unique index data_keys_one_in_use on data_keys (tenant_id, partner_id, purpose) nulls not distinct
      where replaced_at is null and shredded_at is null`);
    this.addSql('create index data_keys_partner on data_keys (partner_id)');

    // The key that an envelope names exists for as long as the envelope does: the database sees to it.
    this.addSql(`
      create table payout_accounts (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(),
        partner_id uuid not null, method text not null, country text not null, currency text not null,
        holder_name envelope not null, details envelope not null, last_four text not null, fingerprint text not null,
        verified_at timestamptz(3) null, usable_from timestamptz(3) not null, removed_at timestamptz(3) null,
        data_key_id uuid generated always as (split_part(details, '.', 2)::uuid) stored,
        constraint payout_accounts_method check (method in ('BANK_TRANSFER', 'PAYPAL', 'STRIPE', 'RAZORPAY')),
        constraint payout_accounts_one_key check (split_part(holder_name, '.', 2) = split_part(details, '.', 2)),
        constraint payout_accounts_last_four check (char_length(last_four) between 1 and 4),
        constraint payout_accounts_fingerprint check (fingerprint ~ '^[0-9a-f]{32}$'),
        foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        foreign key (tenant_id, data_key_id) references data_keys (tenant_id, id))`);
    this.addSql(`
      create unique index payout_accounts_one_in_use on payout_accounts (partner_id, method, currency)
      where removed_at is null`);
    this.addSql('create index payout_accounts_fingerprint on payout_accounts (tenant_id, fingerprint)');
    this.addSql('create index payout_accounts_data_key on payout_accounts (data_key_id)');

    this.addSql(`
      create table tax_ids (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(),
        partner_id uuid not null, country text not null, number envelope not null, last_four text not null,
        changed_at timestamptz(3) not null,
        data_key_id uuid generated always as (split_part(number, '.', 2)::uuid) stored,
        constraint tax_ids_partner unique (partner_id),
        constraint tax_ids_last_four check (char_length(last_four) between 1 and 4),
        foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        foreign key (tenant_id, data_key_id) references data_keys (tenant_id, id))`);
    this.addSql('create index tax_ids_data_key on tax_ids (data_key_id)');

    // A partner's people use the tenant's index key too, so data keys are bound to the tenant only; wrapped, they are
    // of no use to anybody.
    this.addSql(`select protect('data_keys', 'select, insert, update, delete')`);
    this.addSql(`select protect('payout_accounts', 'select, insert, update', 'partner_id')`);
    this.addSql(`select protect('tax_ids', 'select, insert, update', 'partner_id')`);
  }
}
