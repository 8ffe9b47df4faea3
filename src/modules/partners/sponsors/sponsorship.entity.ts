import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';

/** The sponsor of a partner, with dates. */
@Entity({ tableName: 'sponsorships' })
@Filter({ name: 'mine', cond: byPartner, default: true })
export class Sponsorship extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Property({ type: 'uuid' })
  sponsorId!: string;

  @Property({ type: 'timestamptz', length: 3 })
  assignedAt!: Date;

  @Property({ type: 'text' })
  assignedBy!: string;

  @Property({ type: 'text' })
  reason!: string;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  endedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  endedBy?: string | null;
}
