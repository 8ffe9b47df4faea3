import { Migration } from '@mikro-orm/migrations';

/** What a currency was worth in another, from which day on. A rate is never changed: of two for a day, the later one counts. */
export class Migration20261122164000_exchange_rates extends Migration {
  override up(): void {
    this.addSql(`
      create table exchange_rates (
        id uuid primary key, tenant_id text not null references programs (tenant_id), created_at timestamptz(3) not null default now(),
        base text not null check (base ~ '^[A-Z]{3}$'), quote text not null check (quote ~ '^[A-Z]{3}$'),
        rate numeric(24,12) not null check (rate > 0), effective_on date not null, created_by text not null,
        constraint exchange_rates_two_currencies check (base <> quote))`);
    this.addSql(`create index exchange_rates_in_force on exchange_rates (tenant_id, least(base, quote), greatest(base, quote), effective_on)`);
    this.addSql(`create trigger append_only before update or delete on exchange_rates for each row execute function refuse_change()`);
    this.addSql(`create trigger append_only_whole before truncate on exchange_rates execute function refuse_change()`);
    this.addSql(`select protect('exchange_rates', 'select, insert')`);
  }
}
