import { Migration } from '@mikro-orm/migrations';

/** Who has seen the secret of a key may have acted by it: four eyes do not open twice. */
export class Migration20261122132003_who_saw_a_secret extends Migration {
  override up(): void {
    this.addSql(`alter table api_keys add column seen_by text[] not null default '{}'`);
    this.addSql(`update api_keys set seen_by = array[created_by]`);
    this.addSql(`alter table api_keys alter column seen_by drop default`);
  }
}
