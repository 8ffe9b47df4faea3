import { createHmac } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { cerbos } from './adapters/cerbos/cerbos.ts';
import { startEmbeddedCerbos } from './adapters/cerbos/embedded-cerbos.ts';
import { StartupError } from './adapters/embedded-postgres/startup-error.ts';
import { fileKms } from './adapters/kms/file-kms.ts';
import { memoryCallCounter } from './adapters/memory/memory-call-counter.ts';
import { memoryFeed } from './adapters/memory/memory-feed.ts';
import { monthlyPseudonym } from './adapters/monthly-pseudonym.ts';
import { oidc } from './adapters/oidc/oidc.ts';
import { guardedFetch } from './adapters/outbound/guarded-fetch.ts';
import { paypalRail } from './adapters/paypal/paypal-rail.ts';
import { razorpayEnrolment } from './adapters/razorpay/razorpay-enrolment.ts';
import { razorpayRail } from './adapters/razorpay/razorpay-rail.ts';
import { sandboxPayees } from './adapters/sandbox/sandbox-payees.ts';
import { sandboxRail } from './adapters/sandbox/sandbox-rail.ts';
import { sealFile } from './adapters/seal-file/seal-file.ts';
import { folderMailer } from './adapters/smtp/folder-mailer.ts';
import { smtpMailer } from './adapters/smtp/smtp-mailer.ts';
import { systemClock } from './adapters/system-clock.ts';
import { type Config, ConfigError } from './config/config.ts';
import { readKeyFile } from './config/key-file.ts';
import type { KeyStore } from './config/key-service.ts';
import { asApi, isBound, isTransactionPooled, openDatabase, ownerPool } from './database.ts';
import type { PayoutMethod } from './domain/payout.ts';
import { type Authenticator, authenticator } from './http/admission/authenticate.ts';
import { listenAt } from './http/listen.ts';
import { httpServer } from './http/server.ts';
import { startWorker } from './jobs.ts';
import { Role } from './kernel/request/actor.ts';
import type { Services } from './kernel/request/context.ts';
import { CREDENTIALS } from './kernel/request/credentials-topic.ts';
import { tuning as productionTuning, type Tuning } from './kernel/request/tuning.ts';
import { logger } from './log.ts';
import { apiKeyAuthenticator } from './modules/access/api-keys/authenticate-api-key.ts';
import { membershipRegister } from './modules/access/members/membership.ts';
import { isOfDeletedPartner, isSignedOut, organisationOf } from './modules/access/sessions/sessions.ts';
import { bankRail } from './modules/payouts/bank-files/bank-rail.ts';
import type { KeyService } from './ports/key-service.ts';
import type { Mailer } from './ports/mailer.ts';
import type { Outbound } from './ports/outbound.ts';
import type { PayeeEnrolment } from './ports/payee-enrolment.ts';
import type { PayoutRail } from './ports/payout-rail.ts';
import type { PolicyDecision } from './ports/policy-decision.ts';
import type { Ports } from './ports/ports.ts';
import { createSchema } from './schema.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const PLAYGROUND = join(HERE, '../playground');
const DOCS = join(HERE, '../docs');
const TRACKER = join(HERE, '../tracker/t.js');
const POLICIES = join(HERE, 'policies'); // the compiled code has a copy beside it

export const DEVELOPER = { user: 'developer', role: 'PLATFORM_ADMIN', tenantId: 'demo' } as const;

/** The roles of the playground's menu in development. */
const PLAYGROUND_ROLES = Object.keys(Role);

export interface App {
  readonly services: Services;
  /** The connection pool of the database's owner. */
  readonly owner: Pool;
  readonly authenticator: Authenticator;
  /** Starts to listen. Returns the port. */
  listen(): Promise<number>;
  readonly server: FastifyInstance;
  startWorker(): Promise<void>;
  close(): Promise<void>;
}

