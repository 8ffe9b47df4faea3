import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { PartnerTier } from '../../../domain/partner.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';

/** What a month made of a partner's tier; never changed, unless it was blocked. */
@Entity({ tableName: 'tier_evaluations' })
@Filter({ name: 'mine', cond: byPartner, default: true })
export class TierEvaluation extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Property({ type: 'date' })
  month!: string; // its first day

  @Property({ type: 'bigint', nullable: true })
  revenueMinor?: bigint | null; // net of refunds and tax, in the program's currency

  @Property({ type: 'text', nullable: true })
  revenueCurrency?: string | null;

  @Property({ type: 'integer' })
  customers!: number; // active at the month's end

  @Enum({ items: () => PartnerTier, nullable: true })
  earned?: PartnerTier | null;

  @Enum({ items: () => PartnerTier })
  tierBefore!: PartnerTier;

  @Enum({ items: () => PartnerTier })
  tierAfter!: PartnerTier;

  @Property({ type: 'integer' })
  misses!: number; // months in a row below the tier, this one included

  @Property({ type: 'text' })
  change!: string;

  @Property({ type: 'timestamptz', length: 3 })
  effectiveAt!: Date;

  @Property({ type: 'text', nullable: true })
  blocked?: string | null; // why it could not be decided
}

/** A tier that somebody holds by hand: months neither raise nor lower it. */
@Entity({ tableName: 'tier_locks' })
@Filter({ name: 'mine', cond: byPartner, default: true })
export class TierLock extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Enum({ items: () => PartnerTier })
  tier!: PartnerTier;

  @Property({ type: 'text' })
  reason!: string;

  @Property({ type: 'text' })
  lockedBy!: string;

  @Property({ type: 'timestamptz', length: 3 })
  lockedAt!: Date;

  @Property({ type: 'text', nullable: true })
  unlockedBy?: string | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  unlockedAt?: Date | null;
}
