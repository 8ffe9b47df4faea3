import { parseArgs } from 'node:util';
import { validate } from 'uuid';
import { readConfig } from '../config/config.ts';
import { authenticator } from '../http/admission/authenticate.ts';
import { Role } from '../kernel/request/actor.ts';

const USAGE = `npm run -s token -- --role ROLE --tenant TENANT [--partner ID] [--user NAME]
ROLE is one of ${Object.keys(Role).join(', ')}; --partner goes with PARTNER and only with it.`;

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n${USAGE}\n`);
  process.exit(1);
}

/** Prints one JWT for development. */
async function main(): Promise<void> {
  const config = readConfig();
  if (config.production)
    refuse('Tokens can be made only in development. In production, use your identity provider.');
  const { values } = parseArgs({
    options: {
      role: { type: 'string' },
      tenant: { type: 'string' },
      partner: { type: 'string' },
      user: { type: 'string' },
    },
  });
  const { role, tenant, partner, user } = values;
  if (!role || !Object.hasOwn(Role, role)) refuse('--role must be one of the roles.');
  if (!tenant || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(tenant))
    refuse('--tenant must be 1 to 100 letters, digits, dots, dashes or underscores.');
  if ((role === 'PARTNER') !== (partner !== undefined))
    refuse(role === 'PARTNER' ? '--partner is missing.' : '--partner is allowed only with the role PARTNER.');
  if (partner !== undefined && !validate(partner)) refuse('--partner must be a UUID.');
  const name = user ?? `${role.toLowerCase().replace('_', '-')}@${tenant}`;
  const token = await authenticator(config.jwtSecret).sign(
    { user: name, role: role as Role, tenantId: tenant, partnerId: partner },
    '30 days',
  );
  process.stdout.write(`${token}\n`);
}

await main().catch((error: Error) => refuse(error.message));
