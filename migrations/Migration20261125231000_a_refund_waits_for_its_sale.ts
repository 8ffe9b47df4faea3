import { Migration } from '@mikro-orm/migrations';

/** What was refunded of an order, by the seller's own id of it. One that comes before its sale waits here, and is settled
 *  in the sale's own transaction. It is settled once and never changes after. */
export class Migration20261125231000_a_refund_waits_for_its_sale extends Migration {
  override up(): void {
    this.addSql(`
      create table sale_refunds (
        id uuid primary key, tenant_id text not null references programs (tenant_id), created_at timestamptz(3) not null default now(),
        partner_id uuid null, order_id text not null, product text null, refund_id text null,
        part_minor bigint null, total_minor bigint null, currency text null, reason text not null, occurred_at timestamptz(3) not null,
        stated_by text not null, settled_at timestamptz(3) null, taken_minor bigint null, unearned_minor bigint null,
        lines jsonb not null,
        constraint sale_refunds_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint sale_refunds_amount check (num_nonnulls(part_minor, total_minor) <= 1 and coalesce(part_minor, total_minor, 1) > 0
          and (num_nonnulls(part_minor, total_minor) = 0 or currency is not null)),
        constraint sale_refunds_settled check ((settled_at is null and taken_minor is null and unearned_minor is null)
          or (partner_id is not null and currency is not null and taken_minor >= 0 and unearned_minor between 0 and taken_minor)))`);
    this.addSql(`create unique index sale_refunds_once on sale_refunds (tenant_id, order_id, refund_id) where refund_id is not null`);
    this.addSql(`create index sale_refunds_order on sale_refunds (tenant_id, order_id)`);
    this.addSql(`create index sale_refunds_partner on sale_refunds (partner_id, id)`);
    this.addSql(`create index sale_refunds_tenant on sale_refunds (tenant_id, id)`);
    this.addSql(`create index sale_refunds_waiting on sale_refunds (tenant_id, id) where settled_at is null`);
    this.addSql(`
      create function sale_refund_may_change() returns trigger language plpgsql as $$
      begin
        if old.settled_at is not null or new.settled_at is null or (old.partner_id is not null and old.partner_id <> new.partner_id)
          or (to_jsonb(new) - array['partner_id', 'currency', 'settled_at', 'taken_minor', 'unearned_minor', 'lines'])
            is distinct from (to_jsonb(old) - array['partner_id', 'currency', 'settled_at', 'taken_minor', 'unearned_minor', 'lines']) then
          raise exception 'a refund is settled once and never changes' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger may_change before update on sale_refunds for each row execute function sale_refund_may_change()`);
    this.addSql(`create trigger never_deleted before delete on sale_refunds for each row execute function refuse_change()`);
    this.addSql(`create trigger never_emptied before truncate on sale_refunds execute function refuse_change()`);
    this.addSql(`select protect('sale_refunds', 'select, insert, update', 'partner_id')`);
    const staff = `coalesce(current_setting('portal.partner', true), '') = ''`;
    this.addSql(`create policy staff_inserts on sale_refunds as restrictive for insert to partner_portal_api with check (${staff})`);
    this.addSql(`create policy staff_changes on sale_refunds as restrictive for update to partner_portal_api using (${staff})`);
    this.addSql(`create policy staff_deletes on sale_refunds as restrictive for delete to partner_portal_api using (${staff})`);
  }
}
