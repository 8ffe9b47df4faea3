import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { inject } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config/config.ts';
import type { Actor, Role } from '../../src/kernel/request/actor.ts';
import type { Send } from '../../src/kernel/request/bounds.ts';
import { metricsTopic } from '../../src/kernel/request/metrics-topic.ts';
import type { Tuning } from '../../src/kernel/request/tuning.ts';
import { logger } from '../../src/log.ts';
import type { Ports } from '../../src/ports/ports.ts';
import { testBank } from './bank.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { checkExplanations } from './explained.ts';
import { quick } from './tuning.ts';

const SECRET = 'a secret of the tests, long enough for HS256';
export const TENANT = 'acme';

interface Answer<T> {
  readonly data: T;
  readonly errors?: {
    message: string;
    path?: string[];
    extensions: { code: string; field?: string; reason?: string; requestId?: string };
  }[];
}

// biome-ignore lint/suspicious/noExplicitAny: an answer is what the operation asks for
type Data = any;

export interface TestApp {
  readonly app: App;
  readonly database: TestDatabase;
  readonly logged: Record<string, unknown>[];
  /** The statements that were sent without entities, since the list was last emptied. */
  readonly statements: string[];
  /** How many subscriptions listen to a partner's figures. */
  listeners(partnerId: string): number;
  token(
    role: Role | 'GUEST',
    more?: { tenant?: string; partner?: string; user?: string; signedInAt?: Date },
  ): Promise<string>;
  /** The whole answer of an operation, sent over HTTP. */
  send<T = Data>(
    token: string | null,
    query: string,
    variables?: object,
    operationName?: string,
  ): Promise<Answer<T>>;
  /** Its data; throws where it was refused. */
  ask<T = Data>(token: string | null, query: string, variables?: object): Promise<T>;
  /** The extensions of its refusal; throws where it succeeded. */
  refusal(
    token: string | null,
    query: string,
    variables?: object,
  ): Promise<{ code: string; field?: string; reason?: string; message: string }>;
  close(): Promise<void>;
}

export async function createTestApp(
  replace: Partial<Ports> & { log?: Logger; tuning?: Tuning } = {},
  env: Record<string, string> = {},
  database?: TestDatabase,
): Promise<TestApp> {
  database ??= await createDatabase();
  const config = readConfig({
    NODE_ENV: 'test',
    JWT_SECRET: SECRET,
    PORT: '0',
    HOST: '127.0.0.1',
    CERBOS_URL: inject('cerbos'),
    CERBOS_DEADLINE_MS: '5000',
    BUSY_AFTER_MS: '60000', // the machine of a test may be busy with others
    ANONYMOUS_CALLS_PER_MINUTE: '1000000',
    AUDIT_SEAL_FILE: join(tmpdir(), `audit-seals-${randomUUID()}`), // not the developer's own
    ...env,
  });
  const logged: Record<string, unknown>[] = [];
  const log = logger('warn', { write: (line: string) => void logged.push(JSON.parse(line)) });
  const app = await createApp(config, database.url, { log, bank: testBank, tuning: quick, ...replace });
  const statements: string[] = [];
  const { pool } = app.services;
  const recorded =
    (send: (...args: never[]) => unknown) =>
    (...args: unknown[]) => {
      statements.push((args[1] as { text: string }).text);
      return send.apply(pool, args as never[]);
    };
  const transact = pool.transact.bind(pool);
  Object.assign(pool, {
    query: recorded(pool.query),
    read: recorded(pool.read),
    transact(actor: Actor, work: (send: Send) => Promise<unknown>) {
      return transact(actor, (send) =>
        work((statement) => {
          statements.push(statement.text);
          return send(statement);
        }),
      );
    },
  });

  const listening = new Map<string, number>();
  const { feed } = app.services;
  const subscribe = feed.subscribe;
  Object.assign(feed, {
    subscribe(topic: string, listener: () => void) {
      const count = (by: number) => listening.set(topic, (listening.get(topic) ?? 0) + by);
      count(1);
      const end = subscribe(topic, listener);
      return () => {
        count(-1);
        end();
      };
    },
  });

  const test: TestApp = {
    app,
    listeners: (partnerId) => listening.get(metricsTopic(partnerId)) ?? 0,
    database,
    logged,
    statements,
    token: (
      role,
      {
        tenant = TENANT,
        partner,
        user = `${role.toLowerCase()}-${randomUUID().slice(0, 8)}`,
        signedInAt,
      } = {},
    ) =>
      app.authenticator.sign(
        { user, role, tenantId: role === 'GUEST' ? undefined : tenant, partnerId: partner, signedInAt },
        '1 hour',
      ),
    async send(token, query, variables = {}, operationName) {
      const { body } = await app.server.inject({
        method: 'POST',
        url: '/graphql',
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        payload: JSON.stringify({ query, variables, operationName }),
      });
      const answer = JSON.parse(body);
      checkExplanations(answer.data); // of every test: an explanation gives its amount
      return answer;
    },
    async ask(token, query, variables) {
      const { data, errors } = await test.send(token, query, variables);
      if (errors) throw new Error(JSON.stringify([...errors, ...logged.splice(0)], null, 1));
      return data;
    },
    async refusal(token, query, variables) {
      const { data, errors } = await test.send(token, query, variables);
      const [error] = errors ?? [];
      if (!error) throw new Error(`not refused: ${JSON.stringify(data)}`);
      return { ...error.extensions, message: error.message };
    },
    async close() {
      await app.close();
      await database.drop();
    },
  };
  return test;
}
