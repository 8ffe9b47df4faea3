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
import type { Context } from '../kernel/context.ts';
import type { Executor } from './executor.ts';
import { withinLimits } from './limits.ts';
import { literalAtFault } from './literals.ts';

export const MAX_TOKENS = 5_000;

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
    validationRules: [withinLimits],
    logger: {
      debug() {},
      info() {},
      warn: (message) => log.warn(message),
      error: (message) => log.error(message),
    },
    // What the executor returns has its code; what Apollo refuses itself (parse, validate, CSRF) has one too.
    formatError: (formatted, error) => {
      const code = formatted.extensions?.['code'];
      // Apollo gives its own code to whatever a validation rule says.
      const limit = formatted.extensions?.['field'] === 'query' ? 'query' : null;
      const field = code === 'GRAPHQL_VALIDATION_FAILED' ? (limit ?? literalAtFault(error)) : null;
      if (field) return { ...formatted, extensions: { code: 'BAD_USER_INPUT', field } };
      if (code !== 'INTERNAL_SERVER_ERROR' || formatted.extensions?.['requestId']) return formatted;
      const requestId = randomUUID();
      log.error({ requestId, error }, 'unexpected error');
      return { message: 'internal error', extensions: { code: 'INTERNAL_SERVER_ERROR', requestId } };
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
