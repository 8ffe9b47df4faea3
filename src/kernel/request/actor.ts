import type { Plan } from '../../ports/policy-decision.ts';

/** The caller, as its credential says. docs/api/README.md describes the roles and their rights. */
export const Role = {
  PLATFORM_ADMIN: 'PLATFORM_ADMIN',
  PROGRAM_MANAGER: 'PROGRAM_MANAGER',
  FINANCE: 'FINANCE',
  ANALYST: 'ANALYST',
  PARTNER: 'PARTNER',
} as const;
export type Role = (typeof Role)[keyof typeof Role];

/** The role of a person in the organisation of its partner. */
export const MemberRole = {
  OWNER: 'OWNER',
  MANAGER: 'MANAGER',
  FINANCE: 'FINANCE',
  READ_ONLY: 'READ_ONLY',
} as const;
export type MemberRole = (typeof MemberRole)[keyof typeof MemberRole];

/** `kind:action`, as the policies name both: the kind of row and the action on it. The policies (src/policies) decide
 *  which roles have a permission. */
export const permissions = [
  'program:read', // partners, commissions, payouts, referrals, metrics: all rows of the scope
  'program:edit',
  'program:confirmRate', // an exchange rate that another person entered
  'partner:create',
  'partner:edit',
  'partner:delete',
  'referral:convert',
  'commission:create',
  'commission:decide', // approve, reject, reverse
  'payout:make',
  'payout:decide', // approve, cancel, retry
  'payoutAccount:edit', // the payout account and the tax id of a partner
  'member:manage', // the people of a partner
  'apiKey:manage',
  'audit:read',
  'privacy:manage', // export and erase a person
] as const;
export type Permission = (typeof permissions)[number];

/** Kinds of rows that are read; for each of them the policies say which rows an actor sees. */
export const readKinds = [
  'program',
  'tierConfig',
  'plan',
  'rule',
  'partner',
  'customer',
  'referral',
  'commission',
  'payout',
  'metrics',
  'payoutAccount',
  'member',
  'apiKey',
  'audit',
  'privacy',
] as const;
export type ReadKind = (typeof readKinds)[number];

export interface Actor {
  readonly id: string;
  /** GUEST: the identity is proven, but no right was granted yet. */
  readonly role: Role | 'ANONYMOUS' | 'GUEST' | 'SYSTEM';
  /** The permissions that the policies grant; empty before `authority.ts` asked them. */
  readonly permissions: ReadonlySet<Permission>;
  /** The rows of each kind that the actor may read; empty before `authority.ts` asked the policies. */
  readonly reads: ReadonlyMap<ReadKind, Plan>;
  /** An API key has these permissions at most, whatever its role has. Null: no such limit. */
  readonly scopes: readonly Permission[] | null;
  /** The tenant of new rows; null only for anonymous callers and for jobs. */
  readonly tenantId: string | null;
  /** Set for partners only: they see only their own rows. */
  readonly partnerId: string | null;
  /** Platform administrators and jobs: rows of every tenant. */
  readonly everyTenant: boolean;
  /** For partners: the role of the person in its organisation; null for all other roles. */
  readonly member: MemberRole | null;
  /** The kind of credential. */
  readonly credential: 'NONE' | 'TOKEN' | 'OIDC' | 'API_KEY';
  /** The issuer of the token; `issuer` and `id` together identify a person. Null for API keys, jobs and anonymous callers. */
  readonly issuer: string | null;
  /** The membership that binds the actor to its partner; null where the credential itself names the partner. */
  readonly memberId: string | null;
  /** When the person last signed in, in milliseconds since 1970; null where the credential does not say. */
  readonly signedInAt: number | null;
  /** For guests: the tenant for which the organisation of the person works, or PLATFORM. A token without roles does not hide it. */
  readonly worksFor?: string | null;
}

const nothingYet = { permissions: new Set<Permission>(), reads: new Map<ReadKind, Plan>() };

interface Granted {
  readonly id: string;
  readonly role: Role;
  readonly tenantId: string;
  readonly partnerId?: string | null;
  /** For partners only; OWNER by default. */
  readonly member?: MemberRole | null;
  readonly scopes?: readonly Permission[] | null;
  readonly credential: Actor['credential'];
  readonly issuer?: string | null;
  readonly memberId?: string | null;
  readonly signedInAt?: number | null;
}

export function actorOf({
  id,
  role,
  tenantId,
  partnerId = null,
  member,
  scopes = null,
  credential,
  issuer = null,
  memberId = null,
  signedInAt = null,
}: Granted): Actor {
  return {
    id,
    role,
    ...nothingYet,
    scopes,
    tenantId,
    partnerId,
    everyTenant: role === 'PLATFORM_ADMIN',
    member: role === 'PARTNER' ? (member ?? 'OWNER') : null,
    credential,
    issuer,
    memberId,
    signedInAt,
  };
}

export const anonymous: Actor = {
  id: 'anonymous',
  role: 'ANONYMOUS',
  ...nothingYet,
  scopes: null,
  tenantId: null,
  partnerId: null,
  everyTenant: false,
  member: null,
  credential: 'NONE',
  issuer: null,
  memberId: null,
  signedInAt: null,
};

/** A caller with a proven identity and no rights yet. */
export const guest = (
  person: Pick<Actor, 'id' | 'credential' | 'issuer' | 'signedInAt' | 'worksFor'>,
): Actor => ({
  ...anonymous,
  ...person,
  role: 'GUEST',
});

/** The actor of durable jobs and public tracking: all rows, but no permission to decide. */
export const system: Actor = { ...anonymous, id: 'system', role: 'SYSTEM', everyTenant: true };

/** True if a person works for the program of the tenant or for the platform, and so is no member of one of its partners. */
export const worksForProgram = (
  { everyTenant, partnerId, tenantId, worksFor }: Actor,
  program: string,
): boolean =>
  everyTenant || worksFor === 'PLATFORM' || (partnerId === null && (tenantId ?? worksFor) === program);
