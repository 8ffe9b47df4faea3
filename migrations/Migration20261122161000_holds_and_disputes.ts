import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';

/** What keeps a line back from approval, or an approved one from its payout. A line is held while any hold on it is open. */
export class Migration20261122161000_holds_and_disputes extends Migration {
  override up(): void {
    this.addSql(`
      create table commission_holds (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(),
        partner_id uuid not null, commission_id uuid not null, kind text not null, reason text not null, evidence jsonb null,
        placed_by text not null, placed_at timestamptz(3) not null,
        released_by text null, released_at timestamptz(3) null, release_reason text null, outcome text null, refund_id uuid null,
        constraint commission_holds_kind check (kind in ('RISK', 'MANUAL', 'DISPUTE', 'FX')),
        constraint commission_holds_released check ((released_at is null) = (released_by is null)),
        constraint commission_holds_outcome check (outcome is null or (outcome in ('WON', 'LOST') and kind = 'DISPUTE' and released_at is not null)),
        constraint commission_holds_refund check (refund_id is null or outcome = 'LOST'),
        constraint commission_holds_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint commission_holds_commission_id foreign key (tenant_id, commission_id) references commissions (tenant_id, id) deferrable initially deferred,
        constraint commission_holds_refund_id foreign key (tenant_id, refund_id) references commissions (tenant_id, id) deferrable initially deferred)`);
    this.addSql(`create unique index commission_holds_one_open on commission_holds (commission_id, kind) where released_at is null`);
    this.addSql(`create index commission_holds_commission on commission_holds (commission_id, id)`);
    this.addSql(`create index commission_holds_partner on commission_holds (partner_id)`);
    this.addSql(`create trigger never_deleted before delete on commission_holds for each row execute function refuse_change()`);
    this.addSql(`create trigger never_emptied before truncate on commission_holds execute function refuse_change()`);
    this.addSql(`
      create function hold_may_change() returns trigger language plpgsql as $$
      begin
        if old.released_at is not null or (new.id, new.tenant_id, new.partner_id, new.commission_id, new.kind, new.reason, new.evidence, new.placed_by, new.placed_at)
            is distinct from (old.id, old.tenant_id, old.partner_id, old.commission_id, old.kind, old.reason, old.evidence, old.placed_by, old.placed_at) then
          raise exception 'a hold is only ever released, once' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger may_change before update on commission_holds for each row execute function hold_may_change()`);
    this.addSql(`
      create function hold_fits() returns trigger language plpgsql ${AS_OWNER} as $$
      begin
        if not exists (select from commissions where id = new.commission_id and partner_id = new.partner_id and reverses_id is null and amount_minor > 0
            and (status in ('PENDING', 'HELD') or (status = 'APPROVED' and new.kind = 'DISPUTE'))) then
          raise exception 'a hold is on a line of the partner that is owed or may come to be' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger must_fit before insert on commission_holds for each row execute function hold_fits()`);
    this.addSql(`
      create function is_held(line uuid) returns boolean language sql stable as $$
        select exists (select from commission_holds where commission_id = line and released_at is null)
      $$`);

    this.addSql(`alter table commissions drop constraint commissions_status_check, drop constraint commissions_type_check, drop constraint commissions_true_up_adjusts`);
    this.addSql(`alter table commissions
      add constraint commissions_status_check check (status in ('PENDING', 'HELD', 'APPROVED', 'REJECTED', 'REVERSED')),
      add constraint commissions_type_check check (type in ('SIGNUP', 'RECURRING', 'RENEWAL', 'UPGRADE', 'ONE_TIME', 'BONUS', 'TRUE_UP', 'ADJUSTMENT', 'REVERSAL')),
      add constraint commissions_adjusts check ((type in ('TRUE_UP', 'ADJUSTMENT')) = (adjusts_id is not null))`);
    // What a lost dispute took comes back once.
    this.addSql(`create unique index commissions_reinstated_once on commissions (adjusts_id) where type = 'ADJUSTMENT'`);
    this.addSql(`create or replace function commission_may_change() returns trigger language plpgsql ${AS_OWNER} as $$
      begin
        if (new.id, new.tenant_id, new.partner_id, new.customer_id, new.referral_id, new.conversion_id, new.reverses_id, new.type,
            new.method, new.base_minor, new.base_currency, new.rate_bps, new.per_unit_minor, new.quantity, new.rounding_mode,
            new.amount_minor, new.amount_currency, new.revenue_minor, new.occurred_at, new.created_by)
           is distinct from
           (old.id, old.tenant_id, old.partner_id, old.customer_id, old.referral_id, old.conversion_id, old.reverses_id, old.type,
            old.method, old.base_minor, old.base_currency, old.rate_bps, old.per_unit_minor, old.quantity, old.rounding_mode,
            old.amount_minor, old.amount_currency, old.revenue_minor, old.occurred_at, old.created_by) then
          raise exception 'a commission line never changes: only its status moves' using errcode = 'integrity_constraint_violation';
        end if;
        if new.status = old.status then return new; end if;
        if (old.status, new.status) not in (('PENDING', 'APPROVED'), ('PENDING', 'REJECTED'), ('PENDING', 'REVERSED'), ('PENDING', 'HELD'),
            ('HELD', 'PENDING'), ('HELD', 'REJECTED'), ('HELD', 'REVERSED'), ('APPROVED', 'REJECTED'), ('APPROVED', 'REVERSED')) then
          raise exception 'a commission does not move from % to %', old.status, new.status using errcode = 'integrity_constraint_violation';
        end if;
        if new.status in ('PENDING', 'APPROVED') and is_held(old.id) then
          raise exception 'a commission with an open hold stays held' using errcode = 'integrity_constraint_violation';
        end if;
        if new.status = 'HELD' and not is_held(old.id) then
          raise exception 'a commission is held by a hold' using errcode = 'integrity_constraint_violation';
        end if;
        if old.status = 'APPROVED' and exists (select from payout_items where commission_id = old.id and voided_at is null) then
          raise exception 'a commission in a payout does not move' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);

    // No payout claims a line that is held, nor a refund before its line.
    this.addSql(`
      create or replace function claimable_lines(partner uuid, currency text, starts timestamptz, ends timestamptz)
      returns setof commissions language sql stable as $$
        select c.* from commissions c left join commissions l on l.id = c.reverses_id
        where c.partner_id = partner and c.amount_currency = currency and c.status = 'APPROVED'
          and not exists (select from payout_items i where i.commission_id = c.id and i.voided_at is null)
          and (
            (c.reverses_id is null and c.occurred_at >= starts and c.occurred_at < ends
              and not exists (select from commission_holds h where h.commission_id = c.id and h.released_at is null))
            or (c.reverses_id is not null and (
              exists (select from payout_items i where i.commission_id = l.id and i.voided_at is null)
              or (l.status = 'APPROVED' and l.occurred_at >= starts and l.occurred_at < ends
                and not exists (select from commission_holds h where h.commission_id = l.id and h.released_at is null)))))
      $$`);
    this.addSql(`
      create function claims_nothing_held() returns trigger language plpgsql ${AS_OWNER} as $$
      begin
        if exists (select from claimed i join commission_holds h on h.commission_id = i.commission_id and h.released_at is null) then
          raise exception 'a payout claims no line that is held' using errcode = 'integrity_constraint_violation';
        end if;
        return null;
      end $$`);
    this.addSql(`create trigger nothing_held after insert on payout_items referencing new table as claimed
      for each statement execute function claims_nothing_held()`);

    // A sale that a dispute gives back is the sale that it was: its revenue counts again, its order does not.
    this.addSql(`
      create or replace function metrics_of(c commissions) returns setof metric_delta language sql stable as $$
        select c.tenant_id, c.partner_id, (c.occurred_at at time zone g.time_zone)::date, c.source, c.amount_currency, 0::bigint, 0::bigint,
          case when c.revenue_minor > 0 and c.type <> 'ADJUSTMENT' and c.status <> 'REJECTED' then 1 else 0 end::bigint, 0::bigint,
          case when c.status = 'REJECTED' and c.conversion_id is null then 0 else c.revenue_minor end,
          case when c.status = 'REJECTED' then 0 else c.amount_minor end, 0::bigint
        from programs g where g.tenant_id = c.tenant_id and true
      $$`);

    this.addSql(`select protect('commission_holds', 'select, insert, update', 'partner_id')`);
  }
}
