import { Entity, Enum, Property } from '@mikro-orm/decorators/legacy';
import { PartnerStatus, PartnerTier } from '../../../domain/partner.ts';
import { Base } from '../../../kernel/data/base.entity.ts';
import { ShownTo, Withheld } from '../../../kernel/data/personal.ts';

/** Who was what, from when: the tier and status in force when a sale happened decide its commission. */
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

  /** The first row of a partner holds from 1970: what it started as covers sales that are entered later. */
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  effectiveAt!: Date;

  @Property({ type: 'text', nullable: true })
  @Withheld('somebody of the staff; accounting records')
  changedBy?: string | null;

  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  reason?: string | null;
}
