import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { Decimal, LocalDate } from '../../../kernel/request/scalars.ts';

/** A dated exchange rate. Rows are append-only. */
@Entity({ tableName: 'exchange_rates' })
@NotPersonal('terms of the program')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'An exchange rate, in force from a day until the next rate.',
})
export class ExchangeRate extends Base {
  @Field({ description: 'ISO 4217 code of the base currency.' })
  @Property({ type: 'text' })
  base!: string;

  @Field({ description: 'ISO 4217 code of the quote currency.' })
  @Property({ type: 'text' })
  quote!: string;

  @Field(() => Decimal, { description: 'Units of `quote` for one unit of `base`.' })
  @Property({ columnType: 'numeric(24,12)', type: 'string' })
  rate!: string;

  @Field(() => LocalDate, {
    description: "First day on which the rate is in force, in the program's time zone.",
  })
  @Property({ type: 'date' })
  effectiveOn!: string;

  @Field({ description: 'Id of the actor that entered the rate.' })
  @Property({ type: 'text' })
  createdBy!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the second person that confirmed a large change; null for a rate that needed none.',
  })
  @Property({ type: 'text', nullable: true })
  confirmedBy?: string | null;
}

/** Exchange rates are terms of the program: a caller that may read its settings may read them. */
export const exchangeRateTable: Table<ExchangeRate> = {
  type: ExchangeRate,
  from: 'exchange_rates x',
  alias: 'x',
  kind: 'program',
  attributes: owned('x'),
  columns: { ...columnsOf(ExchangeRate, 'x'), rate: column('trim_scale(x.rate)::text') },
};
