import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Shows } from '../../../kernel/data/personal.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { MemberRole } from '../../../kernel/request/actor.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

export const MemberStatus = { INVITED: 'INVITED', ACTIVE: 'ACTIVE', REMOVED: 'REMOVED' } as const;
export type MemberStatus = (typeof MemberStatus)[keyof typeof MemberStatus];

registerEnumType(MemberRole, {
  name: 'MemberRole',
  description: "Role of a member in its partner's organisation. Every member reads all data of the partner.",
  valuesConfig: {
    OWNER: { description: 'All rights of the partner, including members and API keys.' },
    MANAGER: { description: "Changes the partner's contact data." },
    FINANCE: { description: 'Changes the payout accounts.' },
    READ_ONLY: { description: 'Reads.' },
  },
});
registerEnumType(MemberStatus, {
  name: 'MemberStatus',
  description: 'Status of a member.',
  valuesConfig: {
    INVITED: { description: 'Has not accepted the invitation yet and has no rights.' },
    ACTIVE: { description: 'Has accepted and acts in its role.' },
    REMOVED: { description: 'Was removed and has no rights.' },
  },
});

/** A person of a partner. Its identity (`issuer`, `subject`) is known once it has accepted its invitation. */
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

  @Field(() => EmailAddress, { description: 'E-mail address of the invitation.' })
  @Property({ type: 'text' })
  @ShownTo('MEMBER')
  @ErasedTo(erased.email)
  email!: string;

  @Field({ description: 'Name, as given in the invitation.' })
  @Property({ type: 'text' })
  @ShownTo('MEMBER')
  @ErasedTo(erased.name)
  name!: string;

  @Field(() => MemberRole, { description: 'Role of the member.' })
  @Enum({ items: () => MemberRole })
  @ShownTo('PARTNER', 'MEMBER')
  role!: MemberRole;

  @Field(() => MemberStatus, { description: 'Status of the member.' })
  @Enum({ items: () => MemberStatus })
  @ShownTo('PARTNER', 'MEMBER')
  @ErasedTo(`'REMOVED'`)
  status!: MemberStatus;

  @Field({ description: 'Id of the actor that invited the member.' })
  @Property({ type: 'text' })
  @ShownTo('MEMBER')
  @ErasedTo(erased.word)
  invitedBy!: string;

  @Field(() => Date, { nullable: true, description: 'Time of acceptance; null before.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  acceptedAt?: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time of removal; null for a member that was not removed.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  @ErasedTo('coalesce(removed_at, now())')
  removedAt?: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time until which the invitation link is valid; null without an open invitation.',
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
