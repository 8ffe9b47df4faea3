import { Migration } from '@mikro-orm/migrations';

/** Finds the clicks that still say something of a visitor by their age. One that was forgotten has its own id in the
 *  visitor's place and leaves the index; it still counts, because the metrics add up the rows. */
export class Migration20261122140100_visitors_are_forgotten extends Migration {
  override up(): void {
    this.addSql(`create index referrals_of_visitors on referrals (clicked_at) where visitor_id <> id`);

    // The API may not delete these rows, but for a bounded number of the oldest.
    this.addSql(`
      create function forget_idempotency_keys(older_than timestamptz, at_most int) returns bigint
      language sql security definer set search_path = pg_catalog, public, pg_temp as $$
        with gone as (
          delete from idempotency_keys where ctid = any(array(
            select ctid from idempotency_keys where created_at < older_than limit at_most))
          returning 1)
        select count(*) from gone
      $$`);
    this.addSql(`revoke execute on function forget_idempotency_keys from public`);
    this.addSql(`grant execute on function forget_idempotency_keys to partner_portal_api`);
  }
}
