import { randomUUID } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Context } from '../../kernel/request/context.ts';
import { MAX_TOKENS } from '../documents/limits.ts';
import type { Executor } from './executor.ts';

/** Apollo parses, validates and answers; the executor is ours, by way of its gateway option. */
export async function apolloServer(
  schema: GraphQLSchema,
  execute: Executor,
  log: Logger,
  { introspection }: { introspection: boolean },
): Promise<ApolloServer<Context>> {
  const server = new ApolloServer<Context>({
    gateway: {
      async load() {
        return {
          executor: ({ document, request, context }) =>
            execute({
              document,
              operationName: request.operationName, // as asked: Apollo has null for a name that it did not find
              variables: request.variables,
              context: context as Context,
            }) as never,
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
    persistedQueries: false, // else anyone may register documents
    logger: {
      debug() {},
      info() {},
      warn: (message) => log.warn(message),
      error: (message) => log.error(message),
    },
    // What the executor returns has its code; what Apollo refuses itself (methods, bodies, CSRF) has one too.
    formatError: (formatted, error) => {
      const { code, requestId: logged } = formatted.extensions ?? {};
      if (code !== 'INTERNAL_SERVER_ERROR' || logged) return formatted;
      const requestId = randomUUID();
      log.error({ requestId, error }, 'unexpected error');
      return { message: 'internal error', extensions: { code, requestId } };
    },
    plugins: [
      ApolloServerPluginCacheControlDisabled(), // costs a quarter of a screen's time and we serve nothing cacheable
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await server.start();
  return server;
}
