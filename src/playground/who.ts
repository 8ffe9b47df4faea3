const KEY = 'playground:who';
const FIRST = 'ANALYST'; // reads everything of the program and changes nothing

export interface Who {
  readonly role: string;
  readonly partnerId: string | null;
}

export interface Settings extends Who {
  readonly token: string | null;
  /** The roles that this server gives tokens for; none in production. */
  readonly roles: readonly string[];
}

/** Returns who this tab of the browser was, so that a reload changes nothing. */
export function storedWho(): Who {
  try {
    return { role: FIRST, partnerId: null, ...JSON.parse(sessionStorage.getItem(KEY) ?? '{}') };
  } catch {
    return { role: FIRST, partnerId: null };
  }
}

export async function become({ role, partnerId }: Who): Promise<Settings> {
  const asked = new URLSearchParams({ role, ...(partnerId && { partner: partnerId }) });
  const settings = await (await fetch(`./settings.json?${asked}`)).json();
  sessionStorage.setItem(KEY, JSON.stringify({ role, partnerId }));
  return { ...settings, role, partnerId };
}

export interface PartnerChoice {
  readonly id: string;
  readonly companyName: string;
}

/** Returns the partners that one can act as. */
export async function partnersOf(): Promise<PartnerChoice[]> {
  const { token } = await (await fetch(`./settings.json?role=${FIRST}`)).json();
  const query = '{ partners(first: 100, filter: { status: ACTIVE }) { edges { node { id companyName } } } }';
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  const { data } = await response.json();
  const partners: PartnerChoice[] = (data?.partners?.edges ?? []).map(
    ({ node }: { node: PartnerChoice }) => node,
  );
  return partners.sort((a, b) => a.companyName.localeCompare(b.companyName));
}
