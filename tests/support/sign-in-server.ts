import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { CLIENT, PROJECT } from './identity-provider.ts';

const PORTAL = 'portal@app';
const CALLBACK = 'http://127.0.0.1/callback';
const RESOURCE = `urn:zitadel:iam:org:project:id:${PROJECT}:aud`;
const SCOPE = 'openid offline_access';

/** A certified OpenID Connect server with Zitadel's paths and claims: people sign in by code and PKCE. `people` are the
 *  claims of each account; its tokens are opaque or JWTs. */
export async function startSignInServer(people: Record<string, object>, accessTokenFormat: 'opaque' | 'jwt') {
  const server = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const made = new Provider(url, {
    clients: [
      {
        client_id: PORTAL,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: [CALLBACK],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [],
        grant_types: [],
        response_types: [],
      },
    ],
    routes: {
      authorization: '/oauth/v2/authorize',
      token: '/oauth/v2/token',
      introspection: '/oauth/v2/introspect',
      revocation: '/oauth/v2/revoke',
      jwks: '/oauth/v2/keys',
    },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    pkce: { required: () => true },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 86_400,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: 86_400,
      Session: 86_400,
    },
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: PROJECT,
          accessTokenTTL: 600,
          accessTokenFormat,
        }),
      },
    },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    extraTokenClaims: ({ oidc }, token) => ({
      ...people[(token as { accountId?: string }).accountId ?? ''],
      auth_time: (oidc.entities.AuthorizationCode ?? oidc.entities.RefreshToken)?.authTime,
    }),
    formats: {
      customizers: {
        jwt(_, _token, jwt) {
          jwt.header = { typ: 'JWT' };
          jwt.payload = { ...jwt.payload, aud: [PORTAL, PROJECT], nbf: jwt.payload['iat'] };
        },
      },
    },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  } as ConstructorParameters<typeof Provider>[1]);
  const callback = made.callback();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!request.url?.startsWith('/interaction/')) return void callback(request, response);
    const { prompt, params, session } = await made.interactionDetails(request, response);
    if (prompt.name === 'login')
      return made.interactionFinished(request, response, {
        login: { accountId: String(params['login_hint']) },
      });
    const grant = new made.Grant({ accountId: session?.accountId ?? '', clientId: PORTAL });
    grant.addOIDCScope(SCOPE);
    grant.addResourceScope(RESOURCE, '');
    return made.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
  }

  return {
    url,
    portal: PORTAL,
    callback: CALLBACK,
    scope: SCOPE,
    env: {
      OIDC_ISSUER: url,
      OIDC_PROJECT_ID: PROJECT,
      OIDC_CLIENT_ID: CLIENT.id,
      OIDC_CLIENT_SECRET: CLIENT.secret,
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type SignInServer = Awaited<ReturnType<typeof startSignInServer>>;
