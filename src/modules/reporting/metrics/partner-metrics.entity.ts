import type { Opt } from '@mikro-orm/core';
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { FIGURES } from '../../../domain/metrics.ts';
import { NotPersonal, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';

/** Metrics that database triggers keep up to date: see `apply_metric_deltas` in src/database. */
abstract class Figures {}
const properties = FIGURES.map((figure) => figure.replace('_minor', 'Minor'));
for (const name of properties) Property({ type: 'bigint', default: '0' })(Figures.prototype, name);

abstract class PartnerFigures extends Figures {
  @PrimaryKey({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'text' })
  @Withheld('the tenant')
  tenantId!: string;
}

/** Metrics of a partner to date, one row per currency. Metrics without a currency (clicks, customers) have the currency `XXX`. */
@Entity({ tableName: 'partner_metrics' })
@NotPersonal('sums of partner_metrics_daily')
export class PartnerMetricsRow extends PartnerFigures {
  @PrimaryKey({ type: 'text' })
  currency!: string;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  updatedAt!: Opt<Date>;
}

/** Metrics of a partner per day, in the program's time zone, and per traffic source. */
@Entity({ tableName: 'partner_metrics_daily' })
@Shows(properties, 'PARTNER')
export class PartnerMetricsDay extends PartnerFigures {
  @PrimaryKey({ type: 'date' })
  @ShownTo('PARTNER')
  day!: string;

  /** The day whose exchange rates apply: for a refund the day of its sale. */
  @PrimaryKey({ type: 'date' })
  @ShownTo('PARTNER')
  rateDay!: string;

  @PrimaryKey({ type: 'text' })
  @ShownTo('PARTNER')
  source!: string;

  @PrimaryKey({ type: 'text' })
  @ShownTo('PARTNER')
  currency!: string;
}

/** Metrics of a partner per day and per link or campaign. `name` is the id of the link or the name of the campaign. */
@Entity({ tableName: 'partner_metrics_by' })
@NotPersonal('sums of the same rows as partner_metrics_daily, by link and campaign')
export class PartnerMetricsBy extends PartnerFigures {
  @PrimaryKey({ type: 'text' })
  kind!: 'LINK' | 'CAMPAIGN';

  @PrimaryKey({ type: 'date' })
  day!: string;

  @PrimaryKey({ type: 'date' })
  rateDay!: string;

  @PrimaryKey({ type: 'text' })
  name!: string;

  @PrimaryKey({ type: 'text' })
  currency!: string;
}

/** Metrics of a program per day, without the changes that are not folded yet. */
@Entity({ tableName: 'program_metrics_daily' })
@NotPersonal('sums of a whole program')
export class ProgramMetricsDay extends Figures {
  @PrimaryKey({ type: 'text' })
  tenantId!: string;

  @PrimaryKey({ type: 'date' })
  day!: string;

  @PrimaryKey({ type: 'date' })
  rateDay!: string;

  @PrimaryKey({ type: 'text' })
  currency!: string;
}

/** Changes since the last fold. Rows are only appended, and folded by `fold_program_metrics` (src/database). */
@Entity({ tableName: 'program_metric_changes' })
@NotPersonal('sums of a whole program')
export class ProgramMetricsChange extends Figures {
  @PrimaryKey({ type: 'bigint', generated: 'identity' })
  id!: bigint;

  @Property({ type: 'text' })
  tenantId!: string;

  @Property({ type: 'date' })
  day!: string;

  @Property({ type: 'date' })
  rateDay!: string;

  @Property({ type: 'text' })
  currency!: string;
}