/** Adapters with large libraries are loaded only where the configuration chooses them, because each of their libraries takes
 *  up to 18 MB of memory. */
const bank = () => import('./adapters/bank/bank-desk.ts');
const redis = async () => ({
  ...(await import('./adapters/redis/redis-feed.ts')),
  ...(await import('./adapters/redis/redis-call-counter.ts')),
});
const stripeAdapter = async () => ({
  ...(await import('./adapters/stripe/stripe-rail.ts')),
  ...(await import('./adapters/stripe/stripe-payees.ts')),
});

async function keyService(store: KeyStore): Promise<KeyService> {
  switch (store.kind) {
    case 'FILE':
      return fileKms(() => readKeyFile(store.path));
    case 'AWS':
      return (await import('./adapters/kms/aws-kms.ts')).awsKms(
        store.keyId,
        store.endpoint ? { endpoint: store.endpoint } : {},
      );
    case 'GCP':
      return (await import('./adapters/kms/gcp-kms.ts')).gcpKms(store.key, { endpoint: store.endpoint });
  }
}

function mailerOf({ smtpUrl, mailFrom, production, dataFolder }: Config, log: Logger): Mailer | null {
  if (smtpUrl) return smtpMailer(smtpUrl, mailFrom);
  if (production) return null;
  return folderMailer(join(dataFolder, 'mail'), mailFrom, (file) =>
    log.warn({ file }, 'SMTP_URL is not set: the mail is written to a file'),
  );
}

const paypalWebhook = ({ webhookId }: NonNullable<Config['paypal']>, outbound: Outbound) =>
  webhookId === null ? null : { id: webhookId, outbound };

