import { Migration } from '@mikro-orm/migrations';

/** One chain of SHA-256 hashes a tenant. A lock for each entry would hold all of a tenant's changes up until the commit
 *  of each, so entries are linked in batches after their commits, in the order of linking. */
export class Migration20261122135010_audit_entries_are_chained extends Migration {
  override up(): void {
    this.addSql(`
      create table audit_links (
        tenant_id text not null, seq bigint not null, event_id uuid not null unique references audit_events,
        event_hash bytea not null, prev_hash bytea not null, hash bytea not null,
        linked_at timestamptz(3) not null default now(), primary key (tenant_id, seq))`);
    this.addSql(`create trigger append_only before update or delete on audit_links for each row execute function refuse_change()`);
    this.addSql(`create trigger append_only_whole before truncate on audit_links execute function refuse_change()`);
    this.addSql(`select protect('audit_links', 'select')`);
    for (const table of ['audit_links', 'audit_personal']) {
      this.addSql(`create policy of_staff on ${table} as restrictive for select to partner_portal_api
        using ((select coalesce(current_setting('portal.partner', true), '')) = '')`);
    }

    // Entries that wait for their link. Nobody but the two functions below may touch it.
    this.addSql(`create table audit_unlinked (event_id uuid primary key)`);
    this.addSql(`insert into audit_unlinked select id from audit_events`);
    this.addSql(`
      create function await_link() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
      begin
        insert into audit_unlinked select id from added;
        return null;
      end $$`);
    this.addSql(`create trigger await_link after insert on audit_events referencing new table as added
      for each statement execute function await_link()`);

    // Each column by its length and its text, as src/modules/audit/chain.ts has it, which checks what this makes.
    this.addSql(`
      create function audit_text(value text) returns text language sql immutable as $$
        select coalesce(octet_length(value) || ':' || value, '-')
      $$`);
    this.addSql(`
      create function audit_event_hash(e audit_events) returns bytea language sql stable as $$
        select sha256(convert_to(
          audit_text(e.id::text) || audit_text(e.tenant_id)
          || audit_text((extract(epoch from e.created_at) * 1000)::bigint::text)
          || audit_text(e.actor_id) || audit_text(e.actor_role) || audit_text(e.credential) || audit_text(e.request_id)
          || audit_text(e.action) || audit_text(e.subject_id::text) || audit_text(e.subjects::text)
          || audit_text(e.partner_id::text) || audit_text(e.before::text) || audit_text(e.after::text)
          || audit_text(e.reason) || audit_text(e.personal_hash), 'UTF8'))
      $$`);

    // Links what was committed since; one caller at a time, the next goes on where it ended. It runs as the owner, so that
    // no role needs the right to write a link: whoever may call it can only link entries that stand there.
    this.addSql(`
      create function link_audit_events(at_most int) returns int
      language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
      declare
        entry record;
        tenant text;
        seq bigint;
        last bytea;
        prev bytea;
        linked int := 0;
      begin
        perform pg_advisory_xact_lock(7022612);
        for entry in
          with taken as (
            delete from audit_unlinked
            where event_id in (select event_id from audit_unlinked order by event_id limit at_most) returning event_id)
          select e.id, e.tenant_id, audit_event_hash(e) as event_hash
          from taken join audit_events e on e.id = taken.event_id order by e.tenant_id, e.id
        loop
          if tenant is distinct from entry.tenant_id then
            tenant := entry.tenant_id;
            select l.seq, l.hash into seq, last from audit_links l where l.tenant_id = tenant order by l.seq desc limit 1;
            if not found then
              seq := 0;
              last := decode(repeat('00', 32), 'hex');
            end if;
          end if;
          seq := seq + 1;
          prev := last;
          last := sha256(prev || int8send(seq) || entry.event_hash);
          insert into audit_links (tenant_id, seq, event_id, event_hash, prev_hash, hash)
          values (tenant, seq, entry.id, entry.event_hash, prev, last);
          linked := linked + 1;
        end loop;
        return linked;
      end $$`);
    this.addSql(`revoke execute on function link_audit_events from public`);
    this.addSql(`grant execute on function link_audit_events to partner_portal_api`);
  }
}
