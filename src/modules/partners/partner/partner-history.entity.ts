import { Entity, Enum, Property } from '@mikro-orm/decorators/legacy';
import { PartnerStatus, PartnerTier } from '../../../domain/partner.ts';
import { Base } from '../../../kernel/data/base.entity.ts';

/** The dated tier and status of partners. The values in force at the time of a sale decide its commission. */
@Entity({ tableName: 'partner_history' })
export class PartnerHistory extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Enum({ items: () => PartnerStatus })
  status!: PartnerStatus;

  @Enum({ items: () => PartnerTier })
  tier!: PartnerTier;

  /** The first row of a partner is valid from 1970, so that it also covers sales of before that are recorded later. */
  @Property({ type: 'timestamptz', length: 3 })
  effectiveAt!: Date;

  @Property({ type: 'text', nullable: true })
  changedBy?: string | null;

  @Property({ type: 'text', nullable: true })
  reason?: string | null;
}
