import { integer, oneOf } from './fields.ts';
import { section, variable } from './section.ts';

export const worker = section({
  title: 'Worker',
  variables: () => ({
    WORKER: variable(oneOf(['on', 'off']).prefault('on'), {
      description:
        '`off`: this process serves the API only. Run `npm run start:worker` beside it for the durable jobs.',
    }),
    PAYOUT_LEASE_SECONDS: variable(integer(1, 600).prefault('30'), {
      description: 'Seconds after which another process takes over a payout of a process that died.',
    }),
  }),
  value: (set) => ({ worker: set.WORKER === 'on', leaseSeconds: set.PAYOUT_LEASE_SECONDS }),
});
