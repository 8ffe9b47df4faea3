import proxyAddr from '@fastify/proxy-addr';
import { integer, list, oneOf, text } from './fields.ts';
import { section, variable } from './section.ts';

export const server = section({
  title: 'Server',
  variables: ({ production }) => ({
    HOST: variable(text().prefault(production ? '0.0.0.0' : 'localhost'), {
      description: 'Address on which the server listens.',
    }),
    PORT: variable(integer(0, 65_535).prefault('3500'), {
      description: 'TCP port on which the server listens; 0 takes a free one.',
    }),
    CORS_ORIGINS: variable(
      list()
        .refine(
          (origins) => origins.every((origin) => origin === '*' || isOrigin(origin)),
          'must be a comma-separated list of origins such as https://portal.example.com.',
        )
        .optional(),
      {
        description:
          'Origins of web pages that may call the API from a browser, separated by commas; `*` allows all.',
        otherwise: production ? 'none' : 'any port of localhost',
        example: 'https://portal.example.com',
      },
    ),
    TRUST_PROXY: variable(
      list()
        .refine(
          (proxies) => hopsOf(proxies) !== null || areNetworks(proxies),
          'must be a number of proxies, or a comma-separated list of their addresses or networks.',
        )
        .transform((proxies) => hopsOf(proxies) ?? proxies)
        .optional(),
      {
        description:
          'Number of proxies before this process, or their addresses and networks, separated by commas. The server believes `X-Forwarded-For` only from them.',
        otherwise: 'no proxy is believed',
        example: '1',
      },
    ),
    COUNTRY_HEADER: variable(
      text()
        .transform((name) => name.trim().toLowerCase())
        .refine(
          (name) => /^[a-z0-9-]{1,64}$/.test(name),
          'must be the name of a header such as CF-IPCountry.',
        )
        .optional(),
      {
        description:
          'Header in which your proxy sends the country of a visitor. Without it, clicks have no country.',
        example: 'CF-IPCountry',
      },
    ),
    PLAYGROUND: variable(oneOf(['true', 'false']).prefault(String(!production) as 'true' | 'false'), {
      description: 'Serves GraphiQL at `/playground` and allows introspection.',
    }),
    TRUSTED_DOCUMENTS: variable(oneOf(['off', 'prefer', 'only']).prefault('prefer'), {
      description:
        '`prefer`: a request may name a document of `src/documents` by its hash. `only`: no other document runs, except with an API key. `off`: hashes are not accepted.',
    }),
    REQUESTS_AT_ONCE: variable(integer(1, 100_000).prefault('500'), {
      description:
        'Requests that one process works on at a time. Further requests are answered with 503 and `Retry-After`.',
    }),
    BUSY_AFTER_MS: variable(integer(50, 600_000).prefault('500'), {
      description: 'Delay of the event loop, in milliseconds, from which on requests are answered with 503.',
    }),
    SHUTDOWN_DRAIN_MS: variable(integer(0, 20_000).prefault(production ? '1000' : '0'), {
      description:
        'Milliseconds for which a stopping process still answers, so that callers and load balancers go elsewhere.',
    }),
  }),
  rules: [
    {
      sentence: '`COUNTRY_HEADER` needs `TRUST_PROXY`.',
      *faults({ COUNTRY_HEADER, TRUST_PROXY }) {
        if (COUNTRY_HEADER !== undefined && TRUST_PROXY === undefined)
          yield 'COUNTRY_HEADER needs TRUST_PROXY: without a proxy, every caller could send that header.';
      },
    },
  ],
  value: (set) => ({
    host: set.HOST,
    port: set.PORT,
    corsOrigins: set.CORS_ORIGINS ?? [],
    trustProxy: set.TRUST_PROXY ?? [],
    countryHeader: set.COUNTRY_HEADER ?? null,
    playground: set.PLAYGROUND === 'true',
    trustedDocuments: set.TRUSTED_DOCUMENTS,
    requestsAtOnce: set.REQUESTS_AT_ONCE,
    busyAfterMs: set.BUSY_AFTER_MS,
    drainMs: set.SHUTDOWN_DRAIN_MS,
  }),
});

const isOrigin = (value: string): boolean => URL.canParse(value) && new URL(value).origin === value;

function areNetworks(proxies: string[]): boolean {
  try {
    proxyAddr.compile(proxies);
    return true;
  } catch {
    return false;
  }
}

/** Returns the number of proxies; null for a list of addresses. */
const hopsOf = (proxies: readonly string[]): number | null =>
  proxies.length === 1 && /^\d{1,2}$/.test(proxies[0] as string) ? Number(proxies[0]) : null;
