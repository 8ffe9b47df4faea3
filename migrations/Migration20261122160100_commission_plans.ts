import { Migration } from '@mikro-orm/migrations';

/** Plans and their rules. Nothing of them is ever changed: a rule that is edited or ended gets a further version from an
 *  instant on, as a partner that changes plans gets a further row. What was in force when a sale happened stays readable. */
export class Migration20261122160100_commission_plans extends Migration {
  override up(): void {
    this.addSql(`
      create table commission_plans (
        id uuid primary key, tenant_id text not null references programs (tenant_id), created_at timestamptz(3) not null default now(),
        name text not null, is_default boolean not null, created_by text not null,
        constraint commission_plans_tenant_id_id unique (tenant_id, id),
        constraint commission_plans_name unique (tenant_id, name))`);
    this.addSql(`create unique index commission_plans_one_default on commission_plans (tenant_id) where is_default`);

    this.addSql(`
      create table plan_memberships (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(),
        partner_id uuid not null, plan_id uuid null, effective_at timestamptz(3) not null, created_by text not null,
        constraint plan_memberships_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint plan_memberships_plan_id foreign key (tenant_id, plan_id) references commission_plans (tenant_id, id) deferrable initially deferred)`);
    this.addSql(`create index plan_memberships_partner on plan_memberships (partner_id, effective_at)`);

    this.addSql(`
      create table commission_rules (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(), created_by text not null,
        rule_key uuid not null, version int not null, plan_id uuid null, partner_id uuid null, name text not null, ended boolean not null,
        effective_at timestamptz(3) not null,
        product text null, customer_kind text not null, countries text[] null, types text[] null, currency text null, minimum_minor bigint null,
        method text not null, rate_bps int null, per_unit_minor bigint null, band_mode text null, band_rows jsonb null, band_period text null,
        first_purchase_only boolean not null, recurring_months int null, recurring_count int null, step_down_rate_bps int null,
        cap_minor bigint null, cap_per text null, cap_period text null,
        constraint commission_rules_tenant_id_id unique (tenant_id, id),
        constraint commission_rules_version unique (rule_key, version),
        constraint commission_rules_plan_id foreign key (tenant_id, plan_id) references commission_plans (tenant_id, id) deferrable initially deferred,
        constraint commission_rules_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint commission_rules_one_owner check ((plan_id is null) <> (partner_id is null)),
        constraint commission_rules_customer_kind check (customer_kind in ('ANY', 'NEW', 'RETURNING')),
        constraint commission_rules_method check (method in ('PERCENTAGE', 'FLAT', 'TIERED')),
        constraint commission_rules_terms check (
          (method = 'PERCENTAGE' and rate_bps between 0 and 10000 and per_unit_minor is null and band_rows is null)
          or (method = 'FLAT' and per_unit_minor > 0 and rate_bps is null and band_rows is null)
          or (method = 'TIERED' and band_rows is not null and band_mode in ('PROGRESSIVE', 'RETROACTIVE')
            and band_period in ('MONTH', 'QUARTER', 'YEAR', 'LIFETIME') and rate_bps is null and per_unit_minor is null)),
        constraint commission_rules_amounts_have_a_currency check (
          currency ~ '^[A-Z]{3}$' or (currency is null and minimum_minor is null and per_unit_minor is null and band_rows is null and cap_minor is null)),
        constraint commission_rules_cap check ((cap_minor is null and cap_per is null and cap_period is null)
          or (cap_minor > 0 and cap_per in ('SALE', 'CUSTOMER', 'PARTNER') and cap_period in ('MONTH', 'QUARTER', 'YEAR', 'LIFETIME'))))`);
    this.addSql(`create index commission_rules_plan on commission_rules (plan_id, effective_at) where plan_id is not null`);
    this.addSql(`create index commission_rules_partner on commission_rules (partner_id, effective_at) where partner_id is not null`);
    for (const table of ['plan_memberships', 'commission_rules']) {
      this.addSql(`create trigger append_only before update or delete on ${table} for each row execute function refuse_change()`);
      this.addSql(`create trigger append_only_whole before truncate on ${table} execute function refuse_change()`);
    }

    // What a tiered or capped rule has counted so far; the row is the lock that sales under it take in turn.
    this.addSql(`
      create table rule_usage (
        tenant_id text not null, partner_id uuid not null, rule_key uuid not null, scope text not null, period_start date not null,
        base_minor bigint not null default 0, earned_minor bigint not null default 0,
        primary key (partner_id, rule_key, scope, period_start),
        constraint rule_usage_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred)`);

    this.addSql(`
      create function rule_period(period text, local timestamp) returns date language sql immutable as $$
        select case period when 'LIFETIME' then date '1970-01-01' else date_trunc(lower(period), local)::date end
      $$`);

    this.addSql(`alter table commissions add column rule_id uuid null, add column product text null, add column country text null,
      add column line_number int not null default 0, add column adjusts_id uuid null, add column order_id text null, add column computation jsonb null`);
    this.addSql(`alter table commissions add constraint commissions_rule_id
      foreign key (tenant_id, rule_id) references commission_rules (tenant_id, id) deferrable initially deferred`);
    this.addSql(`alter table commissions add constraint commissions_adjusts_id
      foreign key (tenant_id, adjusts_id) references commissions (tenant_id, id) deferrable initially deferred`);
    this.addSql(`alter table commissions drop constraint commissions_type_check, drop constraint commissions_method_check,
      drop constraint commissions_rate_source_check, drop constraint commissions_terms`);
    this.addSql(`alter table commissions
      add constraint commissions_type_check check (type in ('SIGNUP', 'RECURRING', 'RENEWAL', 'UPGRADE', 'ONE_TIME', 'BONUS', 'TRUE_UP', 'REVERSAL')),
      add constraint commissions_method_check check (method in ('PERCENTAGE', 'FLAT', 'TIERED')),
      add constraint commissions_rate_source_check check (rate_source in ('LINE', 'PARTNER_PRODUCT', 'PARTNER', 'PLAN', 'TIER')),
      add constraint commissions_terms check (
        (method = 'PERCENTAGE' and rate_bps between 0 and 10000 and per_unit_minor is null and quantity is null)
        or (method = 'FLAT' and rate_bps is null and per_unit_minor is not null and quantity >= 1)
        or (method = 'TIERED' and rate_bps is null and per_unit_minor is null and quantity is null)),
      add constraint commissions_true_up_adjusts check ((type = 'TRUE_UP') = (adjusts_id is not null))`);
    this.addSql(`drop index commissions_one_each_conversion`);
    this.addSql(`create unique index commissions_one_each_conversion on commissions (conversion_id, partner_id, line_number)
      where conversion_id is not null and reverses_id is null and adjusts_id is null`);
    this.addSql(`create unique index commissions_one_each_order on commissions (tenant_id, order_id, partner_id, line_number)
      where order_id is not null and reverses_id is null and adjusts_id is null`);
    this.addSql(`create index commissions_adjusts on commissions (adjusts_id) where adjusts_id is not null`);

    // What made a line is kept with it, and never changes.
    this.addSql(`
      create function computation_stays() returns trigger language plpgsql as $$
      begin
        if (new.rule_id, new.product, new.country, new.line_number, new.adjusts_id, new.order_id, new.computation)
          is distinct from (old.rule_id, old.product, old.country, old.line_number, old.adjusts_id, old.order_id, old.computation) then
          raise exception 'a commission line never changes: only its status moves' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger computation_stays before update on commissions for each row execute function computation_stays()`);

    for (const table of ['commission_plans', 'plan_memberships']) this.addSql(`select protect('${table}', 'select, insert')`);
    // Rules of a plan have no partner, and its partners earn by them.
    this.addSql(`select protect('commission_rules', 'select, insert')`);
    this.addSql(`select protect('rule_usage', 'select, insert, update', 'partner_id')`);
  }
}
