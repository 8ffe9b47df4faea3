import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';

/** What a rail does not tell of one payout is a difference of its own. And a job that was given up waits for nothing: whatever
 *  it was to do is begun anew. */
export class Migration20261126012004_a_comparison_goes_on extends Migration {
  override up(): void {
    this.addSql(`
      alter table reconciliation_differences drop constraint reconciliation_differences_kind,
        add constraint reconciliation_differences_kind
        check (kind in ('MISSING_HERE', 'MISSING_THERE', 'DIFFERENT_AMOUNT', 'DIFFERENT_STATUS', 'UNTOLD'))`);
    this.addSql(`
      create or replace function job_waits(job_key text) returns boolean language plpgsql ${AS_OWNER} as $$
      begin
        return exists (select from graphile_worker.jobs j where j.key = job_key and j.locked_at is null and j.attempts < j.max_attempts);
      end $$`);
  }
}
