import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';

/** Questions what past months had cost under other terms, with their answers for some days. They tell of every partner, so
 *  no partner's session sees one. */
export class Migration20261125232000_what_if_runs extends Migration {
  override up(): void {
    this.addSql(`
      create table plan_simulations (
        id uuid primary key, tenant_id text not null references programs (tenant_id), created_at timestamptz(3) not null default now(),
        requested_by text not null, first_day date not null, last_day date not null, changes jsonb not null,
        status text not null default 'WAITING' check (status in ('WAITING', 'RUNNING', 'DONE', 'CANCELED')),
        sales_total int not null default 0, sales_done int not null default 0, result jsonb null,
        finished_at timestamptz(3) null, expires_at timestamptz(3) not null,
        constraint plan_simulations_months check (first_day <= last_day),
        constraint plan_simulations_answered check ((status = 'DONE') = (result is not null)))`);
    this.addSql(`create index plan_simulations_tenant on plan_simulations (tenant_id, id)`);
    this.addSql(`create index plan_simulations_expired on plan_simulations (expires_at)`);
    this.addSql(`select protect('plan_simulations', 'select, insert, update, delete')`);
    this.addSql(`create policy of_staff on plan_simulations as restrictive to partner_portal_api
      using (coalesce(current_setting('portal.partner', true), '') = '')`);

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
          when 'export_person' then 'exportId' when 'forget_clicks' then 'erasureId' when 'simulate_plan' then 'simulationId'
          when 'recalculate_metrics' then 'tenantId' when 'evaluate_tiers' then 'tenantId' end;
      begin
        if own_tenant <> '*' and not (key = job || ':' || about and case job${[
          ofRow('send_payout', 'payouts', 'r.partner_id::text'),
          ofRow('check_logo', 'partners', 'r.id::text'),
          ofRow('send_invitation', 'invitations', 'r.partner_id::text'),
          ofRow('export_person', 'person_exports', `''`),
          ofRow('forget_clicks', 'erasures', `''`),
          ofRow('simulate_plan', 'plan_simulations', `''`),
        ].join('')}
            when 'recalculate_metrics' then about = own_tenant and own_partner = ''
            when 'evaluate_tiers' then about = own_tenant and own_partner = ''
            else false end) is true then
          raise exception 'the session may not start this job' using errcode = 'insufficient_privilege';
        end if;
        perform graphile_worker.add_job(job, payload,
          run_at := now() + delay_seconds * interval '1 second', job_key := key, max_attempts := 25);
      end $$`);
  }
}
