import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';
const FIGURES = ['clicks', 'conversions', 'orders', 'customers', 'revenue_minor', 'earned_minor', 'paid_minor'];
const list = FIGURES.join(', ');
const sums = FIGURES.map((figure) => `sum(${figure})::bigint as ${figure}`).join(', ');
const added = (table: string) => FIGURES.map((figure) => `${figure} = ${table}.${figure} + excluded.${figure}`).join(', ');
const columns = FIGURES.map((figure) => `${figure} bigint not null default 0`).join(', ');
const any = FIGURES.map((figure) => `sum(${figure}) <> 0`).join(' or ');

/** A partner's figures by link and by campaign, and those of a whole program, kept by what changes as all others are. What
 *  a program's figures change by is only ever appended, so that no two sales of a program wait for each other; a job adds
 *  it to the days, and whoever reads adds both. */
export class Migration20261126011001_figures_of_links_campaigns_and_programs extends Migration {
  override up(): void {
    this.addSql(`alter table referrals add column link_id uuid, add column campaign text`);
    this.addSql(`update referrals f set link_id = t.link_id, campaign = t.campaign from touches t
      where t.id = f.id and t.clicked_at = f.clicked_at and (t.link_id is not null or t.campaign is not null)`);

    this.addSql(`
      create table partner_metrics_by (partner_id uuid not null, kind text not null constraint partner_metrics_by_kind check (kind in ('LINK', 'CAMPAIGN')),
        day date not null, name text not null, currency text not null, tenant_id text not null, ${columns},
        primary key (partner_id, kind, day, name, currency)) with (fillfactor = 80)`);
    this.addSql(`
      create table program_metrics_daily (tenant_id text not null, day date not null, currency text not null, ${columns},
        primary key (tenant_id, day, currency)) with (fillfactor = 80)`);
    this.addSql(`
      create table program_metric_changes (id bigint generated always as identity primary key, tenant_id text not null, day date not null,
        currency text not null, ${columns})`);
    this.addSql(`create index program_metric_changes_tenant on program_metric_changes (tenant_id, day)`);
    this.addSql(`select protect('partner_metrics_by', 'select', 'partner_id')`);
    for (const table of ['program_metrics_daily', 'program_metric_changes']) {
      this.addSql(`select protect('${table}', 'select')`);
      this.addSql(`create policy of_staff on ${table} as restrictive to partner_portal_api
        using (coalesce(current_setting('portal.partner', true), '') = '')`);
    }

    this.addSql(`alter type metric_delta add attribute link_id uuid, add attribute campaign text`);
    const zeros = '0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint'.split(', ');
    const only = (at: number, value: string) => zeros.map((zero, index) => (index === at ? value : zero)).join(', ');
    const contribution = (row: string, table: string, at: string, values: string, rest: string) =>
      this.addSql(`
        create or replace function metrics_of(${row} ${table}) returns setof metric_delta language sql stable as $$
          select ${row}.tenant_id, ${row}.partner_id, (${row}.${at} at time zone g.time_zone)::date, ${values}
          from programs g ${rest}
        $$`);
    contribution('f', 'referrals', 'clicked_at', `f.source, 'XXX', ${only(0, '1::bigint')}, f.link_id, f.campaign`,
      `where g.tenant_id = f.tenant_id and f.origin = 'CLICK' and not f.bot`);
    contribution('v', 'conversions', 'occurred_at',
      `v.source, v.amount_currency, 0::bigint, 1::bigint, 1::bigint, 0::bigint, v.amount_minor, 0::bigint, 0::bigint, r.link_id, r.campaign`,
      `left join referrals r on r.id = v.referral_id where g.tenant_id = v.tenant_id`);
    contribution('k', 'customers', 'bound_at', `'(none)', 'XXX', ${only(3, '1::bigint')}, null::uuid, null::text`,
      `where g.tenant_id = k.tenant_id and k.partner_id is not null`);
    contribution('c', 'commissions', 'occurred_at', `c.source, s.currency, 0::bigint, 0::bigint,
          case when s.sold and c.revenue_minor > 0 and c.line_number = 0 and c.type <> 'ADJUSTMENT' and c.status <> 'REJECTED' then 1 else 0 end::bigint, 0::bigint,
          case when not s.sold or c.status = 'REJECTED' and c.conversion_id is null then 0 else c.revenue_minor end,
          case when not s.earned or c.status = 'REJECTED' then 0 else c.amount_minor end, 0::bigint, r.link_id, r.campaign`,
      `cross join (values (c.amount_currency, c.sale_currency is null, true), (c.sale_currency, true, false)) s (currency, sold, earned)
          left join referrals r on r.id = c.referral_id
          where g.tenant_id = c.tenant_id and s.currency is not null`);
    contribution('o', 'payouts', 'paid_at', `'(none)', o.amount_currency, ${only(6, 'o.amount_minor')}, null::uuid, null::text`,
      `where g.tenant_id = o.tenant_id and o.status = 'PAID'`);

    const changes = (rows: string) => `
          insert into program_metric_changes (tenant_id, day, currency, ${list})
          select tenant_id, day, currency, ${sums} from ${rows} group by tenant_id, day, currency having ${any}`;
    const upsert = (deltas: string, program: string) => `
        with delta as materialized (${deltas}),
        ${program}
        named as (
          insert into partner_metrics_by as b (tenant_id, partner_id, kind, day, name, currency, ${list})
          select tenant_id, partner_id, n.kind, day, n.name, currency, ${sums}
          from delta cross join lateral (values ('LINK', link_id::text), ('CAMPAIGN', campaign)) n (kind, name) where n.name is not null
          group by tenant_id, partner_id, n.kind, day, n.name, currency order by partner_id, n.kind, day, n.name, currency
          on conflict (partner_id, kind, day, name, currency) do update set ${added('b')}),
        daily as (
          insert into partner_metrics_daily as d (tenant_id, partner_id, day, source, currency, ${list})
          select tenant_id, partner_id, day, source, currency, ${sums} from delta
          group by tenant_id, partner_id, day, source, currency order by partner_id, day, source, currency
          on conflict (partner_id, day, source, currency) do update set ${added('d')})
        insert into partner_metrics as t (tenant_id, partner_id, currency, ${list})
        select tenant_id, partner_id, currency, ${sums} from delta
        group by tenant_id, partner_id, currency order by partner_id, currency
        on conflict (partner_id, currency) do update set ${added('t')}, updated_at = now();`;
    this.addSql(`
      create or replace function apply_metric_deltas(deltas metric_delta[]) returns void language plpgsql as $$
      begin
        if deltas is null or cardinality(deltas) = 0 then return; end if;
        perform from partners where id in (select partner_id from unnest(deltas)) order by id for key share;
        ${upsert('select * from unnest(deltas)', `program as (${changes('delta')}),`)}
      end $$`);
    const key = 'd.tenant_id, d.partner_id, d.day, d.source, d.currency';
    for (const table of ['customers', 'commissions', 'payouts']) {
      this.addSql(`
        create or replace function count_changed_${table}() returns trigger language plpgsql ${AS_OWNER} as $$
        begin
          perform apply_metric_deltas(array(
            select row(${key}, ${FIGURES.map((figure) => `sum(d.${figure})::bigint`).join(', ')}, d.link_id, d.campaign)::metric_delta
            from (
              select d.* from after n, metrics_of(n::${table}) d
              union all
              select ${key}, ${FIGURES.map((figure) => `-d.${figure}`).join(', ')}, d.link_id, d.campaign from before o, metrics_of(o::${table}) d
            ) d
            group by ${key}, d.link_id, d.campaign
            having ${FIGURES.map((figure) => `sum(d.${figure}) <> 0`).join(' or ')}));
          return null;
        end $$`);
    }

    const whole = (rows: string, sign = '') =>
      `select tenant_id, day, currency, ${FIGURES.map((figure) => `${sign}${figure} as ${figure}`).join(', ')} from ${rows}`;
    this.addSql(`
      create or replace function recalculate_partner_metrics(targets uuid[]) returns void language plpgsql as $$
      declare before partner_metrics_daily[];
      begin
        perform from partners where id = any(targets) order by id for update;
        before := array(select d from partner_metrics_daily d where partner_id = any(targets));
        delete from partner_metrics where partner_id = any(targets);
        delete from partner_metrics_daily where partner_id = any(targets);
        delete from partner_metrics_by where partner_id = any(targets);
        ${upsert(['referrals', 'conversions', 'customers', 'commissions', 'payouts']
          .map((table) => `select d.* from ${table} n, metrics_of(n) d where n.partner_id = any(targets)`)
          .join(' union all '), '')}
        ${changes(`(${whole('partner_metrics_daily where partner_id = any(targets)')} union all ${whole('unnest(before)', '-')}) change`)};
      end $$`);

    this.addSql(`
      create function fold_program_metrics() returns bigint language plpgsql ${AS_OWNER} as $$
      declare folded bigint;
      begin
        if coalesce(current_setting('portal.tenant', true), '') <> '*' then
          raise exception 'the session may not fold the figures of all' using errcode = 'insufficient_privilege';
        end if;
        if not pg_try_advisory_xact_lock(hashtextextended('fold_program_metrics', 0)) then return 0; end if;
        with gone as (delete from program_metric_changes returning *), folded as (
          insert into program_metrics_daily as d (tenant_id, day, currency, ${list})
          select tenant_id, day, currency, ${sums} from gone group by tenant_id, day, currency
          on conflict (tenant_id, day, currency) do update set ${added('d')})
        select count(*) into folded from gone;
        return folded;
      end $$`);
    this.addSql(`revoke execute on function fold_program_metrics from public`);
    this.addSql(`grant execute on function fold_program_metrics to partner_portal_api`);

    this.addSql(`insert into program_metrics_daily (tenant_id, day, currency, ${list})
      select tenant_id, day, currency, ${sums} from partner_metrics_daily group by tenant_id, day, currency`);
    this.addSql(`select recalculate_partner_metrics(array(select distinct partner_id from referrals where link_id is not null or campaign is not null))`);
  }
}
