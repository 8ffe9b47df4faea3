import { Migration } from '@mikro-orm/migrations';

export class Migration20261126014001_a_refund_takes_what_comes_back extends Migration {
  override async up(): Promise<void> {
    // What a lost dispute had taken may come back after the refund: then the refund takes the rest that it asked for.
    const moves = `array['partner_id', 'currency', 'settled_at', 'taken_minor', 'unearned_minor', 'lines']`;
    this.addSql(`
      create or replace function sale_refund_may_change() returns trigger language plpgsql as $$
      begin
        if new.settled_at is null or (old.partner_id is not null and old.partner_id <> new.partner_id)
          or (old.settled_at is not null and (new.taken_minor < old.taken_minor or new.unearned_minor < old.unearned_minor
            or new.currency is distinct from old.currency or not new.lines @> old.lines))
          or (to_jsonb(new) - ${moves}) is distinct from (to_jsonb(old) - ${moves}) then
          raise exception 'a refund is settled once and takes back no less afterwards' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
  }
}
