import { Migration } from '@mikro-orm/migrations';

const TIER = `in ('BRONZE', 'SILVER', 'GOLD', 'PLATINUM', 'DIAMOND')`;

/** What each month made of a partner's tier, who holds a tier by hand, and who changed a tier and why. */
export class Migration20261122162100_tiers_follow_the_months extends Migration {
  override up(): void {
    this.addSql(`alter table programs add column automatic_tiers boolean not null default true,
      add column tier_settle_days int not null default 3 check (tier_settle_days between 0 and 28),
      add column tier_grace_months int not null default 1 check (tier_grace_months between 0 and 12),
      add column tier_max_drop int not null default 1 check (tier_max_drop between 1 and 4),
      add column customer_active_days int not null default 365 check (customer_active_days between 1 and 1095)`);
    this.addSql(`alter table partner_history add column changed_by text null, add column reason text null`);
    this.addSql(`
      create table tier_evaluations (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(), partner_id uuid not null,
        month date not null check (extract(day from month) = 1), revenue_minor bigint null, revenue_currency text null,
        customers int not null, earned text null check (earned ${TIER}), tier_before text not null check (tier_before ${TIER}),
        tier_after text not null check (tier_after ${TIER}), misses int not null,
        change text not null check (change in ('PROMOTED', 'KEPT', 'FORGIVEN', 'DEMOTED', 'LOCKED', 'BLOCKED')),
        effective_at timestamptz(3) not null, blocked text null,
        constraint tier_evaluations_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint tier_evaluations_one_each_month unique (partner_id, month),
        constraint tier_evaluations_blocked check ((change = 'BLOCKED') = (blocked is not null)),
        constraint tier_evaluations_decided check (change = 'BLOCKED' or (earned is not null and revenue_minor is not null and revenue_currency is not null)))`);
    this.addSql(`create index tier_evaluations_blocked on tier_evaluations (tenant_id, month) where change = 'BLOCKED'`);
    // What was decided stays; only what was blocked is tried again.
    this.addSql(`
      create function evaluation_stays() returns trigger language plpgsql as $$
      begin
        raise exception 'an evaluated month never changes' using errcode = 'integrity_constraint_violation';
      end $$`);
    this.addSql(`create trigger evaluation_stays before update on tier_evaluations for each row
      when (old.change <> 'BLOCKED') execute function evaluation_stays()`);
    this.addSql(`
      create table tier_locks (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(), partner_id uuid not null,
        tier text not null check (tier ${TIER}), reason text not null, locked_by text not null, locked_at timestamptz(3) not null,
        unlocked_by text null, unlocked_at timestamptz(3) null,
        constraint tier_locks_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint tier_locks_unlocked check ((unlocked_by is null) = (unlocked_at is null)))`);
    this.addSql(`create unique index tier_locks_one_open on tier_locks (partner_id) where unlocked_at is null`);
    for (const table of ['tier_evaluations', 'tier_locks']) {
      this.addSql(`select protect('${table}', 'select, insert, update', 'partner_id')`);
    }
  }
}
