import { Migration } from '@mikro-orm/migrations';

export class Migration20261126130000_a_part_of_a_sale_may_round_to_nothing extends Migration {
  override up(): void {
    // Of a sale of two cents five partners cannot have a part each: also the one that closed it, whose conversion it counts as.
    this.addSql(`
      alter table conversions
        drop constraint conversions_positive,
        add constraint conversions_positive check (amount_minor > 0 or (amount_minor = 0 and part_of is null))`);
  }
}
