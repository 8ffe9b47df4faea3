import { Migration } from '@mikro-orm/migrations';

/** Exports wait for a day, sealed to a key that only who asked can make. Erasures are remembered by ids alone, so that
 *  they can be done again on a backup. */
export class Migration20261122140200_a_person_is_exported_and_erased extends Migration {
  override up(): void {
    this.addSql(`
      create table person_exports (
        id uuid primary key, tenant_id text not null references programs (tenant_id),
        created_at timestamptz(3) not null default now(), requested_by text not null, persons jsonb not null,
        public_key text not null, content text null, ready_at timestamptz(3) null, taken_at timestamptz(3) null,
        expires_at timestamptz(3) not null,
        constraint person_exports_taken_once check (taken_at is null or content is null))`);
    this.addSql(`create index person_exports_expires_at on person_exports (expires_at)`);
    this.addSql(`select protect('person_exports', 'select, insert, update, delete')`);

    this.addSql(`
      create table erasures (
        id uuid primary key, tenant_id text not null references programs (tenant_id),
        created_at timestamptz(3) not null default now(),
        kind text not null constraint erasures_kind check (kind in ('PARTNER', 'MEMBER', 'CUSTOMER')),
        person_id uuid not null, erased_at timestamptz(3) not null, erased_by text not null, reason text not null,
        kept jsonb not null)`);
    this.addSql(`create index erasures_tenant on erasures (tenant_id, id)`);
    this.addSql(`create trigger append_only before update or delete on erasures for each row execute function refuse_change()`);
    this.addSql(`create trigger append_only_whole before truncate on erasures execute function refuse_change()`);
    this.addSql(`select protect('erasures', 'select, insert')`);


    // As erase_audit_personal, of whoever is no partner: what the entries about these rows say of a person.
    this.addSql(`
      create function erase_audit_personal_about(tenant text, rows uuid[]) returns bigint
      language sql security definer set search_path = pg_catalog, public, pg_temp as $$
        with erased as (
          delete from audit_personal p using audit_events e
          where e.id = p.event_id and e.tenant_id = tenant and (e.subject_id = any(rows) or e.subjects && rows)
          returning 1)
        select count(*) from erased
      $$`);
    this.addSql(`revoke execute on function erase_audit_personal_about from public`);
    this.addSql(`grant execute on function erase_audit_personal_about to partner_portal_api`);
  }
}
