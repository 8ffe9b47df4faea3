import type { GraphQLResolveInfo } from 'graphql';
import {
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  ObjectType,
  Query,
  Resolver,
  Root,
  registerEnumType,
} from 'type-graphql';
import { loadOne } from '../../../kernel/data/loader.ts';
import { read } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { type Actor, MemberRole, type Permission, permissions, Role } from '../../../kernel/request/actor.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';

const ViewerRole = { ...Role, GUEST: 'GUEST' } as const;
type ViewerRole = Role | 'GUEST';

registerEnumType(ViewerRole, {
  name: 'ViewerRole',
  description: 'Role of a caller.',
  valuesConfig: {
    PLATFORM_ADMIN: { description: 'Administers all programs.' },
    PROGRAM_MANAGER: { description: 'Runs a program: partners, plans, links.' },
    FINANCE: { description: 'Approves commissions and pays.' },
    ANALYST: { description: 'Reads.' },
    PARTNER: { description: 'Belongs to a partner; `memberRole` says in which role.' },
    GUEST: { description: 'The identity is proven, but no right was granted yet.' },
  },
});

const CredentialKind = { TOKEN: 'TOKEN', OIDC: 'OIDC', API_KEY: 'API_KEY' } as const;
type CredentialKind = keyof typeof CredentialKind;

registerEnumType(CredentialKind, {
  name: 'CredentialKind',
  description: 'Kind of a credential.',
  valuesConfig: {
    TOKEN: { description: 'A server token of this product.' },
    OIDC: { description: 'An access token of the identity provider.' },
    API_KEY: { description: 'An API key.' },
  },
});

/** The name of a permission in GraphQL: `payout:decide` is `PAYOUT_DECIDE`. */
const nameOf = (permission: Permission): string =>
  permission.replace(/:|[A-Z]/g, (found) => (found === ':' ? '_' : `_${found}`)).toUpperCase();

const ViewerPermission = Object.fromEntries(permissions.map((each) => [nameOf(each), each]));

const MEANING: Readonly<Record<Permission, string>> = {
  'program:read': 'Reads partners, referrals, commissions, payouts and metrics.',
  'program:edit': 'Changes the settings, plans, rules, rates and links of the program.',
  'program:confirmRate': 'Confirms an exchange rate that another person entered.',
  'partner:create': 'Creates partners.',
  'partner:edit': 'Changes partners.',
  'partner:delete': 'Deletes partners.',
  'referral:convert': 'Records conversions and sales.',
  'commission:create': 'Creates commissions.',
  'commission:decide': 'Approves, rejects, holds and reverses commissions.',
  'payout:make': 'Creates payouts and payout runs.',
  'payout:decide': 'Approves, cancels and repeats payouts, and reconciles them.',
  'payoutAccount:edit': 'Changes the payout accounts and tax ids of a partner.',
  'member:manage': 'Invites and removes members of a partner.',
  'apiKey:manage': 'Creates, rotates and revokes API keys.',
  'audit:read': 'Reads the audit log.',
  'privacy:manage': 'Exports and erases personal data.',
};

registerEnumType(ViewerPermission, {
  name: 'Permission',
  description: 'A right of a caller. The policies decide which roles have it, and for which rows.',
  valuesConfig: Object.fromEntries(permissions.map((each) => [nameOf(each), { description: MEANING[each] }])),
});

@ObjectType({ simpleResolvers: true, description: 'The credential of a request.' })
class Credential {
  @Field(() => CredentialKind, { description: 'Kind of the credential.' })
  kind!: CredentialKind;

  @Field(() => Date, { nullable: true, description: 'When it ends; null if it ends by revocation only.' })
  expiresAt!: Date | null;
}

@ObjectType({ simpleResolvers: true, description: 'The caller: a person, a server or an API key.' })
class Viewer {
  @Field(() => ID, { description: 'Id of the caller, as audit entries name it.' })
  id!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Name of a member of a partner, or of an API key. Null for other callers: their identity provider knows it.',
  })
  name!: string | null;

  @Field(() => EmailAddress, {
    nullable: true,
    description: 'E-mail address of a member of a partner; null for other callers.',
  })
  email!: string | null;

  @Field(() => ViewerRole, { description: 'Role of the caller.' })
  role!: ViewerRole;

  @Field(() => MemberRole, { nullable: true, description: 'Role in the partner; null for other callers.' })
  memberRole!: MemberRole | null;

  @Field(() => String, { nullable: true, description: 'Tenant of the caller; null for a guest.' })
  tenantId!: string | null;

  @Field(() => [ViewerPermission], { description: 'Rights of the caller, sorted by name.' })
  permissions!: Permission[];

  @Field(() => Credential, { description: 'Credential of this request.' })
  credential!: Credential;
}

@Resolver(() => Viewer)
export class ViewerResolver {
  @Authorized()
  @Query(() => Viewer, {
    description: 'Returns the caller: who it is, what it may do, and when its credential ends.',
  })
  async viewer(@Ctx() ctx: Context): Promise<Viewer> {
    const { actor } = ctx;
    const end = ctx.credentialEnd();
    return {
      ...(await namesOf(ctx)),
      ...{ id: actor.id, role: actor.role as ViewerRole, memberRole: actor.member, tenantId: actor.tenantId },
      permissions: [...actor.permissions].toSorted((a, b) => nameOf(a).localeCompare(nameOf(b))),
      credential: {
        kind: actor.credential as CredentialKind,
        expiresAt: end === null ? null : new Date(end),
      },
    };
  }

  @FieldResolver(() => Partner, { nullable: true, description: 'Partner of the caller; null for staff.' })
  partner(
    @Root() viewer: Viewer,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, ctx.actor.partnerId, viewer);
  }
}

/** Returns what the product itself knows of the caller's name. */
async function namesOf(ctx: Context): Promise<Pick<Viewer, 'name' | 'email'>> {
  const { actor } = ctx;
  const unknown = { name: null, email: null };
  const keyId = keyIdOf(actor);
  if (actor.memberId === null && keyId === null) return unknown;
  const [found] = await read(
    ctx,
    actor.memberId === null
      ? sql<typeof unknown>`select /* viewer */ k.name, null as email from api_keys k where k.id = ${keyId}`
      : sql<
          typeof unknown
        >`select /* viewer */ m.name, m.email from members m where m.id = ${actor.memberId}`,
  );
  return found ?? unknown;
}

const keyIdOf = ({ credential, id }: Actor): string | null =>
  credential === 'API_KEY' && id.startsWith('key:') ? id.slice('key:'.length) : null;
