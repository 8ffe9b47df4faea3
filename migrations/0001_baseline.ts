import { Migration } from '@mikro-orm/migrations';
import { readSource, sourceFiles } from '../src/database/source-files.ts';

/** Builds the tables of an empty database from `src/database/schema`. Functions, triggers and policies follow from their
 *  files, after all migrations. */
export class Baseline extends Migration {
  override name = '0001_baseline';

  override async up(): Promise<void> {
    this.addSql(await readSource('functions/fraud/normal_email.sql')); // an index of deals uses it
    this.addSql(await readSource('functions/partners/searchable.sql')); // a column of partners uses it
    for (const { sql } of await sourceFiles('schema')) this.addSql(sql);
    this.addSql(await readSource('functions/tracking/make_touch_months.sql'));
    this.addSql(`select make_touch_months((now() - interval '1 month')::date, 5)`);
  }
}
