import { Migration } from '@mikro-orm/migrations';

/** What waits for a person is looked at again every few seconds: it has an index of its own. */
export class Migration20261126012005_parked_messages_are_found extends Migration {
  override up(): void {
    this.addSql(`create index rail_events_parked on rail_events (payout_id) where state = 'PARKED'`);
  }
}
