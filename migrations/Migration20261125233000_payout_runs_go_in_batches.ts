import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';

/** A run pays some hundred partners a commit and remembers how far it came; whom it left out is rows of their own. */
export class Migration20261125233000_payout_runs_go_in_batches extends Migration {
  override up(): void {
    this.addSql(`alter table payout_runs
      add column status text not null default 'DONE' constraint payout_runs_status check (status in ('RUNNING', 'PAUSED', 'DONE', 'CANCELED')),
      add column partner_count int not null default 0, add column partners_done int not null default 0, add column skipped_count int not null default 0,
      add column cursor_id uuid null, add column period_end date null, add column finished_at timestamptz(3) null,
      add column updated_at timestamptz(3) not null default now(),
      add constraint payout_runs_scheduled check (period_end is null or frequency is not null)`);
    this.addSql(`alter table payout_runs alter column payout_count set default 0, alter column skipped set default '[]'`);
    this.addSql(`alter table payout_runs alter column status set default 'RUNNING'`);
    this.addSql(`create trigger touch before update on payout_runs for each row execute function touch()`);
    // The scheduler's: however many workers, and whatever a clock says, a period is run once by itself.
    this.addSql(`create unique index payout_runs_one_each_period on payout_runs (tenant_id, frequency, period_end) where period_end is not null`);
    this.addSql(`create index payout_runs_running on payout_runs (updated_at) where status = 'RUNNING'`);
    this.addSql(`
      create table payout_run_skips (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(), run_id uuid not null, partner_id uuid not null,
        reason text not null, line_count int not null default 0, amount_minor bigint null, amount_currency text null,
        constraint payout_run_skips_run_id foreign key (tenant_id, run_id) references payout_runs (tenant_id, id) deferrable initially deferred,
        constraint payout_run_skips_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred)`);
    this.addSql(`create index payout_run_skips_run on payout_run_skips (run_id, id)`);
    this.addSql(`create index payout_run_skips_partner on payout_run_skips (partner_id)`);
    this.addSql(`
      insert into payout_run_skips (id, tenant_id, created_at, run_id, partner_id, reason)
      select new_id(), r.tenant_id, r.created_at, r.id, (s->>'partnerId')::uuid, s->>'reason'
      from payout_runs r cross join lateral jsonb_array_elements(r.skipped) s
      where exists (select from partners p where p.tenant_id = r.tenant_id and p.id::text = s->>'partnerId')`);
    this.addSql(`update payout_runs r set skipped_count = (select count(*) from payout_run_skips s where s.run_id = r.id), skipped = '[]', finished_at = created_at`);
    this.addSql(`set constraints all immediate`); // rows that wait for their references let no table be altered

    // A hold on whatever goes to a partner; its lines go on being earned and approved.
    this.addSql(`
      create table payout_holds (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(), partner_id uuid not null,
        reason text not null, held_by text not null, held_at timestamptz(3) not null,
        released_by text null, released_at timestamptz(3) null, release_reason text null,
        constraint payout_holds_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint payout_holds_released check ((released_by is null) = (released_at is null) and (released_by is null) = (release_reason is null)))`);
    this.addSql(`create unique index payout_holds_one_open on payout_holds (partner_id) where released_at is null`);
    this.addSql(`create index payout_holds_partner on payout_holds (partner_id)`);
    this.addSql(`select protect('payout_run_skips', 'select, insert', 'partner_id')`);
    this.addSql(`select protect('payout_holds', 'select, insert, update', 'partner_id')`);
    for (const table of ['payout_run_skips', 'payout_holds']) {
      const staff = `(coalesce(current_setting('portal.partner', true), '') = '')`;
      this.addSql(`create policy staff_inserts on ${table} as restrictive for insert to partner_portal_api with check ${staff}`);
      this.addSql(`create policy staff_changes on ${table} as restrictive for update to partner_portal_api using ${staff}`);
      this.addSql(`create policy staff_deletes on ${table} as restrictive for delete to partner_portal_api using ${staff}`);
    }

    this.addSql(`alter table programs add column payout_minimums jsonb not null default '{}'
        constraint programs_payout_minimums check (jsonb_typeof(payout_minimums) = 'object'),
      add column auto_payouts boolean not null default false`);
    this.addSql(`alter table payouts add column payout_account_id uuid null`);
    this.addSql(`alter table payout_accounts add constraint payout_accounts_of_partner unique (tenant_id, partner_id, id)`);
    this.addSql(`alter table payouts add constraint payouts_account foreign key (tenant_id, partner_id, payout_account_id)
      references payout_accounts (tenant_id, partner_id, id) deferrable initially deferred`);
    this.addSql(`create index payouts_account on payouts (payout_account_id) where payout_account_id is not null`);

    // What a rail can not carry stays on the balance: a line that takes it from the payout, and one that keeps it owed.
    this.addSql(`alter table commissions add column carried_by uuid null`);
    this.addSql(`alter table commissions add constraint commissions_carried check (carried_by is null or (type = 'ADJUSTMENT' and base_minor = 0)),
      add constraint commissions_carried_by foreign key (tenant_id, carried_by) references payouts (tenant_id, id) deferrable initially deferred`);
    this.addSql(`create index commissions_carried on commissions (carried_by) where carried_by is not null`);
    this.addSql(`drop index commissions_reinstated_once`);
    this.addSql(`create unique index commissions_reinstated_once on commissions (adjusts_id) where type = 'ADJUSTMENT' and carried_by is null`);

    this.addSql(`drop function claimable_lines(uuid, text, timestamptz, timestamptz)`);
    // A refund goes with its line: with it when the line is claimed now, after it when the line was claimed before.
    this.addSql(`
      create function claimable_lines(partner uuid, only_currency text, starts timestamptz, ends timestamptz)
      returns setof commissions language sql stable as $$
        select c.* from commissions c left join commissions l on l.id = c.reverses_id
        where c.partner_id = partner and c.status = 'APPROVED' and (only_currency is null or c.amount_currency = only_currency)
          and not exists (select from payout_items i where i.commission_id = c.id and i.voided_at is null)
          and (
            (c.reverses_id is null and c.occurred_at >= starts and c.occurred_at < ends
              and not exists (select from commission_holds h where h.commission_id = c.id and h.released_at is null))
            or (c.reverses_id is not null and (
              exists (select from payout_items i where i.commission_id = l.id and i.voided_at is null)
              or (l.status = 'APPROVED' and l.occurred_at >= starts and l.occurred_at < ends
                and not exists (select from commission_holds h where h.commission_id = l.id and h.released_at is null)))))
      $$`);

    // The one place that says who is paid and why somebody is not, for a payout by hand, a run and its preview. Of a run the
    // period of each partner is the last whole one of its frequency before \`as_of\`, and what was carried on before it; by
    // hand it is from \`starts\` to the day before \`ends\`. \`rails\`: method -> {account: must there be one, <currency>: [step,
    // minimum, maximum]}. Nested loops, because a batch is small and what is known of a growing table's size is not.
    this.addSql(`
      create function payout_balances(tenant text, targets uuid[], as_of timestamptz, at timestamptz, rails jsonb,
        starts date, ends date, only_currency text, by_method text)
      returns table (partner_id uuid, method text, currency text, lines int, total bigint, amount bigint, line_ids uuid[], last_at timestamptz,
        period_start date, period_end date, account_id uuid, tier text, reason text)
      language sql stable set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
        with due as materialized (
          select p.id, p.status, p.tier, p.payout_frequency, coalesce(by_method, p.payout_method) as method, g.time_zone, g.currency as program_currency,
            g.minimum_payout_minor, g.payout_minimums, exists (select from payout_holds h where h.partner_id = p.id and h.released_at is null) as held,
            coalesce(payout_balances.ends, payout_period_end(p.payout_frequency, (as_of at time zone g.time_zone)::date)) as ends
          from unnest(targets) t (id) join partners p on p.id = t.id join programs g on g.tenant_id = p.tenant_id
          where p.tenant_id = tenant),
        owed as materialized (
          select d.id, l.amount_currency as currency, count(*)::int as lines, sum(l.amount_minor)::bigint as total, array_agg(l.id) as line_ids,
            min(l.occurred_at) as first_at, max(l.occurred_at) as last_at
          from due d cross join lateral claimable_lines(d.id, only_currency,
            coalesce(starts::timestamp at time zone d.time_zone, '-infinity'), d.ends::timestamp at time zone d.time_zone) l
          group by d.id, l.amount_currency),
        judged as (
          select d.*, o.currency, coalesce(o.lines, 0) as lines, o.total, o.line_ids, o.first_at, o.last_at, rails->d.method->o.currency as carriage,
            o.total - o.total % coalesce((rails->d.method->o.currency->>0)::bigint, 1) as amount, a.id as account_id, a.usable_from,
            case when o.currency = d.program_currency then d.minimum_payout_minor else coalesce((d.payout_minimums->>o.currency)::bigint, 0) end as minimum
          from due d left join owed o on o.id = d.id
          left join payout_accounts a on a.partner_id = d.id and a.method = d.method and a.currency = o.currency and a.removed_at is null)
        select id, method, currency, lines, total, amount, line_ids, last_at,
          coalesce(starts, least(payout_period_start(payout_frequency, ends), (first_at at time zone time_zone)::date)), ends - 1, account_id, tier,
          case
            when status <> 'ACTIVE' then 'NOT_ACTIVE'
            when held then 'PAYOUTS_HELD'
            when lines = 0 then 'NOTHING_TO_PAY'
            when method is null then 'NO_PAYOUT_METHOD'
            when rails->method is null then 'NO_RAIL'
            when total <= 0 then 'NOT_POSITIVE'
            when total < minimum then 'BELOW_MINIMUM'
            when carriage is null then 'CURRENCY_NOT_CARRIED'
            when amount <= 0 or amount < (carriage->>1)::bigint then 'BELOW_RAIL_MINIMUM'
            when amount > (carriage->>2)::bigint then 'ABOVE_RAIL_MAXIMUM'
            when usable_from > at then 'ACCOUNT_COOLING_OFF'
            when account_id is null and (rails->method->>'account')::boolean then 'NO_ACCOUNT'
          end
        from judged
      $$`);

    // What is claimed exists, by one look at all of it instead of two for each row: neither lines nor payouts are ever deleted.
    this.addSql(`alter table payout_items drop constraint payout_items_payout_id, drop constraint payout_items_commission_id`);
    this.addSql(`
      create or replace function claims_must_fit() returns trigger language plpgsql ${AS_OWNER} set enable_hashjoin = off set enable_mergejoin = off as $$
      declare known boolean; fit boolean; whole boolean;
      begin
        select bool_and(l.known), bool_and(l.fit), bool_and(l.total = l.amount_minor and l.lines = l.commission_count
          and l.lines = (select count(*) from payout_items x where x.payout_id = l.payout_id))
        into known, fit, whole
        from (
          select i.payout_id, p.amount_minor, p.commission_count, sum(c.amount_minor) as total, count(*) as lines,
            bool_and((c.tenant_id = i.tenant_id and p.tenant_id = i.tenant_id) is true) as known,
            bool_and((c.partner_id = p.partner_id and c.amount_currency = p.amount_currency and c.status = 'APPROVED' and p.status = 'PENDING') is true) as fit
          from claimed i left join commissions c on c.id = i.commission_id left join payouts p on p.id = i.payout_id
          group by i.payout_id, p.amount_minor, p.commission_count) l;
        if known is false then
          raise exception 'a claim names a line and a payout of its tenant' using errcode = 'foreign_key_violation', constraint = 'payout_items_of_tenant';
        end if;
        if fit is false then
          raise exception 'a payout claims approved lines of its own partner and currency' using errcode = 'integrity_constraint_violation';
        end if;
        if whole is false then
          raise exception 'a payout is the sum of its lines' using errcode = 'integrity_constraint_violation';
        end if;
        return null;
      end $$`);

    this.addSql(`alter function claims_nothing_held() set enable_hashjoin = off`);
    this.addSql(`alter function claims_nothing_held() set enable_mergejoin = off`);

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
          when 'export_person' then 'exportId' when 'forget_clicks' then 'erasureId' when 'run_payouts' then 'runId'
          when 'recalculate_metrics' then 'tenantId' when 'evaluate_tiers' then 'tenantId' end;
      begin
        if own_tenant <> '*' and not (key = job || ':' || about and case job${[
          ofRow('send_payout', 'payouts', 'r.partner_id::text'),
          ofRow('check_logo', 'partners', 'r.id::text'),
          ofRow('send_invitation', 'invitations', 'r.partner_id::text'),
          ofRow('export_person', 'person_exports', `''`),
          ofRow('forget_clicks', 'erasures', `''`),
          ofRow('run_payouts', 'payout_runs', `''`),
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
