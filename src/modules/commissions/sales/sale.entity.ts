import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';

export interface RefusedProduct {
  /** Null: the whole order. */
  readonly product: string | null;
  readonly reason: string;
  /** Minor units, as text. The share of a refund that falls on this base reverses nothing. */
  readonly base?: string;
}

/** A recorded order, whether it earned a commission or not. The database allows one for each order and partner. */
@Entity({ tableName: 'sales' })
@Shows(['id', 'createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
export class Sale extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  orderId!: string; // in the seller's system

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  currency!: string;

  @Property({ type: 'json' })
  @ShownTo('PARTNER')
  refused!: RefusedProduct[]; // the products that earned nothing, with the reason
}
