import { Migration } from '@mikro-orm/migrations';

/** The database refuses, whatever the code does: a changed posting, a status outside its machine, a line that is
 *  changed or claimed twice, a payout that is not the sum of its lines. */
export class Migration20261122101600_what_must_never_be extends Migration {
  override up(): void {
    this.addSql(`
      create function touch() returns trigger language plpgsql as $$
      begin new.updated_at := now(); return new; end $$`);
    for (const table of ['programs', 'partners', 'commissions', 'payouts']) {
      this.addSql(`create trigger touch before update on ${table} for each row execute function touch()`);
    }

    this.addSql(`
      create function refuse_change() returns trigger language plpgsql as $$
      begin raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation'; end $$`);
    for (const table of ['postings', 'audit_events']) {
      this.addSql(`create trigger append_only before update or delete on ${table} for each row execute function refuse_change()`);
      this.addSql(`create trigger append_only_whole before truncate on ${table} execute function refuse_change()`);
    }
    for (const table of ['commissions', 'payouts', 'payout_items', 'payout_attempts']) {
      this.addSql(`create trigger never_deleted before delete on ${table} for each row execute function refuse_change()`);
      this.addSql(`create trigger never_emptied before truncate on ${table} execute function refuse_change()`);
    }
    this.addSql(`alter table postings add constraint posting_moves_something check (amount_minor > 0)`);
    this.addSql(`alter table postings add constraint posting_goes_somewhere check (from_account <> to_account)`);

    this.addSql(`alter table commissions add constraint commissions_stored_status check (status not in ('ALLOCATED', 'PAID'))`);
    this.addSql(`alter table commissions add constraint commissions_refund_reverses check ((type = 'REVERSAL') = (reverses_id is not null))`);
    this.addSql(`alter table commissions add constraint commissions_terms check (
      (method = 'PERCENTAGE' and rate_bps between 0 and 10000 and per_unit_minor is null and quantity is null)
      or (method = 'FLAT' and rate_bps is null and per_unit_minor is not null and quantity >= 1))`);
    this.addSql(`alter table referrals add constraint referrals_window check (expires_at > clicked_at)`);
    this.addSql(`alter table conversions add constraint conversions_positive check (amount_minor > 0)`);
    this.addSql(`alter table payouts add constraint payouts_positive check (amount_minor > 0 and commission_count > 0)`);
    this.addSql(`alter table payouts add constraint payouts_period check (period_start <= period_end)`);
    this.addSql(`alter table payouts add constraint payouts_approver check (approved_by is null or approved_by <> created_by)`);

    this.addSql(`
      create function commission_may_change() returns trigger language plpgsql as $$
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
        if (old.status, new.status) not in (('PENDING', 'APPROVED'), ('PENDING', 'REJECTED'), ('PENDING', 'REVERSED'),
            ('APPROVED', 'REJECTED'), ('APPROVED', 'REVERSED')) then
          raise exception 'a commission does not move from % to %', old.status, new.status using errcode = 'integrity_constraint_violation';
        end if;
        if old.status = 'APPROVED' and exists (select from payout_items where commission_id = old.id and voided_at is null) then
          raise exception 'a commission in a payout does not move' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger may_change before update on commissions for each row execute function commission_may_change()`);

    this.addSql(`
      create function payout_may_change() returns trigger language plpgsql as $$
      begin
        if (new.id, new.tenant_id, new.partner_id, new.method, new.amount_minor, new.amount_currency, new.commission_count, new.created_by)
           is distinct from
           (old.id, old.tenant_id, old.partner_id, old.method, old.amount_minor, old.amount_currency, old.commission_count, old.created_by) then
          raise exception 'a payout never changes: only its status moves' using errcode = 'integrity_constraint_violation';
        end if;
        if new.status <> old.status and (old.status, new.status) not in (('PENDING', 'APPROVED'), ('PENDING', 'CANCELED'),
            ('APPROVED', 'PROCESSING'), ('APPROVED', 'CANCELED'), ('PROCESSING', 'PAID'), ('PROCESSING', 'FAILED'),
            ('FAILED', 'APPROVED'), ('FAILED', 'CANCELED'), ('PAID', 'RETURNED')) then
          raise exception 'a payout does not move from % to %', old.status, new.status using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger may_change before update on payouts for each row execute function payout_may_change()`);

    this.addSql(`
      create function attempt_may_change() returns trigger language plpgsql as $$
      begin
        if (new.id, new.tenant_id, new.payout_id, new.number, new.key) is distinct from (old.id, old.tenant_id, old.payout_id, old.number, old.key) then
          raise exception 'an attempt keeps its key' using errcode = 'integrity_constraint_violation';
        end if;
        if new.status <> old.status and (old.status, new.status) not in (('SENDING', 'UNKNOWN'), ('SENDING', 'SENT'), ('SENDING', 'CONFIRMED'),
            ('SENDING', 'FAILED'), ('UNKNOWN', 'SENDING'), ('UNKNOWN', 'SENT'), ('UNKNOWN', 'CONFIRMED'), ('UNKNOWN', 'FAILED'),
            ('SENT', 'UNKNOWN'), ('SENT', 'CONFIRMED'), ('SENT', 'FAILED')) then
          raise exception 'an attempt does not move from % to %', old.status, new.status using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger may_change before update on payout_attempts for each row execute function attempt_may_change()`);

    this.addSql(`
      create function item_may_change() returns trigger language plpgsql as $$
      begin
        if old.voided_at is not null or (new.id, new.tenant_id, new.payout_id, new.commission_id) is distinct from (old.id, old.tenant_id, old.payout_id, old.commission_id) then
          raise exception 'a claim is only ever given back' using errcode = 'integrity_constraint_violation';
        end if;
        if not exists (select from payouts where id = old.payout_id and status in ('CANCELED', 'FAILED', 'RETURNED')) then
          raise exception 'a payout that is under way or paid keeps its lines' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger may_change before update on payout_items for each row execute function item_may_change()`);

    // A payout's lines are claimed by one statement, which must leave it whole: right partner, currency, status and sum.
    this.addSql(`
      create function claims_must_fit() returns trigger language plpgsql as $$
      begin
        if exists (
          select from claimed i join commissions c on c.id = i.commission_id join payouts p on p.id = i.payout_id
          where c.partner_id <> p.partner_id or c.amount_currency <> p.amount_currency or c.status <> 'APPROVED' or p.status <> 'PENDING') then
          raise exception 'a payout claims approved lines of its own partner and currency' using errcode = 'integrity_constraint_violation';
        end if;
        if exists (
          select from payouts p
          join (select i.payout_id, sum(c.amount_minor) as total, count(*) as lines
                from payout_items i join commissions c on c.id = i.commission_id
                where i.voided_at is null and i.payout_id in (select payout_id from claimed)
                group by i.payout_id) l on l.payout_id = p.id
          where l.total <> p.amount_minor or l.lines <> p.commission_count) then
          raise exception 'a payout is the sum of its lines' using errcode = 'integrity_constraint_violation';
        end if;
        return null;
      end $$`);
    this.addSql(`create trigger must_fit after insert on payout_items referencing new table as claimed
      for each statement execute function claims_must_fit()`);
    this.addSql(`
      create function payout_has_lines() returns trigger language plpgsql as $$
      begin
        if not exists (select from payout_items where payout_id = new.id) then
          raise exception 'a payout is the sum of its lines' using errcode = 'integrity_constraint_violation';
        end if;
        return null;
      end $$`);
    this.addSql(`create constraint trigger has_lines after insert on payouts deferrable initially deferred
      for each row execute function payout_has_lines()`);

    // PostgreSQL has uuidv7() from 18 on; set-based inserts need it from 15 on.
    this.addSql(`
      create function new_id() returns uuid language sql volatile as $$
        select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
          placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
      $$`);
  }
}
