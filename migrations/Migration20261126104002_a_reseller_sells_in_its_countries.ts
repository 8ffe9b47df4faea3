import { Migration } from '@mikro-orm/migrations';

/** Clicks of a partner have no part in sales outside of its territory (DOMAIN section 5); a sale whose country nobody told is inside. */
export class Migration20261126104002_a_reseller_sells_in_its_countries extends Migration {
  override up(): void {
    this.addSql(`
      create function sells_outside(partner uuid, country text) returns boolean language sql stable as $$
        select exists (select from reseller_configs r where r.partner_id = partner and cardinality(r.countries) > 0 and not country = any(r.countries))
      $$`);
  }
}
