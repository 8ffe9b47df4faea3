import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { ShownTo, Withheld } from '../../../kernel/data/personal.ts';

/** The sponsor of a partner, with dates. */
@Entity({ tableName: 'sponsorships' })
@Filter({ name: 'mine', cond: byPartner, default: true })
export class Sponsorship extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'uuid' })
  @ShownTo('PARTNER')
  sponsorId!: string;

  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  assignedAt!: Date;

  @Property({ type: 'text' })
  @Withheld('a staff member')
  assignedBy!: string;

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  reason!: string;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  endedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member')
  endedBy?: string | null;
}
