import type { Opt } from '@mikro-orm/core';
import { PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { v7 } from 'uuid';
import { Node } from './node.ts';
import { Withheld } from './personal.ts';

/** The columns of every row of a tenant. Ids are UUID v7, so they sort by the time of creation. */
@ObjectType({ simpleResolvers: true, implements: Node })
export abstract class Base {
  @Field(() => ID, { description: 'UUID, sortable by the time of creation.' })
  @PrimaryKey({ type: 'uuid' })
  @Withheld('an id')
  id: Opt<string> = v7();

  @Property({ type: 'text' })
  @Withheld('the tenant')
  tenantId!: string;

  @Field(() => Date, { description: 'When the record was made.' })
  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' }) // bookkeeping time; business time comes from ctx.clock
  @Withheld('bookkeeping')
  readonly createdAt!: Opt<Date>;
}

/** The scope of the actor. The context sets its parameters; an entity manager without them refuses to query. */
export const byTenant = ({ tenantId }: Record<string, string>) => ({ tenantId: tenantId as string });
export const byPartner = ({ tenantId, partnerId }: Record<string, string>) => ({
  tenantId: tenantId as string,
  partnerId: partnerId as string,
});
