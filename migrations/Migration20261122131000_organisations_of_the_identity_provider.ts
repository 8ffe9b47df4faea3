import { Migration } from '@mikro-orm/migrations';

export class Migration20261122131000_organisations_of_the_identity_provider extends Migration {
  override up(): void {
    for (const table of ['programs', 'partners']) {
      this.addSql(`alter table ${table} add column identity_org_id text
        constraint ${table}_identity_org_id_shape check (identity_org_id ~ '^[!-~]{1,200}$')`);
      // Partial, so that it is no key: a change of it must not wait for whoever refers to the row.
      this.addSql(`create unique index ${table}_identity_org_id on ${table} (identity_org_id)
        where identity_org_id is not null`);
    }

    // Whose an organisation is decides which rows the caller may see, so it is asked before any of them can be seen.
    this.addSql(`
      create function organisation(org text) returns table (staff_of text, partner_of text, partner_id uuid)
      language sql stable security definer set search_path = public, pg_temp as $$
        select g.tenant_id, p.tenant_id, p.id from (values (org)) o (id)
        left join programs g on g.identity_org_id = o.id
        left join partners p on p.identity_org_id = o.id and p.deleted_at is null
      $$`);
    this.addSql(`revoke execute on function organisation(text) from public`);
    this.addSql(`grant execute on function organisation(text) to partner_portal_api`);

    // Of tokens only a fingerprint is kept, and it names nobody: the table has no tenant.
    this.addSql(`
      create table signed_out_tokens (
        fingerprint text not null constraint signed_out_tokens_pkey primary key
          constraint signed_out_tokens_fingerprint_shape check (fingerprint ~ '^[A-Za-z0-9_-]{43}$'),
        signed_out_at timestamptz(3) not null default now())`);
    this.addSql(`create index signed_out_tokens_signed_out_at on signed_out_tokens (signed_out_at)`);
    this.addSql(`grant select, insert, delete on signed_out_tokens to partner_portal_api`);
  }
}
