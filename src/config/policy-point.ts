import { integer, url } from './fields.ts';
import { section, variable } from './section.ts';

export const policyPoint = section({
  title: 'Policy service (Cerbos)',
  variables: () => ({
    CERBOS_URL: variable(url('grpc', 'grpcs', 'unix').optional(), {
      description:
        'A Cerbos server of your own that serves the policies of `src/policies`: `grpc://`, `grpcs://` or `unix:///path`. New policies take effect after at most a minute.',
      otherwise: 'the embedded Cerbos',
      example: 'grpcs://cerbos.example.com:3593',
    }),
    CERBOS_DEADLINE_MS: variable(integer(10, 10_000).prefault('3000'), {
      description:
        'Milliseconds that a new decision may take. A later one is asked for once more, then the request is answered with 503. Known decisions are not asked for again.',
    }),
  }),
  value: (set) => ({ cerbosUrl: set.CERBOS_URL ?? null, cerbosDeadlineMs: set.CERBOS_DEADLINE_MS }),
});
