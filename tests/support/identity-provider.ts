import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt } from 'jose';
import { type Header, OAuth2Issuer, OAuth2Service, type Payload } from 'oauth2-mock-server';

export const PROJECT = '223281986649719041';
export const STAFF_ORG = '223281939119866113';
export const PARTNER_ORG = '223279178798072065';
export const OTHER_ORG = '223279223391912193';
export const CLIENT = { id: '100509901696068329@portal', secret: 'the:secret of the/API application' };
export const ROLES = `urn:zitadel:iam:org:project:${PROJECT}:roles`;

/** Zitadel's shape: a role is granted in organisations, and each is named with its domain. */
export const granted = (roles: Record<string, string[]>) =>
  Object.fromEntries(
    Object.entries(roles).map(([role, organisations]) => [
      role,
      Object.fromEntries(organisations.map((id) => [id, `org-${id}.zitadel.cloud`])),
    ]),
  );

export const person = (sub: string, organisation: string, roles: Record<string, string[]> | null = null) => ({
  sub,
  'urn:zitadel:iam:user:resourceowner:id': organisation,
  'urn:zitadel:iam:user:resourceowner:name': 'Somebody Ltd',
  ...(roles && { [ROLES]: granted(roles) }),
});

export const maria = person('223427827918176513', STAFF_ORG, { finance: [STAFF_ORG] });

/** What a provider may do wrong. */
export const faults: [string, RequestListener][] = [
  ['breaks off', (request) => request.destroy()],
  ['answers 500', (_, response) => void response.writeHead(500).end('{}')],
  ['answers 404', (_, response) => void response.writeHead(404).end('{}')],
  ['answers garbage', (_, response) => void response.end('<html>not what you think</html>')],
  ['answers nothing', (_, response) => void response.end()],
  ['answers null', (_, response) => void response.end('null')],
  ['answers a list', (_, response) => void response.end('[]')],
  ['answers an empty object', (_, response) => void response.end('{}')],
  ['sends us elsewhere', (_, response) => void response.writeHead(302, { location: '/' }).end()],
  ['answers without end', (_, response) => void response.end(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`)],
];

/** An OpenID Connect server with Zitadel's paths and claims, whose every answer can be replaced. */
export async function startIdentityProvider() {
  const issuer = new OAuth2Issuer();
  const service = new OAuth2Service(issuer, {
    jwks: '/oauth/v2/keys',
    introspect: '/oauth/v2/introspect',
    token: '/oauth/v2/token',
  });
  await issuer.keys.generate('RS256', { kid: 'first' });
  const asked: { path: string; authorization: string | undefined; body: URLSearchParams }[] = [];
  const faults = new Map<string, RequestListener>();
  const opaque = new Map<string, object>();
  /** What the introspection says of JWTs: still active unless they are named here. */
  const loggedOut = new Set<string>();

  async function introspect(body: URLSearchParams, response: ServerResponse) {
    const token = body.get('token') ?? '';
    const claims = opaque.get(token) ?? readJwt(token);
    const active = claims !== undefined && !loggedOut.has(token);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(active ? { active, token_type: 'Bearer', ...claims } : { active }));
  }

  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const fault = faults.get(path) ?? faults.get('*');
    if (request.method === 'POST' && path === '/oauth/v2/introspect') {
      const body = new URLSearchParams(await textOf(request));
      asked.push({ path, authorization: request.headers.authorization, body });
      return fault ? fault(request, response) : introspect(body, response);
    }
    asked.push({ path, authorization: request.headers.authorization, body: new URLSearchParams() });
    if (fault) return fault(request, response);
    return service.requestHandler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  issuer.url = url;

  return {
    url,
    issuer,
    asked,
    /** Replaces what a path answers; `*` is every path. */
    faults,
    loggedOut,
    env: {
      OIDC_ISSUER: url,
      OIDC_PROJECT_ID: PROJECT,
      OIDC_CLIENT_ID: CLIENT.id,
      OIDC_CLIENT_SECRET: CLIENT.secret,
    },
    /** How often a path was asked since the list was last emptied. */
    count: (path: string) => asked.filter((each) => each.path === path).length,
    jwt(claims: object, { header = {}, kid }: { header?: Partial<Header>; kid?: string } = {}) {
      return issuer.buildToken({
        kid,
        scopesOrTransform: (heads: Header, payload: Payload) => {
          Object.assign(heads, { typ: 'JWT' }, header);
          Object.assign(payload, { aud: ['client@portal', PROJECT], jti: crypto.randomUUID() }, claims);
          for (const [name, value] of Object.entries(claims)) if (value === undefined) delete payload[name];
        },
      });
    },
    /** An opaque token, and what its introspection says. */
    opaque(claims: object): string {
      const token = `opaque-${crypto.randomUUID()}`;
      const now = Math.floor(Date.now() / 1_000);
      opaque.set(token, { iss: url, aud: [PROJECT], exp: now + 3_600, iat: now, nbf: now, ...claims });
      return token;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type TestProvider = Awaited<ReturnType<typeof startIdentityProvider>>;

function readJwt(token: string): object | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
