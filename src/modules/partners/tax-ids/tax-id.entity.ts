import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';

/** The tax id of a partner, encrypted. */
@Entity({ tableName: 'tax_ids' })
@Filter({ name: 'mine', cond: byPartner, default: true })
export class TaxId extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Property({ type: 'text' })
  country!: string;

  /** An envelope. */
  @Property({ type: 'text', fieldName: 'number' })
  sealedNumber!: string;

  @Property({ type: 'text' })
  lastFour!: string;

  @Property({ type: 'timestamptz', length: 3 })
  changedAt!: Date;
}
