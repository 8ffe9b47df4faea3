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

export type Permission =
  | 'program:read' // partners, commissions, payouts, referrals, metrics: all that the scope shows
  | 'program:edit'
  | 'partner:create'
  | 'partner:edit'
  | 'partner:delete'
  | 'referral:convert'
  | 'commission:create'
  | 'commission:decide' // approve, reject, reverse
  | 'payout:make'
  | 'payout:decide' // approve, cancel, retry
  | 'payoutAccount:edit' // where a partner's money goes, and its tax id
  | 'member:manage' // the people of a partner
  | 'apiKey:manage'
  | 'audit:read'
  | 'privacy:manage'; // export and erase a person

export interface Actor {
  readonly id: string;
  /** GUEST: who it is is proven, but nothing was granted to it yet. */
  readonly role: Role | 'ANONYMOUS' | 'GUEST' | 'SYSTEM';
  readonly permissions: ReadonlySet<Permission>;
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

const read: Permission[] = ['program:read'];
const manage: Permission[] = [
  ...read,
  'program:edit',
  'partner:create',
  'partner:edit',
  'partner:delete',
  'referral:convert',
  'commission:create',
  'member:manage',
  'apiKey:manage',
];
const finance: Permission[] = [
  ...read,
  'commission:decide',
  'payout:make',
  'payout:decide',
  'payoutAccount:edit',
  'audit:read',
];

const permissionsOf: Record<Exclude<Role, 'PARTNER'>, ReadonlySet<Permission>> = {
  PLATFORM_ADMIN: new Set([...manage, ...finance, 'privacy:manage']),
  PROGRAM_MANAGER: new Set(manage),
  FINANCE: new Set(finance),
  ANALYST: new Set(read),
};

const permissionsOfMember: Record<MemberRole, ReadonlySet<Permission>> = {
  OWNER: new Set([...read, 'partner:edit', 'payoutAccount:edit', 'member:manage', 'apiKey:manage']),
  MANAGER: new Set([...read, 'partner:edit']), // its own contact data: see updatePartner
  FINANCE: new Set([...read, 'payoutAccount:edit']),
  READ_ONLY: new Set(read),
};

interface Granted {
  readonly id: string;
  readonly role: Role;
  readonly tenantId: string;
  readonly partnerId?: string | null;
  /** Of a partner only; an OWNER where nothing is said. */
  readonly member?: MemberRole | null;
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
  credential,
  issuer = null,
  memberId = null,
  signedInAt = null,
}: Granted): Actor {
  const inPartner = role === 'PARTNER' ? (member ?? 'OWNER') : null;
  return {
    id,
    role,
    permissions: role === 'PARTNER' ? permissionsOfMember[inPartner as MemberRole] : permissionsOf[role],
    tenantId,
    partnerId,
    everyTenant: role === 'PLATFORM_ADMIN',
    member: inPartner,
    credential,
    issuer,
    memberId,
    signedInAt,
  };
}

export const anonymous: Actor = {
  id: 'anonymous',
  role: 'ANONYMOUS',
  permissions: new Set(),
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