/** Builds the application without listening and without running jobs. `replace` is for tests. */
export async function createApp(
  config: Config,
  databaseUrl: string,
  replace: Partial<Ports> & { log?: Logger; tuning?: Tuning } = {},
): Promise<App> {
  const { log: ownLog, tuning = productionTuning, ...ownPorts } = replace;
  const log = ownLog ?? logger(config.logLevel);
  const apiUrl = config.databaseApiUrl ?? asApi(databaseUrl);
  if (await isTransactionPooled(apiUrl))
    throw new StartupError(
      'The database is behind a pooler in transaction mode, which mixes the connections of different callers. Connect to PostgreSQL itself, or to a pooler in session mode.',
    );
  const database = await openDatabase(apiUrl);
  if (!(await isBound(database, { ownLogin: config.databaseApiUrl !== null }))) {
    await database.close();
    throw new ConfigError(
      'DATABASE_API_URL must name a separate login that is a member of the role partner_portal_api and of no other role.',
    );
  }
  const owner = ownerPool(databaseUrl);
  const sandbox = config.production || ownPorts.rail ? null : await sandboxRail(owner);
  const outbound = ownPorts.outbound ?? guardedFetch();
  const { stripe, razorpay, paypal } = config;
  // The configured rails; the sandbox replaces the others.
  const rails: Partial<Record<PayoutMethod, PayoutRail>> = {
    ...(stripe && { STRIPE: (await stripeAdapter()).stripeRail(stripe) }),
    ...(razorpay && { RAZORPAY: razorpayRail(razorpay) }),
    ...(paypal && { PAYPAL: paypalRail({ ...paypal, webhook: paypalWebhook(paypal, outbound) }) }),
  };
  const enrolments: Partial<Record<PayoutMethod, PayeeEnrolment>> = {
    ...(razorpay && { RAZORPAY: razorpayEnrolment(razorpay) }),
  };
  const ports: Ports = {
    clock: systemClock,
    environment: config.production ? 'live' : 'test',
    feed: config.redisUrl
      ? (await redis()).redisFeed(config.redisUrl, (error) => log.warn({ error }, 'redis'))
      : memoryFeed(),
    outbound,
    enrolment: (method) => enrolments[method] ?? null,
    ownDomains: config.ownDomains,
    mailer: mailerOf(config, log),
    portalUrl: config.portalUrl,
    derive: (purpose) =>
      createHmac('sha256', config.jwtSecret).update(`derive:${purpose}`).digest('base64url'),
    keys: await keyService(config.keys),
    bank: config.bank && (await bank()).bankDesk(config.bank),
    rail: (method) => rails[method] ?? sandbox,
    onboarding: config.stripe
      ? (await stripeAdapter()).stripePayees(config.stripe)
      : config.production
        ? null
        : sandboxPayees,
    random: Math.random,
    seals: sealFile(config.auditSealFile, config.auditSealKey),
    policy: ownPorts.policy ?? (await policyPoint(config)),
    pseudonym: monthlyPseudonym(config.jwtSecret),
    ...ownPorts,
  };
  const services: Services = { ...ports, em: database.orm.em, pool: database.pool, log, tuning };
  if (config.bank && ports.bank) rails.BANK_TRANSFER = bankRail(services, ports.bank);
  const auth = authenticator(config.jwtSecret, {
    apiKey: apiKeyAuthenticator(services),
    provider:
      config.oidc &&
      oidc({ ...config.oidc, timeoutMs: tuning.identityProviderTimeoutMs }, (error) =>
        log.warn({ error }, 'identity provider'),
      ),
    platformOrganisations: config.oidc?.platformOrganisations ?? [],
    organisationOf: (id) => organisationOf(database.pool, id),
    isSignedOut: (fingerprint) => isSignedOut(database.pool, fingerprint),
    isOfDeletedPartner: (actor) => isOfDeletedPartner(database.pool, actor),
    memberOf: membershipRegister(services),
  });
  ports.feed.subscribe(CREDENTIALS, auth.forget);
  const warn = (error: Error) => log.warn({ error }, 'redis');
  const counter = config.redisUrl
    ? (await redis()).redisCallCounter(config.redisUrl, warn, { timeoutMs: tuning.callCounterTimeoutMs })
    : memoryCallCounter();
  const server = await httpServer({
    schema: await createSchema(),
    services,
    authenticator: auth,
    introspection: config.playground,
    production: config.production,
    corsOrigins: config.corsOrigins,
    trustProxy: config.trustProxy,
    countryHeader: config.countryHeader,
    drainMs: config.drainMs,
    counter,
    processes: config.processes,
    limits: config,
    trust: config.trustedDocuments,
    requestsAtOnce: config.requestsAtOnce,
    busyAfterMs: config.busyAfterMs,
    tracker: TRACKER,
    docs: DOCS,
    playground: config.playground
      ? {
          folder: PLAYGROUND,
          host: config.host,
          roles: config.production ? [] : PLAYGROUND_ROLES,
          token: async ({ role, partnerId }) =>
            config.production || (role === 'PARTNER') !== (partnerId !== null)
              ? null
              : auth.sign(
                  {
                    ...DEVELOPER,
                    user: role.toLowerCase().replace('_', '-'),
                    role: role as Role,
                    partnerId: partnerId ?? undefined,
                  },
                  '30 days',
                ),
        }
      : null,
  });
  let worker: { stop(): Promise<void> } | null = null;
  return {
    services,
    owner,
    authenticator: auth,
    server,
    async listen() {
      return listenAt(server, { host: config.host, port: config.port });
    },
    async startWorker() {
      worker = await startWorker(services, owner, config);
    },
    async close() {
      await Promise.all([server.close(), worker?.stop()]);
      await ports.feed.close();
      await ports.policy.close();
      await counter.close();
      await database.close();
      await owner.end();
    },
  };
}

function policyPoint({
  cerbosUrl,
  cerbosDeadlineMs: deadlineMs,
}: Config): PolicyDecision | Promise<PolicyDecision> {
  return cerbosUrl ? cerbos(cerbosUrl, { deadlineMs }) : startEmbeddedCerbos(POLICIES, { deadlineMs });
}
