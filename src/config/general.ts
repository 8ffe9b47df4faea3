import { oneOf, text } from './fields.ts';
import { section, variable } from './section.ts';

export const general = section({
  title: 'General',
  variables: ({ production }) => ({
    NODE_ENV: variable(text().prefault('development'), {
      description:
        'In `production` the product refuses to start with a missing, short or well-known secret, and makes no demo data.',
      example: 'production',
    }),
    LOG_LEVEL: variable(
      oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).prefault(
        production ? 'info' : 'warn',
      ),
      { description: 'Least severe level that is logged.' },
    ),
  }),
  value: ({ LOG_LEVEL }, { production }) => ({ production, logLevel: LOG_LEVEL }),
});
