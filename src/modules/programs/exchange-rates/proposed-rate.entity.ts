import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';
import { CurrencyPairRate } from './currency-pair-rate.ts';
import { exchangeRateTable } from './exchange-rate.entity.ts';

export const ProposedRateStatus = {
  WAITING: 'WAITING',
  CONFIRMED: 'CONFIRMED',
  REJECTED: 'REJECTED',
} as const;
export type ProposedRateStatus = (typeof ProposedRateStatus)[keyof typeof ProposedRateStatus];

registerEnumType(ProposedRateStatus, {
  name: 'ProposedRateStatus',
  description: 'Status of a proposed exchange rate.',
  valuesConfig: {
    WAITING: { description: 'Waits for a second person and does not count.' },
    CONFIRMED: { description: 'A second person confirmed the rate, so it counts.' },
    REJECTED: { description: 'Rejected or withdrawn. It never counts.' },
  },
});

/** A rate that moves by more than the limit of the program from the rate before. */
@Entity({ tableName: 'proposed_rates' })
@NotPersonal('terms of the program')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description:
    'An exchange rate that moves by more than `Program.rateChangeLimit` from the rate before. It counts once a second person confirms it.',
})
export class ProposedExchangeRate extends CurrencyPairRate {
  @Field(() => LocalDate, { description: 'First day on which the rate would be in force.' })
  @Property({ type: 'date' })
  effectiveOn!: string;

  @Field({ description: 'Id of the actor that entered the rate. That person cannot confirm it.' })
  @Property({ type: 'text' })
  createdBy!: string;

  @Property({ type: 'uuid' })
  comparedWith!: string;

  @Field(() => ProposedRateStatus, { description: 'Status.' })
  @Enum({ items: () => ProposedRateStatus })
  status: Opt<ProposedRateStatus> = 'WAITING';

  @Field(() => String, { nullable: true, description: 'Id of the actor that decided; null before.' })
  @Property({ type: 'text', nullable: true })
  decidedBy?: string | null;

  @Field(() => Date, { nullable: true, description: 'Time of the decision; null before.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  decidedAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'Reason of the rejection; null otherwise.' })
  @Property({ type: 'text', nullable: true })
  reason?: string | null;
}

export const proposedRateTable: Table<ProposedExchangeRate> = {
  type: ProposedExchangeRate,
  from: 'proposed_rates y',
  alias: 'y',
  kind: 'program',
  attributes: { ...owned('y'), createdBy: { sql: 'y.created_by', is: 'string' } },
  columns: {
    ...columnsOf(ProposedExchangeRate, 'y'),
    rate: column('trim_scale(y.rate)::text'),
  },
  one: { before: { key: 'y.compared_with', table: () => exchangeRateTable } },
  needs: { before: ['comparedWith'] },
};
