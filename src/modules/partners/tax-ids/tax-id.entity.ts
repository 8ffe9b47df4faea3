import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';

/** The tax id of a partner, encrypted. */
@Entity({ tableName: 'tax_ids' })
@Shows(['id', 'tenantId', 'createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
export class TaxId extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  country!: string;

  /** An envelope. */
  @Property({ type: 'text', fieldName: 'number' })
  @ShownTo('PARTNER')
  sealedNumber!: string;

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  lastFour!: string;

  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  changedAt!: Date;
}
