import { integer, list } from './fields.ts';
import { section, variable } from './section.ts';

export const tracking = section({
  title: 'Tracking',
  variables: () => ({
    OWN_DOMAINS: variable(
      list()
        .refine(
          (domains) => domains.every((domain) => /^([a-z0-9-]+\.)+[a-z0-9-]+$/.test(domain)),
          'must be domains in lower case, separated by commas.',
        )
        .prefault('finaceverse.com'),
      {
        description:
          "Domains of the portal beside the host of `PORTAL_URL`, separated by commas. A partner's brand cannot be served at one of them or below it.",
      },
    ),
    RETENTION_MONTHS: variable(integer(1, 120).prefault('13'), {
      description: 'Months after which the personal data of the visitor is removed from a click.',
    }),
  }),
  value: (set) => ({ ownDomains: set.OWN_DOMAINS, retentionMonths: set.RETENTION_MONTHS }),
});
