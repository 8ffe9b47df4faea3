import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { loadOne } from '../../../kernel/data/loader.ts';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { MemberRole } from '../../../kernel/request/actor.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { type AcceptedInvitation, acceptInvitation } from './accept-invitation.ts';
import { changeMemberRole, inviteMember, removeMember, resendInvitation } from './manage-members.ts';
import { Member, memberTable } from './member.entity.ts';
import { InviteMemberInput } from './member.inputs.ts';

const MemberConnection = connectionOf(Member);

@ObjectType('AcceptedInvitation', {
  simpleResolvers: true,
  description: 'Membership that the caller accepted.',
})
class Joined implements AcceptedInvitation {
  @Field(() => ID, { description: 'Id of the member.' })
  readonly memberId!: string;

  @Field(() => ID, { description: 'Id of the partner.' })
  readonly partnerId!: string;

  @Field({ description: 'Company name of the partner.' })
  readonly companyName!: string;

  @Field(() => MemberRole, { description: 'Role of the caller at the partner.' })
  readonly role!: MemberRole;
}

@Resolver(() => Member)
export class MemberResolver {
  @Authorized('member:manage')
  @Query(() => MemberConnection, {
    description: 'Members of partners, newest first, including removed ones.',
  })
  members(
    @Arg('partnerId', () => ID, { nullable: true, description: 'Returns only rows of this partner.' })
    partnerId: string | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Member>> {
    const narrowed = partnerId == null ? [] : [sql`m.partner_id = ${idOf(partnerId, 'partnerId')}`];
    return page(ctx, info, memberTable, args, narrowed);
  }

  @Authorized('member:manage')
  @Mutation(() => Member, {
    description:
      'Invites a person into a partner with a link that works once, within 7 days. A partner has at most 50 members. FORBIDDEN for a role with more rights than the caller has, except the first OWNER of a partner. CONFLICT for an e-mail address that is already a member or invited.',
  })
  async inviteMember(
    @Arg('partnerId', () => ID, { description: 'Id of the partner.' }) partnerId: string,
    @Arg('input', () => InviteMemberInput, { description: 'Whom.' }) input: InviteMemberInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Member> {
    return findRow(ctx, info, memberTable, await inviteMember(ctx, partnerId, input));
  }

  @Authorized('member:manage')
  @Mutation(() => Member, {
    description:
      'Mails a new link to an invited person who has not accepted yet, at most one a minute. The old link ends.',
  })
  async resendInvitation(
    @Arg('id', () => ID, { description: 'Id of the member.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Member> {
    return findRow(ctx, info, memberTable, await resendInvitation(ctx, id));
  }

  @Authorized()
  @Mutation(() => Joined, {
    description:
      'Accepts an invitation: the caller becomes the invited member. A link works once. NOT_FOUND for a link that is wrong, used, replaced or expired. FORBIDDEN for the person who created the invitation.',
  })
  acceptInvitation(
    @Arg('token', () => String, { description: 'Text after the # of the link.' }) token: string,
    @Ctx() ctx: Context,
  ): Promise<AcceptedInvitation> {
    return acceptInvitation(ctx, token);
  }

  @Authorized('member:manage')
  @Mutation(() => Member, {
    description:
      'Gives a member another role, by the rules of `inviteMember`. A member cannot change its own role. CONFLICT if a partner would leave itself without an owner. Staff may demote the last owner, and the partner gets a mail.',
  })
  async changeMemberRole(
    @Arg('id', () => ID, { description: 'Id of the member.' }) id: string,
    @Arg('role', () => MemberRole, { description: 'New role of the member.' }) role: MemberRole,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Member> {
    return findRow(ctx, info, memberTable, await changeMemberRole(ctx, id, role));
  }

  @Authorized('member:manage')
  @Mutation(() => Member, {
    description:
      "Ends a membership or an open invitation at once, and revokes the partner's API keys that the member created or rotated. Safe to repeat. CONFLICT if a partner would leave itself without an owner. Staff may remove the last owner, and the partner gets a mail.",
  })
  async removeMember(
    @Arg('id', () => ID, { description: 'Id of the member.' }) id: string,
    @Arg('reason', () => String, { nullable: true, description: 'Reason, for the audit log.' })
    reason: string | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Member> {
    return findRow(ctx, info, memberTable, await removeMember(ctx, id, reason ?? null));
  }

  @FieldResolver(() => Partner, { description: 'Partner of the member.' })
  partner(
    @Root() root: Member,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }
}
