import { Migration } from '@mikro-orm/migrations';

/** When a fact was posted, by the product's clock; of those from before, when the row was made. No trigger runs: a posting
 *  is never updated, so the column takes its values from the other one as it gets its type. */
export class Migration20261122163000_postings_say_when extends Migration {
  override up(): void {
    this.addSql(`alter table postings add column occurred_at timestamptz(3) null`);
    this.addSql(`alter table postings alter column occurred_at type timestamptz(3) using created_at`);
    this.addSql(`alter table postings alter column occurred_at set default now(), alter column occurred_at set not null`);
    // Statements walk a partner's postings in their order; balances take all of them.
    this.addSql(`drop index postings_partner`);
    this.addSql(`create index postings_partner on postings (partner_id, amount_currency, occurred_at, id)`);
  }
}
