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
  description: 'Tiers of the program, lowest first. `TierConfig` has their requirements and benefits.',
  valuesConfig: {
    BRONZE: { description: 'The first tier.' },
    SILVER: { description: 'The second tier.' },
    GOLD: { description: 'The third tier.' },
    PLATINUM: { description: 'The fourth tier.' },
    DIAMOND: { description: 'The highest tier.' },
  },
});

/** The requirements and benefits of a tier. */
@Entity({ tableName: 'partner_tier_configs' })
@NotPersonal('settings of a tenant')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: 'Requirements and benefits of a tier.' })
export class TierConfig extends Base {
  @Field(() => PartnerTier, { description: 'The tier.' })
  @Enum({ items: () => PartnerTier })
  tier!: PartnerTier;

  @Field(() => MoneyColumn, { description: 'Required net revenue a month, inclusive.' })
  @Embedded(() => MoneyColumn)
  minMonthlyRevenue!: MoneyColumn;

  @Field(() => Int, { description: 'Required active customers, inclusive.' })
  @Property({ type: 'integer' })
  minCustomers!: number;

  @Property({ type: 'integer' })
  rateBps!: number;

  @Field(() => Percentage, {
    description:
      'Commission rate in percent, used if neither the commission nor the partner has its own rate.',
  })
  get commissionRate(): Opt<number> {
    return this.rateBps;
  }

  @Field(() => Int, { description: 'Limit of API calls an hour of partners of this tier.' })
  @Property({ type: 'integer' })
  apiCallsPerHour!: number;

  @Field({ description: 'True if partners of this tier have a dedicated account manager.' })
  @Property({ type: 'boolean' })
  dedicatedManager!: boolean;

  @Field(() => [String], { description: 'Further benefits as text.' })
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
