import { randomUUID } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Context } from '../../kernel/request/context.ts';
import type { Documents } from '../documents/documents.ts';
import { MAX_TOKENS } from '../documents/limits.ts';
import type { Executor } from './executor.ts';

const SHA256_DIGITS = 64; // at the end of Apollo's key of a document

const RESULT = Symbol('the result of the operation');
type WithResult = Context & { readonly [RESULT]?: ExecutionResult };

/** Returns the context of an operation that was executed: Apollo then only writes the answer. */
export const withResult = (ctx: Context, result: ExecutionResult): Context =>
  Object.assign(ctx, { [RESULT]: result });

const resultIn = (ctx: WithResult): ExecutionResult | undefined => ctx[RESULT];

/** Apollo answers over HTTP, with the documents that admission has parsed and validated; our executor is plugged in as a
 *  gateway. */
export async function apolloServer(
  schema: GraphQLSchema,
  execute: Executor,
  documents: Documents,
  log: Logger,
  { introspection }: { introspection: boolean },
): Promise<ApolloServer<Context>> {
  const server = new ApolloServer<Context>({
    gateway: {
      async load() {
        return {
          executor: ({ document, request, context }) =>
            (resultIn(context as Context) ??
              execute({
                document,
                operationName: request.operationName, // from the request: Apollo replaces an unknown name by null
                variables: request.variables,
                context: context as Context,
              })) as never,
        };
      },
      onSchemaLoadOrUpdate(use) {
        use({ apiSchema: schema, coreSupergraphSdl: '' });
        return () => {};
      },
      async stop() {},
    },
    introspection,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: !introspection,
    stopOnTerminationSignals: false,
    parseOptions: { maxTokens: MAX_TOKENS },
    documentStore: {
      get: async (key) => documents.byHash(key.slice(-SHA256_DIGITS)) ?? undefined,
      async set() {},
      async delete() {},
    },
    persistedQueries: false, // otherwise any caller could register documents
    logger: {
      debug() {},
      info() {},
      warn: (message) => log.warn(message),
      error: (message) => log.error(message),
    },
    // Errors of the executor have a code; Apollo's own refusals (methods, bodies, CSRF) get one here.
    formatError: (formatted, error) => {
      const { code, requestId: logged } = formatted.extensions ?? {};
      if (code !== 'INTERNAL_SERVER_ERROR' || logged) return formatted;
      const requestId = randomUUID();
      log.error({ requestId, error }, 'unexpected error');
      return { message: 'internal error', extensions: { code, requestId } };
    },
    plugins: [
      ApolloServerPluginCacheControlDisabled(), // costs a quarter of a dashboard, and no answer is cacheable
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await server.start();
  return server;
}
