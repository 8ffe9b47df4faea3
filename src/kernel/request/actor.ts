import type { Plan } from '../../ports/policy-decision.ts';

/** Who calls, as the credential says. Roles and what each may do: ../shared contract, kept in the README. */
export const Role = {
  PLATFORM_ADMIN: 'PLATFORM_ADMIN',
  PROGRAM_MANAGER: 'PROGRAM_MANAGER',
  FINANCE: 'FINANCE',
  ANALYST: 'ANALYST',
  PARTNER: 'PARTNER',
} as const;
export type Role = (typeof Role)[keyof typeof Role];

/** What a person is in its partner's organisation. */
export const MemberRole = {
  OWNER: 'OWNER',
  MANAGER: 'MANAGER',
  FINANCE: 'FINANCE',
  READ_ONLY: 'READ_ONLY',
} as const;
export type MemberRole = (typeof MemberRole)[keyof typeof MemberRole];

/** `kind:action`, as the policies name both: what `kind` an operation is about and what it does to it. Who may is said
 *  there (src/policies), not here. */
export const permissions = [
  'program:read', // partners, commissions, payouts, referrals, metrics: all that the scope shows
  'program:edit',
  'partner:create',
  'partner:edit',
  'partner:delete',
  'referral:convert',
  'commission:create',
  'commission:decide', // approve, reject, reverse
  'payout:make',
  'payout:decide', // approve, cancel, retry
  'payoutAccount:edit', // where a partner's money goes, and its tax id
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
  /** GUEST: who it is is proven, but nothing was granted to it yet. */
  readonly role: Role | 'ANONYMOUS' | 'GUEST' | 'SYSTEM';
  /** What the policies grant; empty until they were asked (kernel/authority). */
  readonly permissions: ReadonlySet<Permission>;
  /** Which rows of a kind it sees; nothing until the policies were asked. */
  readonly reads: ReadonlyMap<ReadKind, Plan>;
  /** An API key may do no more than these, whatever its role may; null: no such limit. */
  readonly scopes: readonly Permission[] | null;
  /** The tenant that new rows go to; null only for anonymous callers and for jobs. */
  readonly tenantId: string | null;
  /** Set for partners only: they see nothing else. */
  readonly partnerId: string | null;
  /** Platform administrators and jobs: rows of every tenant. */
  readonly everyTenant: boolean;
  /** For partners: what the person is in its organisation; null for everybody else. */
  readonly member: MemberRole | null;
  /** How it proved who it is. */
  readonly credential: 'NONE' | 'TOKEN' | 'OIDC' | 'API_KEY';
  /** Who says who it is; with `id` it names a person. Null for API keys, jobs and nobody. */
  readonly issuer: string | null;
  /** The row of `members` that makes it one of its partner; null where the credential itself says so. */
  readonly memberId: string | null;
  /** When the person last signed in, in milliseconds since 1970; null where the credential does not say. */
  readonly signedInAt: number | null;
}

const nothingYet = { permissions: new Set<Permission>(), reads: new Map<ReadKind, Plan>() };

interface Granted {
  readonly id: string;
  readonly role: Role;
  readonly tenantId: string;
  readonly partnerId?: string | null;
  /** Of a partner only; an OWNER where nothing is said. */
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

/** Somebody who proved who it is and to whom nothing was granted yet. */
export const guest = (person: Pick<Actor, 'id' | 'credential' | 'issuer' | 'signedInAt'>): Actor => ({
  ...anonymous,
  ...person,
  role: 'GUEST',
});

/** Who durable jobs and public tracking act as: every row, no permission to decide anything. */
export const system: Actor = { ...anonymous, id: 'system', role: 'SYSTEM', everyTenant: true };
