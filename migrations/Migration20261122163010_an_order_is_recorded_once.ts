import { Migration } from '@mikro-orm/migrations';

/** An order of a partner, recorded whole: also one that earned nothing is recorded once. */
export class Migration20261122163010_an_order_is_recorded_once extends Migration {
  override up(): void {
    this.addSql(`
      create table sales (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(),
        partner_id uuid not null, order_id text not null, currency text not null, refused jsonb not null,
        constraint sales_order unique (tenant_id, order_id, partner_id),
        constraint sales_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred)`);
    this.addSql(`create trigger append_only before update or delete on sales for each row execute function refuse_change()`);
    this.addSql(`create trigger append_only_whole before truncate on sales execute function refuse_change()`);
    this.addSql(`select protect('sales', 'select, insert', 'partner_id')`);

    // Several lines of an order are one order.
    this.addSql(`
      create or replace function metrics_of(c commissions) returns setof metric_delta language sql stable as $$
        select c.tenant_id, c.partner_id, (c.occurred_at at time zone g.time_zone)::date, c.source, c.amount_currency, 0::bigint, 0::bigint,
          case when c.revenue_minor > 0 and c.line_number = 0 and c.type <> 'ADJUSTMENT' and c.status <> 'REJECTED' then 1 else 0 end::bigint, 0::bigint,
          case when c.status = 'REJECTED' and c.conversion_id is null then 0 else c.revenue_minor end,
          case when c.status = 'REJECTED' then 0 else c.amount_minor end, 0::bigint
        from programs g where g.tenant_id = c.tenant_id and true
      $$`);
  }
}
