import { Migration } from '@mikro-orm/migrations';

export class Migration20261126143000_a_lost_dispute_is_found_by_its_refund extends Migration {
  override up(): void {
    this.addSql(`create index commission_holds_refund on commission_holds (refund_id) where refund_id is not null`);
  }
}
