import { Entity, Enum, Property } from '@mikro-orm/decorators/legacy';
import { PartnerStatus, PartnerTier } from '../../../domain/partner.ts';
import { Base } from '../../../kernel/data/base.entity.ts';
import { ShownTo, Withheld } from '../../../kernel/data/personal.ts';

/** The dated tier and status of partners. The values in force at the time of a sale decide its commission. */
@Entity({ tableName: 'partner_history' })
export class PartnerHistory extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Enum({ items: () => PartnerStatus })
  @ShownTo('PARTNER')
  status!: PartnerStatus;

  @Enum({ items: () => PartnerTier })
  @ShownTo('PARTNER')
  tier!: PartnerTier;

  /** The first row of a partner is valid from 1970, so that it also covers sales of before that are recorded later. */
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  effectiveAt!: Date;

  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member; accounting records')
  changedBy?: string | null;

  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  reason?: string | null;

  /** The partner's own rate in basis points, when this row sets it. */
  @Property({ type: 'integer', nullable: true })
  @ShownTo('PARTNER')
  rateBps?: number | null;

  /** The partner's own rate before this row, when this row changes or removes it. */
  @Property({ type: 'integer', nullable: true })
  @ShownTo('PARTNER')
  rateBeforeBps?: number | null;
}
