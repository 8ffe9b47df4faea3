import { Migration } from '@mikro-orm/migrations';

/** What the rail says of an account that it keeps itself: whether money arrives there, and what its holder still has to do. */
export class Migration20261125234000_accounts_tell_their_state extends Migration {
  override up(): void {
    this.addSql(`
      alter table payout_accounts
        add payouts_enabled boolean null, add requirements text[] not null default '{}', add checked_at timestamptz(3) null,
        add constraint payout_accounts_checked check (checked_at is not null or (payouts_enabled is null and requirements = '{}'))`);
  }
}
