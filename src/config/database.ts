import { neededInProduction, url } from './fields.ts';
import { section, variable } from './section.ts';

export const database = section({
  title: 'Database',
  about:
    'Both logins need sessions of their own: a pooler that shares connections by transaction (such as PgBouncer in transaction mode) must not stand in between.',
  variables: ({ production }) => ({
    DATABASE_URL: variable(
      neededInProduction(
        url('postgres', 'postgresql').refine(
          (value) => !production || !value.includes('//user:pass@'),
          'has the password of the documentation: set your own.',
        ),
        production,
      ),
      {
        description:
          'PostgreSQL 15 or later. Its login owns the tables; it may create roles, or is a member of an existing role `partner_portal_api`, as which the API works.',
        otherwise: 'the embedded PostgreSQL in `.data`',
        example: 'postgresql://portal:password@localhost:5432/partner_portal',
        secret: true,
        neededInProduction: 'in production give your own PostgreSQL.',
      },
    ),
    DATABASE_API_URL: variable(url('postgres', 'postgresql').optional(), {
      description:
        "A login to the same database for the API alone, which isolates tenants more strongly. Create it with `create role portal_api login password '...' in role partner_portal_api`.",
      otherwise: '`DATABASE_URL`, acting as the role `partner_portal_api`',
      example: 'postgresql://portal_api:password@localhost:5432/partner_portal',
      secret: true,
    }),
  }),
  rules: [
    {
      sentence: '`DATABASE_API_URL` needs `DATABASE_URL`.',
      *faults({ DATABASE_URL, DATABASE_API_URL }) {
        if (DATABASE_API_URL !== undefined && DATABASE_URL === undefined)
          yield 'DATABASE_URL is missing: DATABASE_API_URL is another login to the same database.';
      },
    },
  ],
  value: (set) => ({
    databaseUrl: set.DATABASE_URL ?? null,
    databaseApiUrl: set.DATABASE_API_URL ?? null,
  }),
});
