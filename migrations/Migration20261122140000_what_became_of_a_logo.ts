import { Migration } from '@mikro-orm/migrations';

/** What a fetch of a partner's images found; null until there was one. */
export class Migration20261122140000_what_became_of_a_logo extends Migration {
  override up(): void {
    for (const column of ['logo_status', 'favicon_status']) {
      this.addSql(`alter table white_label_configs add column ${column} text null`);
      this.addSql(`alter table white_label_configs add constraint white_label_configs_${column}_check
        check (${column} in ('OK', 'NOT_REACHABLE', 'NOT_AN_IMAGE', 'TOO_LARGE'))`);
    }
  }
}
