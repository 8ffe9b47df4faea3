import { Migration } from '@mikro-orm/migrations';

/** Four eyes, refunds within their sale, history and settings: kept by the database too, whatever the code does. */
export class Migration20261122130200_approvals_refunds_and_settings_are_checked extends Migration {
  override up(): void {
    this.addSql(`alter table commissions add constraint commissions_approver
      check (status <> 'APPROVED' or (approved_by is not null and approved_at is not null))`);
    this.addSql(`alter table commissions add constraint commissions_four_eyes
      check (approved_by is null or created_by is null or approved_by <> created_by)`);
    this.addSql(`alter table payouts add constraint payouts_approved_before_sent
      check (status in ('PENDING', 'CANCELED') or (approved_by is not null and approved_at is not null))`);

    this.addSql(`
      create function approver_stays() returns trigger language plpgsql as $$
      begin
        if old.approved_by is not null and (new.approved_by, new.approved_at) is distinct from (old.approved_by, old.approved_at) then
          raise exception 'who approved, and when, never changes' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    for (const table of ['commissions', 'payouts']) {
      this.addSql(`create trigger approver_stays before update on ${table} for each row
        when (old.approved_by is not null) execute function approver_stays()`);
    }

    // The line is locked by who takes it back, so that two refunds at once see each other.
    this.addSql(`
      create function refund_fits() returns trigger language plpgsql as $$
      begin
        perform 1 from commissions where id = new.reverses_id for no key update;
        if exists (
          select from commissions o
          cross join (select sum(base_minor) as base, sum(amount_minor) as amount from commissions where reverses_id = new.reverses_id) r
          where o.id = new.reverses_id and (o.reverses_id is not null or o.partner_id <> new.partner_id
            or o.base_currency <> new.base_currency or o.amount_currency <> new.amount_currency
            or new.base_minor >= 0 or -r.base > o.base_minor or -r.amount > o.amount_minor)) then
          raise exception 'refunds take back at most what was earned' using errcode = 'integrity_constraint_violation';
        end if;
        return null;
      end $$`);
    this.addSql(`create trigger refund_fits after insert on commissions for each row
      when (new.reverses_id is not null) execute function refund_fits()`);

    this.addSql(`create trigger append_only before update or delete on partner_history for each row execute function refuse_change()`);
    this.addSql(`create trigger append_only_whole before truncate on partner_history execute function refuse_change()`);

    this.addSql(`alter table programs add constraint programs_currency check (currency ~ '^[A-Z]{3}$')`);
    this.addSql(`alter table partners add constraint partners_currency check (currency ~ '^[A-Z]{3}$')`);
    this.addSql(`
      create function time_zone_is_known() returns trigger language plpgsql as $$
      begin
        perform now() at time zone new.time_zone;
        return new;
      end $$`);
    this.addSql(`create trigger time_zone_is_known before insert or update of time_zone on programs
      for each row execute function time_zone_is_known()`);
  }
}
