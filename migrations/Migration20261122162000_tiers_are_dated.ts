import { Migration } from '@mikro-orm/migrations';

/** What a tier asked and gave, from when. A sale earns by what was in force when it happened, whenever it is entered. */
export class Migration20261122162000_tiers_are_dated extends Migration {
  override up(): void {
    this.addSql(`
      create table tier_config_versions (
        id uuid primary key, tenant_id text not null references programs (tenant_id), created_at timestamptz(3) not null default now(),
        tier text not null check (tier in ('BRONZE', 'SILVER', 'GOLD', 'PLATINUM', 'DIAMOND')),
        min_monthly_revenue_minor bigint not null check (min_monthly_revenue_minor >= 0), min_monthly_revenue_currency text not null,
        min_customers int not null check (min_customers >= 0), rate_bps int not null check (rate_bps between 0 and 10000),
        effective_at timestamptz(3) not null, created_by text not null)`);
    this.addSql(`create index tier_config_versions_in_force on tier_config_versions (tenant_id, tier, effective_at)`);
    this.addSql(`create trigger append_only before update or delete on tier_config_versions for each row execute function refuse_change()`);
    this.addSql(`create trigger append_only_whole before truncate on tier_config_versions execute function refuse_change()`);
    // What the tiers are today is all that is known of what they were.
    this.addSql(`
      insert into tier_config_versions (id, tenant_id, tier, min_monthly_revenue_minor, min_monthly_revenue_currency, min_customers,
        rate_bps, effective_at, created_by)
      select gen_random_uuid(), tenant_id, tier, min_monthly_revenue_minor, min_monthly_revenue_currency, min_customers,
        rate_bps, '1970-01-01T00:00:00Z', 'system' from partner_tier_configs`);
    this.addSql(`select protect('tier_config_versions', 'select, insert')`);
  }
}
