import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';

/** What the API's role may do to each table, and to which rows. What keeps the tables true (figures, guards) works as the
 *  owner, so that no policy hides a row from it and the API needs no right for it. */
export class Migration20261122130500_the_api_sees_its_scope extends Migration {
  override up(): void {
    this.addSql(`alter table programs add constraint programs_named check (tenant_id not in ('', '*'))`); // what the policies take for none and for all

    const tables: Record<string, [rights: string, partner?: string]> = {
      programs: ['select, insert, update'],
      partner_tier_configs: ['select, insert, update'],
      partners: ['select, insert, update', 'id'],
      partner_history: ['select, insert', 'partner_id'],
      reseller_configs: ['select, insert, update', 'partner_id'],
      affiliate_configs: ['select, insert, update', 'partner_id'],
      white_label_configs: ['select, insert, update', 'partner_id'],
      partner_metrics: ['select', 'partner_id'],
      partner_metrics_daily: ['select', 'partner_id'],
      customers: ['select, insert, update'],
      referrals: ['select, insert, update', 'partner_id'],
      conversions: ['select, insert', 'partner_id'],
      commissions: ['select, insert, update', 'partner_id'],
      payouts: ['select, insert, update', 'partner_id'],
      payout_items: ['select, insert, update'],
      payout_attempts: ['select, insert, update'],
      payout_runs: ['select, insert, update'],
      postings: ['select, insert', 'partner_id'],
      audit_events: ['select, insert'],
      idempotency_keys: ['select, insert, update'],
    };
    for (const [table, [rights, partner]] of Object.entries(tables)) {
      this.addSql(`select protect('${table}', '${rights}'${partner ? `, '${partner}'` : ''})`);
    }

    // What a partner sees of tables that say nothing, or not all, of partners themselves.
    const own = `(select nullif(current_setting('portal.partner', true), '')::uuid)`;
    const asOwner = (signature: string, type: string, statement: string) => {
      this.addSql(`create function ${signature} returns ${type} language plpgsql ${AS_OWNER} as $$ begin ${statement}; end $$`);
      this.addSql(`revoke execute on function ${signature} from public`);
      this.addSql(`grant execute on function ${signature} to partner_portal_api`);
    };
    this.addSql(`create index conversions_customer on conversions (customer_id)`);
    asOwner('is_own_payout(payout uuid)', 'boolean', `return exists (select from payouts where id = payout and partner_id = ${own})`);
    asOwner('is_own_customer(customer uuid)', 'boolean', `return exists (select from commissions where customer_id = customer and partner_id = ${own})
      or exists (select from conversions where customer_id = customer and partner_id = ${own})`);
    const also = (table: string, policy: string, condition: string, command = 'all') =>
      this.addSql(`create policy ${policy} on ${table} as restrictive for ${command} to partner_portal_api
        using (case when (select coalesce(current_setting('portal.partner', true), '')) = '' then true else ${condition} end)`);
    also('payout_items', 'of_own_payouts', 'is_own_payout(payout_id)');
    also('payout_attempts', 'of_staff', 'false');
    also('payout_runs', 'of_staff', 'false');
    also('customers', 'of_own_business', `partner_id = ${own} or is_own_customer(id)`);
    also('audit_events', 'of_oneself', `actor_id = (select current_setting('portal.actor', true))`, 'select');
    this.addSql(`create policy of_oneself on idempotency_keys as restrictive to partner_portal_api
      using (actor_id = (select current_setting('portal.actor', true)))`);

    // What keeps the tables true works as the owner: no policy hides a row from it, and the API needs no right of its own.
    for (const name of [
      'count_new_referrals', 'count_new_conversions', 'count_new_customers', 'count_new_commissions',
      'count_changed_customers', 'count_changed_commissions', 'count_changed_payouts',
      'commission_may_change', 'item_may_change', 'claims_must_fit', 'payout_has_lines', 'refund_fits',
    ]) {
      this.addSql(`alter function ${name}() ${AS_OWNER}`);
    }
    asOwner('recalculate_visible_metrics(targets uuid[])', 'void', `perform recalculate_partner_metrics(array(
      select id from partners where id = any(targets) and current_setting('portal.tenant', true) in (tenant_id, '*')
        and (coalesce(current_setting('portal.partner', true), '') = '' or id = ${own})))`);
    // Codes are unique over all tenants, so the answer may not depend on whose partner has it.
    asOwner('is_taken(code text)', 'boolean', `return exists (select from partners where referral_code = code)`);
    // The job runner's tables are its own; there is no other way to them.
    asOwner('enqueue_job(job text, payload json, key text, delay_seconds float8)', 'void', `perform graphile_worker.add_job(job, payload,
      run_at := now() + delay_seconds * interval '1 second', job_key := key, max_attempts := 25)`);
    asOwner('job_waits(job_key text)', 'boolean', `return exists (select from graphile_worker.jobs j where j.key = job_key and j.locked_at is null)`);
  }
}
