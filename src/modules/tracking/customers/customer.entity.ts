import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

/** A customer of the tenant. Once bound to a partner, its purchases stay with that partner. */
@Entity({ tableName: 'customers' })
@Shows(['id', 'createdAt'], 'CUSTOMER')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A customer of the tenant. It is created when a conversion or a commission first names it.',
})
export class Customer extends Base {
  @Field({ description: 'Your own id of the customer, e.g. `cust_abc123`.' })
  @Property({ type: 'text' })
  @ShownTo('CUSTOMER')
  @ErasedTo(erased.name)
  externalId!: string;

  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  @ErasedTo(erased.nothing)
  email?: string | null; // no @Field: partners must not see it

  @Property({ type: 'uuid', nullable: true })
  @Withheld('the partner that referred the customer')
  partnerId?: string | null; // the partner to which the customer is bound

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('CUSTOMER')
  boundAt?: Date | null;
}

/** Scoped by tenant: a partner reaches a customer only through its own commissions or referrals. */
export const customerTable: Table<Customer> = {
  type: Customer,
  from: 'customers k',
  alias: 'k',
  kind: 'customer',
  attributes: owned('k'),
  columns: columnsOf(Customer, 'k'),
};
