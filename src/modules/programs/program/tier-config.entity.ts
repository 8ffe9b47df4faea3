import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { PartnerTier } from '../../../domain/partner.ts';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { Percentage } from '../../../kernel/request/scalars.ts';

registerEnumType(PartnerTier, {
  name: 'PartnerTier',
  description: 'The rungs of the program, lowest first. What each asks and gives: `TierConfig`.',
  valuesConfig: {
    BRONZE: { description: 'The first tier.' },
    SILVER: { description: 'The second tier.' },
    GOLD: { description: 'The third tier.' },
    PLATINUM: { description: 'The fourth tier.' },
    DIAMOND: { description: 'The highest tier.' },
  },
});

/** What a tier asks of a partner and gives to it. */
@Entity({ tableName: 'partner_tier_configs' })
@NotPersonal('settings of a tenant')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: 'What a tier asks of a partner and gives to it.' })
export class TierConfig extends Base {
  @Field(() => PartnerTier, { description: 'The tier.' })
  @Enum({ items: () => PartnerTier })
  tier!: PartnerTier;

  @Field(() => MoneyColumn, { description: 'Net revenue a month that the tier asks for, itself included.' })
  @Embedded(() => MoneyColumn)
  minMonthlyRevenue!: MoneyColumn;

  @Field(() => Int, { description: 'Active customers that the tier asks for, itself included.' })
  @Property({ type: 'integer' })
  minCustomers!: number;

  @Property({ type: 'integer' })
  rateBps!: number;

  @Field(() => Percentage, {
    description: 'Percent of a sale, where neither the line nor the partner has a rate of its own.',
  })
  get commissionRate(): Opt<number> {
    return this.rateBps;
  }

  @Field(() => Int, { description: 'API calls an hour that a partner of this tier may make.' })
  @Property({ type: 'integer' })
  apiCallsPerHour!: number;

  @Field({ description: 'Whether partners of this tier have a dedicated account manager.' })
  @Property({ type: 'boolean' })
  dedicatedManager!: boolean;

  @Field(() => [String], { description: 'What else the tier gives, in words.' })
  @Property({ type: 'text[]' })
  benefits!: string[];
}

export const tierConfigTable: Table<TierConfig> = {
  type: TierConfig,
  from: 'partner_tier_configs t',
  alias: 't',
  kind: 'tierConfig',
  attributes: owned('t'),
  columns: columnsOf(TierConfig, 't'),
  needs: { commissionRate: ['rateBps'] },
};
