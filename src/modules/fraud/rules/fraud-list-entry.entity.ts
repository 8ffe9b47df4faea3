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
  description: 'A list that a program keeps for its risk rules.',
  valuesConfig: {
    ALLOWED_CUSTOMER: { description: 'No rule matches a sale to this customer.' },
    BLOCKED_CUSTOMER: { description: 'The rule BLOCKED_CUSTOMER matches every sale to this customer.' },
    DISPOSABLE_DOMAIN: {
      description: 'E-mail addresses of this domain are disposable. The entry adds to the built-in list.',
    },
    FREE_MAIL_DOMAIN: {
      description:
        'Anyone can get an e-mail address of this domain: two addresses do not mean one company, and the domain is not disposable.',
    },
  },
});

/** A customer or mail domain on a list of the program. A removed entry stays in the table, with the person who removed it. */
@Entity({ tableName: 'fraud_list_entries' })
@NotPersonal('ids and domains on lists of the staff, with the reason; accounting records')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A customer or a mail domain on a list for the risk rules.',
})
export class FraudListEntry extends Base {
  @Field(() => FraudList, { description: 'The list.' })
  @Property({ type: 'text' })
  list!: FraudList;

  @Property({ type: 'uuid', nullable: true })
  customerId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The domain, its subdomains included. Null for a customer.',
  })
  @Property({ type: 'text', nullable: true })
  domain?: string | null;

  @Field({ description: 'Reason for the entry.' })
  @Property({ type: 'text' })
  reason!: string;

  @Field({ description: 'Id of the person who added the entry.' })
  @Property({ type: 'text' })
  addedBy!: string;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the entry was removed. Null while the entry is active.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  removedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  removedBy?: string | null;
}

export const fraudListEntryTable: Table<FraudListEntry> = {
  type: FraudListEntry,
  from: 'fraud_list_entries e',
  alias: 'e',
  kind: 'plan', // readable by staff only, as commission plans are
  attributes: owned('e'),
  columns: columnsOf(FraudListEntry, 'e'),
  one: { customer: { key: 'e.customer_id', table: () => customerTable } },
  needs: { customer: ['customerId'] },
};
