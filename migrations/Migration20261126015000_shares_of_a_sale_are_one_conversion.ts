import { Migration } from '@mikro-orm/migrations';

/** Of a sale that several partners share one row is counted, with the link and the campaign of each. */
export class Migration20261126015000_shares_of_a_sale_are_one_conversion extends Migration {
  override up(): void {
    this.addSql(`
      create or replace function metrics_of(v conversions) returns setof metric_delta language sql stable as $$
        select v.tenant_id, v.partner_id, (v.occurred_at at time zone g.time_zone)::date, v.source, v.amount_currency, 0::bigint,
          v.counted::int::bigint, v.counted::int::bigint, 0::bigint, v.amount_minor, 0::bigint, 0::bigint, r.link_id, r.campaign
        from programs g left join referrals r on r.id = v.referral_id where g.tenant_id = v.tenant_id
      $$`);
  }
}
