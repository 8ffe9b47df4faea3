import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';

/** Signed messages of the rails, each stored once, and what a comparison of their books with ours found. A row without a tenant
 *  is about nothing of ours: only who sees every tenant sees it. */
export class Migration20261125235510_what_rails_tell_us extends Migration {
  override up(): void {
    this.addSql(`
      create table rail_events (
        id uuid primary key, tenant_id text references programs (tenant_id), created_at timestamptz(3) not null default now(),
        rail text not null, event_id text not null, type text not null, key text, reference text, payout_id uuid references payouts (id),
        state text not null default 'RECEIVED', note text, tries int not null default 0, handled_at timestamptz(3),
        constraint rail_events_state check (state in ('RECEIVED', 'APPLIED', 'IGNORED', 'PARKED')),
        constraint rail_events_handled check ((state = 'RECEIVED') = (handled_at is null)))`);
    this.addSql(`create unique index rail_events_once on rail_events (rail, event_id)`);
    this.addSql(`create index rail_events_tenant on rail_events (tenant_id, id)`);
    this.addSql(`create index rail_events_payout on rail_events (payout_id)`);
    this.addSql(`create index rail_events_waiting on rail_events (created_at) where state = 'RECEIVED'`);
    this.addSql(`
      create table reconciliations (
        id uuid primary key, tenant_id text not null references programs (tenant_id), created_at timestamptz(3) not null default now(),
        method text not null, rail text not null, from_at timestamptz(3) not null, to_at timestamptz(3) not null,
        state text not null default 'RUNNING', recent boolean not null default false, started_by text not null, run uuid,
        checked int not null default 0, matched int not null default 0, touched_at timestamptz(3) not null default now(),
        finished_at timestamptz(3),
        constraint reconciliations_method check (method in ('BANK_TRANSFER', 'PAYPAL', 'STRIPE', 'RAZORPAY')),
        constraint reconciliations_state check (state in ('RUNNING', 'DONE')),
        constraint reconciliations_period check (from_at < to_at))`);
    this.addSql(`create index reconciliations_tenant on reconciliations (tenant_id, id)`);
    this.addSql(`create unique index reconciliations_one_recent on reconciliations (tenant_id, method) where recent`);
    this.addSql(`
      create table reconciliation_differences (
        id uuid primary key, tenant_id text references programs (tenant_id), created_at timestamptz(3) not null default now(),
        reconciliation_id uuid not null references reconciliations (id), kind text not null, payout_id uuid references payouts (id),
        reference text, our_status text, our_minor bigint, our_currency text, their_status text, their_minor bigint, their_currency text,
        constraint reconciliation_differences_kind check (kind in ('MISSING_HERE', 'MISSING_THERE', 'DIFFERENT_AMOUNT', 'DIFFERENT_STATUS')))`);
    this.addSql(`create index reconciliation_differences_of on reconciliation_differences (reconciliation_id, id)`);
    this.addSql(`create index reconciliation_differences_tenant on reconciliation_differences (tenant_id)`);
    this.addSql(`create index reconciliation_differences_payout on reconciliation_differences (payout_id)`);
    this.addSql(`create index payout_attempts_made on payout_attempts (tenant_id, created_at)`);
    const staff = `(select coalesce(current_setting('portal.partner', true), '')) = ''`;
    for (const [table, rights] of [
      ['rail_events', 'select, insert, update'],
      ['reconciliations', 'select, insert, update'],
      ['reconciliation_differences', 'select, insert, delete'],
    ] as const) {
      this.addSql(`select protect('${table}', '${rights}')`);
      this.addSql(`create policy of_staff on ${table} as restrictive to partner_portal_api using (${staff}) with check (${staff})`);
    }

    const ofRow = (job: string, table: string, partner: string) => `
            when '${job}' then exists (select from ${table} r where r.id = about::uuid and r.tenant_id = own_tenant and own_partner in ('', ${partner}))`;
    this.addSql(`
      create or replace function enqueue_job(job text, payload json, key text, delay_seconds float8) returns void
      language plpgsql ${AS_OWNER} as $$
      declare
        own_tenant text := coalesce(current_setting('portal.tenant', true), '');
        own_partner text := coalesce(current_setting('portal.partner', true), '');
        about text := payload->>case job
          when 'send_payout' then 'payoutId' when 'check_logo' then 'partnerId' when 'send_invitation' then 'invitationId'
          when 'export_person' then 'exportId' when 'forget_clicks' then 'erasureId'
          when 'recalculate_metrics' then 'tenantId' when 'evaluate_tiers' then 'tenantId' when 'reconcile' then 'reconciliationId' end;
      begin
        if own_tenant <> '*' and not (key = job || ':' || about and case job${[
          ofRow('send_payout', 'payouts', 'r.partner_id::text'),
          ofRow('check_logo', 'partners', 'r.id::text'),
          ofRow('send_invitation', 'invitations', 'r.partner_id::text'),
          ofRow('export_person', 'person_exports', `''`),
          ofRow('forget_clicks', 'erasures', `''`),
          ofRow('reconcile', 'reconciliations', `''`),
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
