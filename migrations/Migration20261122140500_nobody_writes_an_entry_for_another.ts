import { Migration } from '@mikro-orm/migrations';

/** An audit entry is written in the name of who writes it, and what it says of persons is seen by who sees the entry. */
export class Migration20261122140500_nobody_writes_an_entry_for_another extends Migration {
  override up(): void {
    this.addSql(`create policy by_oneself on audit_events as restrictive for insert to partner_portal_api
      with check (actor_id = (select current_setting('portal.actor', true)))`);
    this.addSql(`create policy of_oneself on audit_personal as restrictive for select to partner_portal_api
      using (case when (select coalesce(current_setting('portal.partner', true), '')) = '' then true
        else exists (select from audit_events e where e.id = event_id) end)`);
  }
}
