import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';

export interface RefusedProduct {
  /** null: the whole order. */
  readonly product: string | null;
  readonly reason: string;
  /** Minor units, as text: its share of a refund takes nothing. */
  readonly base?: string;
}

/** An order that was recorded, whatever it earned. The database keeps it to one for an order and partner. */
@Entity({ tableName: 'sales' })
@Shows(['id', 'createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
export class Sale extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  orderId!: string; // the seller's own

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  currency!: string;

  @Property({ type: 'json' })
  @ShownTo('PARTNER')
  refused!: RefusedProduct[]; // what earned nothing, and why
}
