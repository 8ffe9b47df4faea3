import { Migration } from '@mikro-orm/migrations';

const FIGURES = ['clicks', 'conversions', 'orders', 'customers', 'revenue_minor', 'earned_minor', 'paid_minor'];
const list = FIGURES.join(', ');
const sums = FIGURES.map((figure) => `sum(${figure}) as ${figure}`).join(', ');
const added = (table: string) => FIGURES.map((figure) => `${figure} = ${table}.${figure} + excluded.${figure}`).join(', ');

/** Each row contributes to its partner's figures: `metrics_of(row)` says what. A change adds the new contribution and
 *  takes the old one off, so it costs what changed; a recalculation adds up all contributions again. */
export class Migration20261122101700_metrics_follow_the_rows extends Migration {
  override up(): void {
    this.addSql(`create type metric_delta as (tenant_id text, partner_id uuid, day date, source text, currency text,
      ${FIGURES.map((figure) => `${figure} bigint`).join(', ')})`);

    const contribution = (row: string, table: string, values: string, at: string, condition = 'true') => `
      create function metrics_of(${row} ${table}) returns setof metric_delta language sql stable as $$
        select ${row}.tenant_id, ${row}.partner_id, (${at} at time zone g.time_zone)::date, ${values}
        from programs g where g.tenant_id = ${row}.tenant_id and ${condition}
      $$`;
    // XXX is ISO 4217's "no currency".
    this.addSql(contribution('f', 'referrals', `f.source, 'XXX', 1::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint`, 'f.clicked_at'));
    this.addSql(contribution('v', 'conversions', `v.source, v.amount_currency, 0::bigint, 1::bigint, 1::bigint, 0::bigint, v.amount_minor, 0::bigint, 0::bigint`, 'v.occurred_at'));
    this.addSql(contribution('k', 'customers', `'(none)', 'XXX', 0::bigint, 0::bigint, 0::bigint, 1::bigint, 0::bigint, 0::bigint, 0::bigint`, 'k.bound_at', 'k.partner_id is not null'));
    // The revenue of a rejected line does not count, unless its conversion counts it anyway.
    this.addSql(contribution('c', 'commissions', `c.source, c.amount_currency, 0::bigint, 0::bigint,
      case when c.revenue_minor > 0 and c.status <> 'REJECTED' then 1 else 0 end::bigint, 0::bigint,
      case when c.status = 'REJECTED' and c.conversion_id is null then 0 else c.revenue_minor end,
      case when c.status = 'REJECTED' then 0 else c.amount_minor end, 0::bigint`, 'c.occurred_at'));
    this.addSql(contribution('o', 'payouts', `'(none)', o.amount_currency, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, o.amount_minor`, 'o.paid_at', `o.status = 'PAID'`));

    const upsert = (deltas: string) => `
        with delta as materialized (${deltas}),
        daily as (
          insert into partner_metrics_daily as d (tenant_id, partner_id, day, source, currency, ${list})
          select tenant_id, partner_id, day, source, currency, ${sums} from delta
          group by tenant_id, partner_id, day, source, currency order by partner_id, day, source, currency
          on conflict (partner_id, day, source, currency) do update set ${added('d')})
        insert into partner_metrics as t (tenant_id, partner_id, currency, ${list})
        select tenant_id, partner_id, currency, ${sums} from delta
        group by tenant_id, partner_id, currency order by partner_id, currency
        on conflict (partner_id, currency) do update set ${added('t')}, updated_at = now();`;

    // Rows are taken in one order, so that two batches never wait for each other in a circle. The key-share lock
    // makes a change wait for a recalculation of its partner, which starts by locking the partner.
    this.addSql(`
      create function apply_metric_deltas(deltas metric_delta[]) returns void language plpgsql as $$
      begin
        if deltas is null or cardinality(deltas) = 0 then return; end if;
        perform from partners where id in (select partner_id from unnest(deltas)) order by id for key share;
        ${upsert('select * from unnest(deltas)')}
      end $$`);
    // One function a table: the rows of a transition table have no type, so each names its own to find its metrics_of.
    const negative = FIGURES.map((figure) => `-d.${figure}`).join(', ');
    const changed = FIGURES.map((figure) => `sum(d.${figure})::bigint`).join(', ');
    for (const table of ['referrals', 'conversions', 'customers', 'commissions']) {
      this.addSql(`
        create function count_new_${table}() returns trigger language plpgsql as $$
        begin
          perform apply_metric_deltas(array(select d from inserted n, metrics_of(n::${table}) d));
          return null;
        end $$`);
      this.addSql(`create trigger count_new after insert on ${table} referencing new table as inserted
        for each statement execute function count_new_${table}()`);
    }
    for (const table of ['customers', 'commissions', 'payouts']) {
      this.addSql(`
        create function count_changed_${table}() returns trigger language plpgsql as $$
        begin
          perform apply_metric_deltas(array(
            select row(d.tenant_id, d.partner_id, d.day, d.source, d.currency, ${changed})::metric_delta
            from (
              select d.* from after n, metrics_of(n::${table}) d
              union all
              select d.tenant_id, d.partner_id, d.day, d.source, d.currency, ${negative} from before o, metrics_of(o::${table}) d
            ) d
            group by d.tenant_id, d.partner_id, d.day, d.source, d.currency
            having ${FIGURES.map((figure) => `sum(d.${figure}) <> 0`).join(' or ')}));
          return null;
        end $$`);
      this.addSql(`create trigger count_changed after update on ${table} referencing old table as before new table as after
        for each statement execute function count_changed_${table}()`);
    }

    this.addSql(`
      create function recalculate_partner_metrics(targets uuid[]) returns void language plpgsql as $$
      begin
        perform from partners where id = any(targets) order by id for update;
        delete from partner_metrics where partner_id = any(targets);
        delete from partner_metrics_daily where partner_id = any(targets);
        ${upsert(`
          select d.* from referrals n, metrics_of(n) d where n.partner_id = any(targets)
          union all select d.* from conversions n, metrics_of(n) d where n.partner_id = any(targets)
          union all select d.* from customers n, metrics_of(n) d where n.partner_id = any(targets)
          union all select d.* from commissions n, metrics_of(n) d where n.partner_id = any(targets)
          union all select d.* from payouts n, metrics_of(n) d where n.partner_id = any(targets)`)}
      end $$`);
    this.addSql(`alter table partner_metrics set (fillfactor = 70)`);
    this.addSql(`alter table partner_metrics_daily set (fillfactor = 80)`);
  }
}
