import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { Decimal, LocalDate } from '../../../kernel/request/scalars.ts';

/** What one unit of a currency is worth in another, from a day on; its rows are only ever added to. */
@Entity({ tableName: 'exchange_rates' })
@NotPersonal('terms of the program')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'What one unit of a currency is worth in another, from a day on until the next one.',
})
export class ExchangeRate extends Base {
  @Field({ description: 'ISO 4217 code of the currency that one unit is of.' })
  @Property({ type: 'text' })
  base!: string;

  @Field({ description: 'ISO 4217 code of the currency that it is worth the rate in.' })
  @Property({ type: 'text' })
  quote!: string;

  @Field(() => Decimal, { description: 'Units of `quote` for one of `base`.' })
  @Property({ columnType: 'numeric(24,12)', type: 'string' })
  rate!: string;

  @Field(() => LocalDate, { description: "The day of the program's time zone from which on it is in force." })
  @Property({ type: 'date' })
  effectiveOn!: string;

  @Field({ description: 'Who entered it.' })
  @Property({ type: 'text' })
  createdBy!: string;
}

/** Terms of the program: who sees its settings sees them. */
export const exchangeRateTable: Table<ExchangeRate> = {
  type: ExchangeRate,
  from: 'exchange_rates x',
  alias: 'x',
  kind: 'program',
  attributes: owned('x'),
  columns: { ...columnsOf(ExchangeRate, 'x'), rate: column('trim_scale(x.rate)::text') },
};
