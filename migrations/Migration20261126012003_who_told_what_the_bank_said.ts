import { Migration } from '@mikro-orm/migrations';

/** Who sends a rejected payment again is not who read in that it was rejected: what a bank said is found by its payment. */
export class Migration20261126012003_who_told_what_the_bank_said extends Migration {
  override up(): void {
    this.addSql(
      `create index bank_status_lines_payment on bank_status_lines (payment_id) where payment_id is not null`,
    );
  }
}
