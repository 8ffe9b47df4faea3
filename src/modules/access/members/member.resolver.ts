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

@ObjectType('AcceptedInvitation', { simpleResolvers: true, description: 'What the caller became by a link.' })
class Joined implements AcceptedInvitation {
  @Field(() => ID, { description: 'The member that it is now.' })
  readonly memberId!: string;

  @Field(() => ID, { description: 'The partner that it acts for.' })
  readonly partnerId!: string;

  @Field({ description: "The partner's name." })
  readonly companyName!: string;

  @Field(() => MemberRole, { description: 'What it may do there.' })
  readonly role!: MemberRole;
}

@Resolver(() => Member)
export class MemberResolver {
  @Authorized('member:manage')
  @Query(() => MemberConnection, {
    description: 'The people of partners, those who were removed too, newest first.',
  })
  members(
    @Arg('partnerId', () => ID, { nullable: true, description: 'Only those of this partner.' })
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
      'Invites a person into a partner by a link that works once, within 7 days; at most 50 members a partner. Needs a sign-in of the last 15 minutes. FORBIDDEN to give a role that may do more than the caller, but for the first OWNER of a partner; CONFLICT for an e-mail address that it has already.',
  })
  async inviteMember(
    @Arg('partnerId', () => ID, { description: 'Into which partner.' }) partnerId: string,
    @Arg('input', () => InviteMemberInput, { description: 'Whom.' }) input: InviteMemberInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Member> {
    return findRow(ctx, info, memberTable, await inviteMember(ctx, partnerId, input));
  }

  @Authorized('member:manage')
  @Mutation(() => Member, {
    description:
      'Mails a new link to who has not accepted yet, at most one a minute. The old link ends. Needs a sign-in of the last 15 minutes.',
  })
  async resendInvitation(
    @Arg('id', () => ID, { description: "The member's id." }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Member> {
    return findRow(ctx, info, memberTable, await resendInvitation(ctx, id));
  }

  @Authorized()
  @Mutation(() => Joined, {
    description:
      'Makes the caller, whoever it is, the member that a link invites. A link works once; NOT_FOUND for one that is wrong, used, replaced or too old, FORBIDDEN for who invited itself.',
  })
  acceptInvitation(
    @Arg('token', () => String, { description: 'What stands behind the # of the link.' }) token: string,
    @Ctx() ctx: Context,
  ): Promise<AcceptedInvitation> {
    return acceptInvitation(ctx, token);
  }

  @Authorized('member:manage')
  @Mutation(() => Member, {
    description:
      'Gives a member another role, by the rules of `inviteMember`. Nobody changes its own; CONFLICT where no owner would be left.',
  })
  async changeMemberRole(
    @Arg('id', () => ID, { description: "The member's id." }) id: string,
    @Arg('role', () => MemberRole, { description: 'Its new role.' }) role: MemberRole,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Member> {
    return findRow(ctx, info, memberTable, await changeMemberRole(ctx, id, role));
  }

  @Authorized('member:manage')
  @Mutation(() => Member, {
    description:
      "Ends a membership at once, or an invitation that was not accepted, and revokes the partner's API keys that the member made or rotated. Safe to repeat; CONFLICT where no owner would be left.",
  })
  async removeMember(
    @Arg('id', () => ID, { description: "The member's id." }) id: string,
    @Arg('reason', () => String, { nullable: true, description: 'Why, for the audit log.' })
    reason: string | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Member> {
    return findRow(ctx, info, memberTable, await removeMember(ctx, id, reason ?? null));
  }

  @FieldResolver(() => Partner, { description: 'Whose member it is.' })
  partner(
    @Root() root: Member,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }
}
