import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  valueFromASTUntyped,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import { invalid } from '../../domain/errors.ts';
import { jsonOf } from '../../kernel/data/json-parts.ts';
import type { Context } from '../../kernel/request/context.ts';
import { responseError } from '../../kernel/request/format-error.ts';
import { memo } from '../../kernel/request/memo.ts';
import { keepsItsText, unkept, variableErrors } from '../documents/variables.ts';
import { addTextFields, type WrittenOperation, writtenOperation } from './written-fields.ts';

const MAX_ERRORS = 100; // of an answer; every failed field is null anyway

interface Operation {
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
  readonly context: Context;
}

export interface Executor {
  (operation: Operation): Promise<ExecutionResult>;
  /** Returns the JSON text of the data. Null if the operation was not executed, or failed: then execute it. */
  text(operation: Operation): Promise<string | null>;
}

interface Prepared {
  readonly operation: OperationDefinitionNode;
  /** The default values of required variables, which graphql-jit does not know. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** The query with pages that are written as text. Null if it has none. */
  readonly written: Written | null;
  /** Null if graphql-jit cannot compile the operation; graphql-js then runs it. */
  readonly compiled: CompiledQuery | null;
}

interface Written {
  readonly compiled: CompiledQuery;
  readonly isFor: WrittenOperation['isFor'];
}

/** Runs operations with graphql-jit, compiled once for each document. Errors leave in the form of the API. */
export function executorOf(schema: GraphQLSchema): Executor {
  addTextFields(schema);
  const prepared = new WeakMap<DocumentNode, Map<string, Prepared>>();

  function prepare(document: DocumentNode, name: string | null | undefined): Prepared {
    const operations = memo(prepared, document, () => new Map());
    const known = operations.get(name ?? '');
    if (known) return known;
    const operation = getOperationAST(document, name);
    if (!operation)
      throw new GraphQLError('operationName must name an operation of the document.', {
        extensions: { code: 'BAD_USER_INPUT', field: 'operationName' },
      });
    if (!keepsItsText(document))
      throw new GraphQLError('The document contains an unpaired surrogate or a NUL character.', {
        extensions: { code: 'BAD_USER_INPUT', field: 'query' },
      });
    const compiled = compileQuery(schema, document, name ?? '');
    const made = {
      ...{ operation, compiled: isCompiledQuery(compiled) ? compiled : null },
      defaults: defaultsOf(operation),
      written: prepareWritten(document, operation),
    };
    operations.set(name ?? '', made);
    return made;
  }

  function prepareWritten(document: DocumentNode, operation: OperationDefinitionNode): Written | null {
    const written = writtenOperation(schema, document, operation);
    const compiled = written && compileQuery(schema, written.document, operation.name?.value ?? '');
    return written && compiled && isCompiledQuery(compiled) ? { compiled, isFor: written.isFor } : null;
  }

  async function run({
    document,
    operationName,
    variables: given,
    context,
  }: Operation): Promise<ExecutionResult> {
    const { operation, compiled, defaults } = prepare(document, operationName);
    const variables = { ...defaults, ...given };
    if (operation.operation === 'subscription')
      throw invalid('query', 'a subscription goes over WebSocket, on the same path');
    const refused = unkept(variables, '');
    if (refused) throw invalid(refused.field || 'variables', refused.fault);
    const result = compiled
      ? await compiled.query(undefined, context, variables)
      : await execute({
          schema,
          document,
          operationName: operationName ?? null,
          variableValues: variables,
          contextValue: context,
        });
    if (!result.errors) return result as ExecutionResult;
    if (result.data === undefined) {
      const errors = variableErrors(schema, operation, variables);
      if (errors.length) return { errors };
    }
    return {
      ...(result as ExecutionResult),
      errors: result.errors.slice(0, MAX_ERRORS).map((error) => responseError(withOriginal(error), context)),
    };
  }

  const executed = (operation: Operation): Promise<ExecutionResult> =>
    run(operation).catch((error: unknown) => ({
      errors: [
        responseError(
          error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error }),
          operation.context,
        ),
      ],
    }));

  async function text({
    document,
    operationName,
    variables: given,
    context,
  }: Operation): Promise<string | null> {
    const { written, defaults } = prepare(document, operationName);
    const variables = { ...defaults, ...given };
    if (!written?.isFor(context.actor) || unkept(variables, '')) return null;
    const result = await written.compiled.query(undefined, context, variables);
    return result.errors ? null : jsonOf(result.data);
  }

  return Object.assign(executed, { text: (operation: Operation) => text(operation).catch(() => null) });
}

const defaultsOf = ({ variableDefinitions = [] }: OperationDefinitionNode): Record<string, unknown> =>
  Object.fromEntries(
    variableDefinitions.flatMap(({ variable, type, defaultValue }) =>
      defaultValue && type.kind === Kind.NON_NULL_TYPE
        ? [[variable.name.value, valueFromASTUntyped(defaultValue)]]
        : [],
    ),
  );

/** Errors of graphql-jit are instances of GraphQLError whose constructor never ran: they have no extensions. */
function withOriginal(error: GraphQLError): GraphQLError {
  if ((error.extensions as unknown) !== undefined) return error;
  const { message, nodes, path, originalError } = error;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    path: path ?? null,
    originalError: originalError ?? null,
  });
}
