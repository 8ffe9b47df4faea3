import { Migration } from '@mikro-orm/migrations';

/** A purchase that nobody is credited with (a bot's click, a partner that buys itself, ...) is kept, and is nobody's figure. */
export class Migration20261126140000_what_nobody_is_credited_with_binds_nobody extends Migration {
  override up(): void {
    this.addSql(`alter table conversions add column refused text
      constraint conversions_refused check (refused in ('BOT', 'INACTIVE', 'SELF_REFERRAL', 'TERRITORY'))`);
    this.addSql(`
      create or replace function metrics_of(v conversions) returns setof metric_delta language sql stable as $$
        select v.tenant_id, v.partner_id, (v.occurred_at at time zone g.time_zone)::date, v.source, v.amount_currency, 0::bigint,
          v.counted::int::bigint, v.counted::int::bigint, 0::bigint, v.amount_minor, 0::bigint, 0::bigint, r.link_id, r.campaign
        from programs g left join referrals r on r.id = v.referral_id where g.tenant_id = v.tenant_id and v.refused is null
      $$`);

    // Whether a partner is the customer, by its own address and id or those of its people; nobody is where the program allows the customer.
    this.addSql(`
      create function is_customer(partner uuid, external text, emails text[]) returns boolean
      language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
        select exists (
          select from partners p left join members m on m.partner_id = p.id and m.removed_at is null
          where p.id = partner and (external in (p.id::text, m.id::text, m.subject)
            or normal_email(p.email) = any(emails) or normal_email(m.email) = any(emails)))
      $$`);
    this.addSql(`revoke execute on function is_customer from public`);
    this.addSql(`grant execute on function is_customer to partner_portal_api`);

    // The lowest id that a row made at that instant can have.
    this.addSql(`
      create function lowest_id(at timestamptz) returns uuid language sql immutable strict parallel safe as $$
        select (lpad(to_hex(greatest(0, floor(extract(epoch from at) * 1000))::bigint), 12, '0') || repeat('0', 20))::uuid
      $$`);

    // As what a partner knows a visitor: the same one each time, and nothing that it could say clicks of.
    this.addSql(`
      create function visitor_alias(visitor uuid, partner uuid) returns uuid language sql immutable strict parallel safe as $$
        select overlay(overlay(md5(visitor::text || partner::text) placing '8' from 13) placing 'a' from 17)::uuid
      $$`);
  }
}
