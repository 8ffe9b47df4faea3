import { Embedded, Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { PartnerTier } from '../../../domain/partner.ts';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';

/** The dated requirements and benefits of a tier. Rows are append-only. */
@Entity({ tableName: 'tier_config_versions' })
@NotPersonal('settings of a tenant')
@Filter({ name: 'mine', cond: byTenant, default: true })
export class TierConfigVersion extends Base {
  @Enum({ items: () => PartnerTier })
  tier!: PartnerTier;

  @Embedded(() => MoneyColumn)
  minMonthlyRevenue!: MoneyColumn;

  @Property({ type: 'integer' })
  minCustomers!: number;

  @Property({ type: 'integer' })
  rateBps!: number;

  @Property({ type: 'timestamptz', length: 3 })
  effectiveAt!: Date;

  @Property({ type: 'text' })
  createdBy!: string;
}
