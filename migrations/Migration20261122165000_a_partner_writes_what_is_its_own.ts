import { Migration } from '@mikro-orm/migrations';

/** What a partner's session may write at all: its contact data, its people, keys, accounts and exports, and the records
 *  of doing so. Money, terms and the program's settings are written by staff and by jobs, whatever a statement says. */
const OWN = [
  'partners', 'members', 'invitations', 'api_keys', 'payout_accounts', 'tax_ids', 'data_keys', 'audit_events', 'audit_personal',
  'idempotency_keys', 'rule_usage', // a preview counts, and takes it back
];

export class Migration20261122165000_a_partner_writes_what_is_its_own extends Migration {
  override up(): void {
    this.addSql(`
      do $body$ declare target regclass;
      begin
        for target in
          select p.polrelid from pg_policy p join pg_class c on c.oid = p.polrelid
          where p.polname = 'of_the_scope' and c.relname <> all (array['${OWN.join("', '")}']) loop
          execute format($$create policy staff_inserts on %s as restrictive for insert to partner_portal_api
            with check (coalesce(current_setting('portal.partner', true), '') = '')$$, target);
          execute format($$create policy staff_changes on %s as restrictive for update to partner_portal_api
            using (coalesce(current_setting('portal.partner', true), '') = '')$$, target);
          execute format($$create policy staff_deletes on %s as restrictive for delete to partner_portal_api
            using (coalesce(current_setting('portal.partner', true), '') = '')$$, target);
        end loop;
      end $body$`);
    this.addSql(`
      create function partner_keeps_its_terms() returns trigger language plpgsql as $$
      begin
        if coalesce(current_setting('portal.partner', true), '') <> '' and
          (to_jsonb(new) - array['contact_name', 'email', 'updated_at']) is distinct from (to_jsonb(old) - array['contact_name', 'email', 'updated_at']) then
          raise exception 'a partner changes its contact data only' using errcode = 'insufficient_privilege';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger keeps_its_terms before update on partners for each row execute function partner_keeps_its_terms()`);
  }
}
