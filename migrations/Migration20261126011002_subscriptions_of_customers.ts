import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';

/** What customers pay again and again, as dated facts: a change of price ends one row and begins the next. */
export class Migration20261126011002_subscriptions_of_customers extends Migration {
  override up(): void {
    this.addSql(`
      create table customer_subscriptions (id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(),
        partner_id uuid not null, customer_id uuid not null, external_id text not null, billing_interval text not null
          constraint customer_subscriptions_interval check (billing_interval in ('WEEK', 'MONTH', 'QUARTER', 'YEAR', 'TWO_YEARS')),
        price_minor bigint not null constraint customer_subscriptions_price check (price_minor >= 0), price_currency text not null,
        monthly_minor bigint not null constraint customer_subscriptions_monthly check (monthly_minor >= 0),
        started_at timestamptz(3) not null, ended_at timestamptz(3), updated_at timestamptz(3) not null default now(),
        constraint customer_subscriptions_span check (ended_at is null or ended_at >= started_at),
        constraint customer_subscriptions_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint customer_subscriptions_customer_id foreign key (tenant_id, customer_id) references customers (tenant_id, id) deferrable initially deferred)`);
    this.addSql(`create unique index customer_subscriptions_start on customer_subscriptions (tenant_id, external_id, started_at)`);
    this.addSql(`create index customer_subscriptions_partner on customer_subscriptions (partner_id, id)`);
    this.addSql(`create index customer_subscriptions_customer on customer_subscriptions (customer_id)`);
    // What was live at an instant, of a whole program: all that ended before it is never looked at.
    this.addSql(`create index customer_subscriptions_live on customer_subscriptions (tenant_id, coalesce(ended_at, 'infinity'))`);
    this.addSql(`select protect('customer_subscriptions', 'select, insert, update', 'partner_id')`);
    for (const [name, command, clause] of [['inserts', 'insert', 'with check'], ['changes', 'update', 'using'], ['deletes', 'delete', 'using']])
      this.addSql(`create policy staff_${name} on customer_subscriptions as restrictive for ${command} to partner_portal_api
        ${clause} (coalesce(current_setting('portal.partner', true), '') = '')`);

    // A customer that is given to another partner takes what it pays along.
    this.addSql(`
      create function subscriptions_follow() returns trigger language plpgsql ${AS_OWNER} as $$
      begin
        update customer_subscriptions s set partner_id = n.partner_id, updated_at = now()
        from before o join after n using (id)
        where n.partner_id is not null and n.partner_id is distinct from o.partner_id and s.customer_id = n.id;
        return null;
      end $$`);
    this.addSql(`create trigger subscriptions_follow after update on customers referencing old table as before new table as after
      for each statement execute function subscriptions_follow()`);
  }
}
