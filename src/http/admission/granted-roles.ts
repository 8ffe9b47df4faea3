import { type Actor, actorOf, guest, type MemberRole, type Role } from '../../kernel/request/actor.ts';
import type { Organisation } from '../../modules/access/sessions/public.ts';
import type { Identity } from '../../ports/identity-provider.ts';

// Strongest first: a person with several roles gets the first. A manager does not also decide about money.
const STAFF: readonly Exclude<Role, 'PARTNER'>[] = [
  'PLATFORM_ADMIN',
  'PROGRAM_MANAGER',
  'FINANCE',
  'ANALYST',
];
const OF_PARTNERS: readonly MemberRole[] = ['OWNER', 'MANAGER', 'FINANCE', 'READ_ONLY'];

interface Organisations {
  organisationOf?(id: string): Promise<Organisation>;
  readonly platformOrganisations?: readonly string[];
}

/** Maps the roles of the identity provider: a role in the organisation of a tenant makes staff, a role in the organisation
 *  of a partner makes one of its members. A person without such a role is a guest. */
export async function actorOfIdentity(
  { subject, organisation, roles, signedInAt }: Identity,
  issuer: string,
  { organisationOf, platformOrganisations = [] }: Organisations,
): Promise<Actor> {
  const person = { id: subject, credential: 'OIDC', issuer, signedInAt } as const;
  const has = (name: string) => roles.includes(name) || roles.includes(name.toLowerCase());
  const staffRole = STAFF.find(
    (role) => has(role) && (role !== 'PLATFORM_ADMIN' || platformOrganisations.includes(organisation ?? '')),
  );
  const member = OF_PARTNERS.find((role) => has(`PARTNER_${role}`));
  if (organisation === null) return guest(person);
  const whose = await organisationOf?.(organisation);
  if (staffRole && whose?.staffOf) return actorOf({ ...person, role: staffRole, tenantId: whose.staffOf });
  // An organisation that works for the program or for the platform is no partner of it.
  const ofPlatform = platformOrganisations.includes(organisation);
  const staffs = ofPlatform || whose?.staffOf === whose?.partner?.tenantId;
  if (member && whose?.partner && !staffs) {
    const { tenantId, id: partnerId } = whose.partner;
    return actorOf({ ...person, role: 'PARTNER', tenantId, partnerId, member });
  }
  return guest({ ...person, worksFor: ofPlatform ? 'PLATFORM' : (whose?.staffOf ?? null) });
}
