import { integer } from './fields.ts';
import { section, variable } from './section.ts';

const count = () => integer(1, 1_000_000_000);

export const rateLimits = section({
  title: 'Rate limits',
  about: 'A partner has the limit of its tier, or its own.',
  variables: () => ({
    STAFF_CALLS_PER_HOUR: variable(count().prefault('2000000'), {
      description: 'API calls in an hour of each member of staff and of each server.',
    }),
    ANONYMOUS_CALLS_PER_MINUTE: variable(count().prefault('120'), {
      description:
        'Calls in a minute from one address (IPv6: from one /64) without a credential, or with one that is refused. Also the calls of a person who has no role yet.',
    }),
    CLICKS_PER_MINUTE: variable(count().prefault('600'), {
      description:
        'Clicks in a minute from one network that are recorded. Further clicks are redirected, but not attributed.',
    }),
  }),
  value: (set) => ({
    staffCallsPerHour: set.STAFF_CALLS_PER_HOUR,
    anonymousCallsPerMinute: set.ANONYMOUS_CALLS_PER_MINUTE,
    clicksPerMinute: set.CLICKS_PER_MINUTE,
  }),
});
