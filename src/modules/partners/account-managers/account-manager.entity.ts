import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byPartner, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal, ShownTo, Withheld } from '../../../kernel/data/personal.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

/** A member of staff who supports partners of the higher tiers. */
@Entity({ tableName: 'account_managers' })
@NotPersonal('a staff member, added and removed by the tenant')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A member of staff who supports partners of the higher tiers.',
})
export class AccountManager extends Base {
  @Field({ description: 'Name of the account manager.' })
  @Property({ type: 'text' })
  name!: string;

  @Field(() => EmailAddress, { description: 'E-mail address of the account manager.' })
  @Property({ type: 'text' })
  email!: string;

  @Property({ type: 'text' })
  addedBy!: string;

  @Field(() => Date, { nullable: true, description: 'End of the role; null for a current account manager.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  endedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  endedBy?: string | null;
}

/** The account managers of each partner, with dates. */
@Entity({ tableName: 'manager_assignments' })
@Filter({ name: 'mine', cond: byPartner, default: true })
export class ManagerAssignment extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'uuid' })
  @ShownTo('PARTNER')
  managerId!: string;

  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  assignedAt!: Date;

  @Property({ type: 'text' })
  @Withheld('a staff member')
  assignedBy!: string;

  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  reason?: string | null; // given with an assignment by hand

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  endedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member')
  endedBy?: string | null;
}

export const accountManagerTable: Table<AccountManager> = {
  type: AccountManager,
  from: 'account_managers w',
  alias: 'w',
  kind: 'plan', // only staff sees the account managers, as with plans
  attributes: owned('w'),
  columns: {
    ...columnsOf(AccountManager, 'w'),
    partnerCount: column(
      '(select count(*)::int from manager_assignments a where a.manager_id = w.id and a.ended_at is null)',
    ),
  },
};
