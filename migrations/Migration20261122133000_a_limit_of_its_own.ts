import { Migration } from '@mikro-orm/migrations';

/** A partner may have another number of API calls an hour than its tier gives. */
export class Migration20261122133000_a_limit_of_its_own extends Migration {
  override up(): void {
    this.addSql(`alter table partners add column api_limit_override int
      constraint partners_api_limit_override check (api_limit_override between 1 and 1000000)`);
  }
}
