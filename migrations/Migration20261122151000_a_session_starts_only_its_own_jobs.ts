import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';

/** What works as the owner holds its caller's bounds: a session of one tenant starts jobs about its own rows alone, under
 *  their own names, so that it replaces no waiting job of another; and only one of every tenant ends what all have. */
export class Migration20261122151000_a_session_starts_only_its_own_jobs extends Migration {
  override up(): void {
    const bounds = `
      own_tenant text := coalesce(current_setting('portal.tenant', true), '');
      own_partner text := coalesce(current_setting('portal.partner', true), '')`;
    const ofRow = (job: string, table: string, partner: string) => `
            when '${job}' then exists (select from ${table} r where r.id = about::uuid and r.tenant_id = own_tenant and own_partner in ('', ${partner}))`;
    this.addSql(`
      create or replace function enqueue_job(job text, payload json, key text, delay_seconds float8) returns void
      language plpgsql ${AS_OWNER} as $$
      declare ${bounds};
        about text := payload->>case job
          when 'send_payout' then 'payoutId' when 'check_logo' then 'partnerId' when 'send_invitation' then 'invitationId'
          when 'export_person' then 'exportId' when 'forget_clicks' then 'erasureId'
          when 'recalculate_metrics' then 'tenantId' when 'evaluate_tiers' then 'tenantId' end;
      begin
        if own_tenant <> '*' and not (key = job || ':' || about and case job${[
          ofRow('send_payout', 'payouts', 'r.partner_id::text'),
          ofRow('check_logo', 'partners', 'r.id::text'),
          ofRow('send_invitation', 'invitations', 'r.partner_id::text'),
          ofRow('export_person', 'person_exports', `''`),
          ofRow('forget_clicks', 'erasures', `''`),
        ].join('')}
            when 'recalculate_metrics' then about = own_tenant and own_partner = ''
            when 'evaluate_tiers' then about = own_tenant and own_partner = ''
            else false end) is true then
          raise exception 'the session may not start this job' using errcode = 'insufficient_privilege';
        end if;
        perform graphile_worker.add_job(job, payload,
          run_at := now() + delay_seconds * interval '1 second', job_key := key, max_attempts := 25);
      end $$`);

    this.addSql(`
      create or replace function forget_idempotency_keys(older_than timestamptz, at_most int) returns bigint
      language plpgsql ${AS_OWNER} as $$
      declare ${bounds};
        forgotten bigint;
      begin
        if own_tenant <> '*' or own_partner <> '' then
          raise exception 'the session may not forget the keys of all' using errcode = 'insufficient_privilege';
        end if;
        delete from idempotency_keys where ctid = any(array(
          select ctid from idempotency_keys where created_at < older_than limit at_most));
        get diagnostics forgotten = row_count;
        return forgotten;
      end $$`);
  }
}
