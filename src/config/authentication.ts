import { neededInProduction, secret } from './fields.ts';
import { section, variable } from './section.ts';

export const authentication = section({
  title: 'Authentication',
  variables: ({ production }) => ({
    JWT_SECRET: variable(neededInProduction(secret(production, 32), production), {
      description:
        'Signs the tokens of the product (HS256) and seals cookies. Use at least 32 random characters, such as the output of `openssl rand -base64 48`.',
      otherwise: 'a secret that development makes once, in `.data`',
      secret: true,
      neededInProduction: 'set at least 32 random characters.',
    }),
  }),
  value: (set) => ({ jwtSecret: set.JWT_SECRET ?? null }),
});
