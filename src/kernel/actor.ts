/** Who calls, as the credential says. Roles and what each may do: ../shared contract, kept in the README. */
export const Role = {
  PLATFORM_ADMIN: 'PLATFORM_ADMIN',
  PROGRAM_MANAGER: 'PROGRAM_MANAGER',
  FINANCE: 'FINANCE',
  ANALYST: 'ANALYST',
  PARTNER: 'PARTNER',
} as const;
export type Role = (typeof Role)[keyof typeof Role];

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
  | 'payout:decide'; // approve, cancel, retry

export interface Actor {
  readonly id: string;
  readonly role: Role | 'ANONYMOUS' | 'SYSTEM';
  readonly permissions: ReadonlySet<Permission>;
  /** The tenant that new rows go to; null only for anonymous callers and for jobs. */
  readonly tenantId: string | null;
  /** Set for partners only: they see nothing else. */
  readonly partnerId: string | null;
  /** Platform administrators and jobs: rows of every tenant. */
  readonly everyTenant: boolean;
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
];
const finance: Permission[] = [...read, 'commission:decide', 'payout:make', 'payout:decide'];

const permissionsOf: Record<Role, ReadonlySet<Permission>> = {
  PLATFORM_ADMIN: new Set([...manage, ...finance]),
  PROGRAM_MANAGER: new Set(manage),
  FINANCE: new Set(finance),
  ANALYST: new Set(read),
  PARTNER: new Set([...read, 'partner:edit']), // its own contact data: see updatePartner
};

export function actorOf(id: string, role: Role, tenantId: string, partnerId: string | null): Actor {
  const everyTenant = role === 'PLATFORM_ADMIN';
  return { id, role, permissions: permissionsOf[role], tenantId, partnerId, everyTenant };
}

export const anonymous: Actor = {
  id: 'anonymous',
  role: 'ANONYMOUS',
  permissions: new Set(),
  tenantId: null,
  partnerId: null,
  everyTenant: false,
};

/** Who durable jobs and public tracking act as: every row, no permission to decide anything. */
export const system: Actor = { ...anonymous, id: 'system', role: 'SYSTEM', everyTenant: true };
