import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { excessOf, MAX_ERRORS, MAX_TOKENS, type RootFields, rootFieldsOf } from './limits.ts';
import { literalAtFault, withoutValues } from './literals.ts';
import { plain } from './variables.ts';

const REMEMBERED = 1_000;
const LONGEST_REMEMBERED = 10_000;
const LONGEST_MESSAGE = 300;

export interface Operation extends RootFields {
  readonly text: string;
  readonly document: DocumentNode;
  readonly type: OperationDefinitionNode['operation'];
  readonly definition: OperationDefinitionNode;
}

export interface Documents {
  /** Returns the named operation if it is valid and within all limits; otherwise a few coded errors. */
  read(text: string, operationName: string | null | undefined): Operation | readonly GraphQLError[];
}

type Read = { document: DocumentNode; operations: Map<string, Operation> } | readonly GraphQLError[];

/** Parses and checks documents, for HTTP and WebSocket alike. The result of a text is remembered, also its faults. */
export function documentsOf(schema: GraphQLSchema, { introspection }: { introspection: boolean }): Documents {
  const rules = [...specifiedRules, ...(introspection ? [] : [NoSchemaIntrospectionCustomRule])];
  const known = new Map<string, Read>();

  function examine(text: string): Read {
    let document: DocumentNode;
    try {
      document = parse(text, { maxTokens: MAX_TOKENS });
    } catch (error) {
      if (error instanceof RangeError) return [fault('the document is nested too deep', 'query')]; // stack overflow
      return [coded(error as GraphQLError, 'GRAPHQL_PARSE_FAILED')];
    }
    const excess = excessOf(document);
    if (excess) return [fault(excess, 'query')];
    const errors = validate(schema, document, rules, { maxErrors: MAX_ERRORS });
    if (errors.length)
      return errors.slice(0, MAX_ERRORS).map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED'));
    return { document, operations: new Map() };
  }

  function coded(error: GraphQLError, code: string): GraphQLError {
    const field = literalAtFault(error);
    const said = field
      ? `${field}: ${plain(error)}`
      : withoutValues(introspection ? error.message : error.message.replace(/ Did you mean .*$/s, ''));
    return new GraphQLError(said.length > LONGEST_MESSAGE ? `${said.slice(0, LONGEST_MESSAGE)} ...` : said, {
      nodes: error.nodes ?? null,
      source: error.source ?? null,
      positions: error.positions ?? null,
      extensions: field ? { code: 'BAD_USER_INPUT', field } : { code },
    });
  }

  return {
    read(text, operationName) {
      let read = known.get(text);
      if (!read) {
        read = examine(text);
        if (known.size >= REMEMBERED) known.clear();
        if (text.length <= LONGEST_REMEMBERED) known.set(text, read);
      }
      if (!('document' in read)) return read;
      const name = operationName ?? '';
      const operation = read.operations.get(name);
      if (operation) return operation;
      const definition = getOperationAST(read.document, operationName);
      if (!definition)
        return [fault('operationName must name an operation of the document.', 'operationName')];
      const { document } = read;
      const made = {
        text,
        document,
        definition,
        type: definition.operation,
        ...rootFieldsOf(document, definition),
      };
      read.operations.set(name, made);
      return made;
    },
  };
}

const fault = (message: string, field: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', field } });
