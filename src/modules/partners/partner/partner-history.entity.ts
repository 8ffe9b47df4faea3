import { Entity, Enum, Property } from '@mikro-orm/decorators/legacy';
import { PartnerStatus, PartnerTier } from '../../../domain/partner.ts';
import { Base } from '../../../kernel/data/base.entity.ts';

/** Who was what, from when: the tier and status in force when a sale happened decide its commission. */
@Entity({ tableName: 'partner_history' })
export class PartnerHistory extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Enum({ items: () => PartnerStatus })
  status!: PartnerStatus;

  @Enum({ items: () => PartnerTier })
  tier!: PartnerTier;

  /** The first row of a partner holds from 1970: what it started as covers sales that are entered later. */
  @Property({ type: 'timestamptz', length: 3 })
  effectiveAt!: Date;

  @Property({ type: 'text', nullable: true })
  changedBy?: string | null;

  @Property({ type: 'text', nullable: true })
  reason?: string | null;
}
