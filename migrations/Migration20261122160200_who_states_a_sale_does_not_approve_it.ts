import { Migration } from '@mikro-orm/migrations';

/** Four eyes reach to who told of a sale: a conversion has no maker by hand, yet somebody stated its amount. And a
 *  partner's session sees of the program's terms only what concerns it, and writes none. */
export class Migration20261122160200_who_states_a_sale_does_not_approve_it extends Migration {
  override up(): void {
    this.addSql(`alter table commissions add column stated_by text null`);
    this.addSql(`alter table commissions add constraint commissions_stated_four_eyes
      check (approved_by is null or stated_by is null or approved_by <> stated_by)`);
    this.addSql(`
      create or replace function computation_stays() returns trigger language plpgsql as $$
      begin
        if (new.rule_id, new.product, new.country, new.line_number, new.adjusts_id, new.order_id, new.computation, new.stated_by)
          is distinct from (old.rule_id, old.product, old.country, old.line_number, old.adjusts_id, old.order_id, old.computation, old.stated_by) then
          raise exception 'a commission line never changes: only its status moves' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);

    const partner = `nullif(current_setting('portal.partner', true), '')`;
    for (const table of ['commission_rules', 'plan_memberships']) {
      this.addSql(`create policy of_its_partner on ${table} as restrictive for select to partner_portal_api
        using (${partner} is null or partner_id is null or partner_id::text = ${partner})`);
    }
    for (const table of ['commission_plans', 'commission_rules', 'plan_memberships']) {
      this.addSql(`create policy of_staff on ${table} as restrictive for insert to partner_portal_api with check (${partner} is null)`);
    }

    // Whether a customer is new is asked of all partners' sales, also where a partner asks what a sale would pay.
    this.addSql(`
      create function customer_bought_before(customer uuid, at timestamptz) returns boolean
      language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
        select exists (select from commissions c where c.customer_id = customer and c.occurred_at < at
          and current_setting('portal.tenant', true) in (c.tenant_id, '*')
          and c.type not in ('REVERSAL', 'BONUS', 'TRUE_UP', 'ADJUSTMENT') and c.status <> 'REJECTED')
      $$`);
    this.addSql(`
      create function customer_known_as(tenant text, external text) returns uuid
      language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
        select k.id from customers k where k.tenant_id = tenant and k.external_id = external
          and current_setting('portal.tenant', true) in (k.tenant_id, '*')
      $$`);
    for (const definer of ['customer_bought_before(uuid, timestamptz)', 'customer_known_as(text, text)']) {
      this.addSql(`revoke execute on function ${definer} from public`);
      this.addSql(`grant execute on function ${definer} to partner_portal_api`);
    }
  }
}
