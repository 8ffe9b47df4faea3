import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { FraudList } from '../../../domain/fraud.ts';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { customerTable } from '../../tracking/customers/public.ts';

registerEnumType(FraudList, {
  name: 'FraudList',
  description: 'What a program lists by hand for its risk rules.',
  valuesConfig: {
    ALLOWED_CUSTOMER: { description: 'No rule hits a sale to it.' },
    BLOCKED_CUSTOMER: { description: 'The rule BLOCKED_CUSTOMER hits every sale to it.' },
    DISPOSABLE_DOMAIN: {
      description:
        'Addresses of it are of a kind that is thrown away, beside those of the list that comes along.',
    },
    FREE_MAIL_DOMAIN: {
      description: 'Anybody may have an address of it: two are no colleagues, and it is not thrown away.',
    },
  },
});

/** A customer or a mail domain that the program named; what it took off again stays, with who did. */
@Entity({ tableName: 'fraud_list_entries' })
@NotPersonal('ids and domains that staff listed, and why; accounting records')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A customer or a mail domain that the program named for its risk rules.',
})
export class FraudListEntry extends Base {
  @Field(() => FraudList, { description: 'The list.' })
  @Property({ type: 'text' })
  list!: FraudList;

  @Property({ type: 'uuid', nullable: true })
  customerId?: string | null;

  @Field(() => String, { nullable: true, description: 'The domain, with all that lie under it.' })
  @Property({ type: 'text', nullable: true })
  domain?: string | null;

  @Field({ description: 'Why.' })
  @Property({ type: 'text' })
  reason!: string;

  @Field({ description: 'Who listed it.' })
  @Property({ type: 'text' })
  addedBy!: string;

  @Field(() => Date, { nullable: true, description: 'When it was taken off; null while it is on.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  removedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  removedBy?: string | null;
}

export const fraudListEntryTable: Table<FraudListEntry> = {
  type: FraudListEntry,
  from: 'fraud_list_entries e',
  alias: 'e',
  kind: 'plan', // for the staff alone, as its plans are
  attributes: owned('e'),
  columns: columnsOf(FraudListEntry, 'e'),
  one: { customer: { key: 'e.customer_id', table: () => customerTable } },
  needs: { customer: ['customerId'] },
};
