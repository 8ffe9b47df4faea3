import { Migration } from '@mikro-orm/migrations';

const FIGURES = ['clicks', 'conversions', 'orders', 'customers', 'revenue_minor', 'earned_minor', 'paid_minor'];
const list = FIGURES.join(', ');
const sums = FIGURES.map((figure) => `sum(${figure})::bigint as ${figure}`).join(', ');
const each = (of: (figure: string) => string) => FIGURES.map(of).join(', ');

interface Figures {
  readonly table: string;
  readonly key: string;
  /** Rows of the key and the figures, added up from scratch. */
  readonly fresh: string;
}

/** What of a table differs from figures added up from scratch: what is missing or wrong is put, what is too much is deleted. */
const differing = ({ table, key, fresh }: Figures) => `
        ${table}_diff as materialized (
          select tenant_id, ${key}, f.tenant_id is null as gone, ${each((figure) => `f.${figure}`)}, ${each((figure) => `coalesce(f.${figure}, 0) - coalesce(d.${figure}, 0) as ${figure}_diff`)}
          from (${fresh}) f full join (select * from ${table} where partner_id = any(targets)) d using (tenant_id, ${key})
          where (${each((figure) => `f.${figure}`)}) is distinct from (${each((figure) => `d.${figure}`)})),
        ${table}_gone as (
          delete from ${table} d using ${table}_diff x where x.gone and (${key.split(', ').map((column) => `d.${column}`).join(', ')}) = (${key.split(', ').map((column) => `x.${column}`).join(', ')})),
        ${table}_put as (
          insert into ${table} (tenant_id, ${key}, ${list})
          select tenant_id, ${key}, ${list} from ${table}_diff where not gone order by ${key}
          on conflict (${key}) do update set ${each((figure) => `${figure} = excluded.${figure}`)}${table === 'partner_metrics' ? ', updated_at = now()' : ''})`;

/** Figures are added up from all rows as before, and written only where they differ: most of the time nowhere. */
export class Migration20261126104003_a_recalculation_writes_what_differs extends Migration {
  override up(): void {
    const all = ['referrals', 'conversions', 'customers', 'commissions', 'payouts']
      .map((table) => `select d.* from ${table} n, metrics_of(n) d where n.partner_id = any(targets)`)
      .join(' union all ');
    const tables: Figures[] = [
      { table: 'partner_metrics_daily', key: 'partner_id, day, source, currency', fresh: 'select * from days' },
      {
        table: 'partner_metrics_by',
        key: 'partner_id, kind, day, name, currency',
        fresh: `select tenant_id, partner_id, n.kind, day, n.name, currency, ${sums}
          from delta cross join lateral (values ('LINK', link_id::text), ('CAMPAIGN', campaign)) n (kind, name)
          where (link_id is not null or campaign is not null) and n.name is not null group by 1, 2, 3, 4, 5, 6`,
      },
      {
        table: 'partner_metrics',
        key: 'partner_id, currency',
        fresh: `select tenant_id, partner_id, currency, ${sums} from days group by 1, 2, 3`,
      },
    ];
    this.addSql(`
      create or replace function recalculate_partner_metrics(targets uuid[]) returns void language plpgsql set work_mem = '64MB' as $$
      begin
        perform from partners where id = any(targets) order by id for update;
        with delta as materialized (${all}),
        days as materialized (
          select tenant_id, partner_id, day, source, currency, ${sums} from delta group by 1, 2, 3, 4, 5),
        ${tables.map(differing).join(',')}
        insert into program_metric_changes (tenant_id, day, currency, ${list})
        select tenant_id, day, currency, ${each((figure) => `sum(${figure}_diff)::bigint`)} from partner_metrics_daily_diff
        group by tenant_id, day, currency having ${FIGURES.map((figure) => `sum(${figure}_diff) <> 0`).join(' or ')};
      end $$`);
  }
}
