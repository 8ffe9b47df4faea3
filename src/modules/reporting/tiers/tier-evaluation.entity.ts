import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { PartnerTier } from '../../../domain/partner.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { ShownTo, Withheld } from '../../../kernel/data/personal.ts';

/** The result of a partner's tier evaluation for one month. Only a blocked evaluation changes later. */
@Entity({ tableName: 'tier_evaluations' })
@Filter({ name: 'mine', cond: byPartner, default: true })
export class TierEvaluation extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'date' })
  @ShownTo('PARTNER')
  month!: string; // first day of the month

  @Property({ type: 'bigint', nullable: true })
  @ShownTo('PARTNER')
  revenueMinor?: bigint | null; // net of refunds and tax, in the program's currency

  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  revenueCurrency?: string | null;

  @Property({ type: 'integer' })
  @ShownTo('PARTNER')
  customers!: number; // active customers at the end of the month

  @Enum({ items: () => PartnerTier, nullable: true })
  @ShownTo('PARTNER')
  earned?: PartnerTier | null;

  @Enum({ items: () => PartnerTier })
  @ShownTo('PARTNER')
  tierBefore!: PartnerTier;

  @Enum({ items: () => PartnerTier })
  @ShownTo('PARTNER')
  tierAfter!: PartnerTier;

  @Property({ type: 'integer' })
  @ShownTo('PARTNER')
  misses!: number; // months in a row below the tier, this one included

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  change!: string;

  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  effectiveAt!: Date;

  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  blocked?: string | null; // reason why the evaluation is blocked
}

/** A tier that is locked by hand: tier evaluations do not change it. */
@Entity({ tableName: 'tier_locks' })
@Filter({ name: 'mine', cond: byPartner, default: true })
export class TierLock extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Enum({ items: () => PartnerTier })
  @ShownTo('PARTNER')
  tier!: PartnerTier;

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  reason!: string;

  @Property({ type: 'text' })
  @Withheld('a staff member; accounting records')
  lockedBy!: string;

  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  lockedAt!: Date;

  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member; accounting records')
  unlockedBy?: string | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  unlockedAt?: Date | null;
}
