import { Migration } from '@mikro-orm/migrations';

/** A partner has so many deals open at once: who registers everybody would beat everybody. */
export class Migration20261126013001_who_registers_everybody extends Migration {
  override up(): void {
    this.addSql(`alter table programs add column deals_per_partner int not null default 50 check (deals_per_partner between 0 and 10000)`);
  }
}
