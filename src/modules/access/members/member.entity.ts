import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Shows } from '../../../kernel/data/personal.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { MemberRole } from '../../../kernel/request/actor.ts';

export const MemberStatus = { INVITED: 'INVITED', ACTIVE: 'ACTIVE', REMOVED: 'REMOVED' } as const;
export type MemberStatus = (typeof MemberStatus)[keyof typeof MemberStatus];

registerEnumType(MemberRole, {
  name: 'MemberRole',
  description: "What a person is in its partner's organisation. Everybody reads all that is the partner's.",
  valuesConfig: {
    OWNER: { description: 'All that the partner may do, its members and API keys included.' },
    MANAGER: { description: "Changes the partner's contact data." },
    FINANCE: { description: 'Changes where the money goes.' },
    READ_ONLY: { description: 'Reads.' },
  },
});
registerEnumType(MemberStatus, {
  name: 'MemberStatus',
  description: 'How far a member has come.',
  valuesConfig: {
    INVITED: { description: 'Has not accepted yet, and may do nothing.' },
    ACTIVE: { description: 'Signs in and acts in its role.' },
    REMOVED: { description: 'May do nothing any more.' },
  },
});

/** A person of a partner. Who it is (`issuer`, `subject`) is known from the moment that it accepts its invitation. */
@Entity({ tableName: 'members' })
@Shows(['id', 'createdAt'], 'PARTNER', 'MEMBER')
@Shows(['tenantId'], 'MEMBER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: "A person of a partner's organisation." })
export class Member extends Base {
  @Property({ type: 'uuid' })
  @ShownTo('MEMBER')
  partnerId!: string;

  @Property({ type: 'text', nullable: true })
  @ShownTo('MEMBER')
  @ErasedTo(erased.nothing)
  issuer?: string | null;

  @Property({ type: 'text', nullable: true })
  @ShownTo('MEMBER')
  @ErasedTo(erased.nothing)
  subject?: string | null;

  @Field({ description: 'Where its invitation went.' })
  @Property({ type: 'text' })
  @ShownTo('MEMBER')
  @ErasedTo(erased.email)
  email!: string;

  @Field({ description: 'Its name, as who invited it wrote it.' })
  @Property({ type: 'text' })
  @ShownTo('MEMBER')
  @ErasedTo(erased.name)
  name!: string;

  @Field(() => MemberRole, { description: 'What it may do.' })
  @Enum({ items: () => MemberRole })
  @ShownTo('PARTNER', 'MEMBER')
  role!: MemberRole;

  @Field(() => MemberStatus, { description: 'How far it has come.' })
  @Enum({ items: () => MemberStatus })
  @ShownTo('PARTNER', 'MEMBER')
  @ErasedTo(`'REMOVED'`)
  status!: MemberStatus;

  @Field({ description: 'Who invited it.' })
  @Property({ type: 'text' })
  @ShownTo('MEMBER')
  @ErasedTo(erased.word)
  invitedBy!: string;

  @Field(() => Date, { nullable: true, description: 'When it accepted; null until it did.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  acceptedAt?: Date | null;

  @Field(() => Date, { nullable: true, description: 'When it was removed; null while it is not.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  @ErasedTo('coalesce(removed_at, now())')
  removedAt?: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Until when its link counts; null where none is out.',
  })
  readonly invitationExpiresAt?: Date | null;
}

const invitation =
  'left join invitations i on i.member_id = m.id and i.tenant_id = m.tenant_id and i.used_at is null and i.canceled_at is null';

export const memberTable: Table<Member> = {
  type: Member,
  from: 'members m',
  alias: 'm',
  kind: 'member',
  attributes: owned('m', 'm.partner_id'),
  columns: { ...columnsOf(Member, 'm'), invitationExpiresAt: column('i.expires_at', invitation) },
  needs: { partner: ['partnerId'] },
};
