import { Migration } from '@mikro-orm/migrations';

/** Touches of a period lie together, as they are written in the order of time: an index of their ranges costs a click next
 *  to nothing. Leads of a period are few. */
export class Migration20261126005002_a_funnel_reads_a_period extends Migration {
  override up(): void {
    this.addSql(`create index touches_of_period on touches using brin (clicked_at) with (pages_per_range = 16, autosummarize = on)`);
    this.addSql(`create index leads_of_period on leads (tenant_id, created_at)`);
  }
}
