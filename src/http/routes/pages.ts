import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.25rem;color:#1d2433}h1{font-size:1.4rem}a{color:#1d4ed8}';

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; '),
};

interface Page {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly links?: readonly { readonly href: string; readonly text: string }[];
}

/** No value of a request is ever part of a page. */
const htmlOf = ({ title, sentences, links = [] }: Page): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} - Partner Portal</title><style>${STYLE}</style></head><body><main>
<h1>${title}</h1>
${[...sentences, ...links.map(({ href, text }) => `<a href="${href}">${text}</a>`)].map((line) => `<p>${line}</p>`).join('\n')}
</main></body></html>
`;

const NOT_FOUND: Page = {
  title: 'Page not found',
  sentences: ['There is no page at this address. Check the address, or start from the first page.'],
  links: [{ href: '/', text: 'Go to the first page' }],
};

const INVITATION: Page = {
  title: 'Your invitation',
  sentences: [
    'Your invitation is valid, but this installation has no sign-in page of its own.',
    'Sign in to the portal of the company that invited you, and open the link of your mail again there. If you do not know the portal, answer the mail or ask the person who invited you.',
    'For developers: the text after # in the address is the token of <code>acceptInvitation</code>, which the invited person calls with their own sign-in. Set <code>PORTAL_URL</code> to the portal, so that mails link to it.',
  ],
};

const unknownLink = (portalUrl: string): Page => ({
  title: 'This link leads nowhere',
  sentences: [
    'The link is not active. It may be mistyped or no longer in use.',
    'Ask the person who gave you the link for a new one. Nothing was recorded.',
  ],
  links: [{ href: new URL(portalUrl).href, text: 'Go to the portal' }],
});

const home = (playground: boolean): Page => ({
  title: 'Partner Portal',
  sentences: ['This address is the API of a partner program. Its programs use <code>/graphql</code>.'],
  links: [
    { href: '/docs/', text: 'Documents: getting started, guides and the reference' },
    ...(playground ? [{ href: '/playground/', text: 'Playground: try operations in the browser' }] : []),
  ],
});

/** True for a browser that opens a page; programs ask for JSON or for anything. */
const isBrowser = ({ method, headers }: FastifyRequest): boolean =>
  (method === 'GET' || method === 'HEAD') && /\btext\/html\b/i.test(headers.accept ?? '');

function sendPage(reply: FastifyReply, status: number, page: Page): FastifyReply {
  return reply.code(status).headers(headers).send(htmlOf(page));
}

const notFound = (message: string) => ({ errors: [{ message, extensions: { code: 'NOT_FOUND' } }] });

/** Pages for people who open an address of the API in a browser. Programs get JSON. */
export function servePages(server: FastifyInstance, { playground }: { readonly playground: boolean }): void {
  server.setNotFoundHandler((request, reply) => {
    if (!isBrowser(request)) return reply.code(404).send(notFound('no such page'));
    return request.url === '/' ? sendPage(reply, 200, home(playground)) : sendPage(reply, 404, NOT_FOUND);
  });
  server.get('/accept-invitation', (request, reply) =>
    isBrowser(request)
      ? sendPage(reply, 200, INVITATION)
      : reply.code(404).send(notFound('Send the token of the invitation to acceptInvitation.')),
  );
}

/** The answer for a tracking link that leads to no active partner. */
export const sendUnknownLink = (
  request: FastifyRequest,
  reply: FastifyReply,
  portalUrl: string,
): FastifyReply =>
  isBrowser(request)
    ? sendPage(reply, 404, unknownLink(portalUrl))
    : reply.code(404).send(notFound('the link is not active'));
