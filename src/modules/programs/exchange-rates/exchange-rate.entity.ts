import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';
import { CurrencyPairRate } from './currency-pair-rate.ts';

/** A dated exchange rate. Rows are append-only. */
@Entity({ tableName: 'exchange_rates' })
@NotPersonal('terms of the program')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'An exchange rate, in force from a day until the next rate.',
})
export class ExchangeRate extends CurrencyPairRate {
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
