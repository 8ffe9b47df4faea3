import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';

/** A line may round to nothing, and its sale be disputed all the same: what is lost then is the sale's revenue. */
export class Migration20261126104000_a_sale_that_earned_nothing_is_disputed_too extends Migration {
  override up(): void {
    this.addSql(`
      create or replace function hold_fits() returns trigger language plpgsql ${AS_OWNER} as $$
      begin
        if not exists (select from commissions where id = new.commission_id and partner_id = new.partner_id and reverses_id is null
            and (new.kind = 'FX') = (unrated is not null) and amount_minor >= 0
            and (status in ('PENDING', 'HELD') or (status = 'APPROVED' and new.kind = 'DISPUTE'))) then
          raise exception 'a hold is on a line of the partner that is not what the partner owes' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
  }
}
