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
import { sha256 } from '../../documents/read-documents.ts';
import type { Actor } from '../../kernel/request/actor.ts';
import { excessOf, isOperation, MAX_ERRORS, MAX_TOKENS, MAX_TOKENS_OF_STRANGERS } from './limits.ts';
import { literalAtFault, withoutValues } from './literals.ts';
import { RememberedTexts } from './remembered-texts.ts';
import { type GuardedField, guardedFieldsOf, refusalsOf, refused } from './root-permissions.ts';
import { plain } from './variables.ts';

/** The bytes of all remembered texts. A document, parsed and compiled, takes about a hundred times its text. */
const REMEMBERED_BYTES = 1024 * 1024;
const LONGEST_MESSAGE = 300;

export interface Operation {
  readonly text: string;
  readonly document: DocumentNode;
  readonly type: OperationDefinitionNode['operation'];
  readonly definition: OperationDefinitionNode;
  readonly roots: readonly GuardedField[];
  /** The number of root fields; each alias counts. */
  readonly calls: number;
  /** The names of the root fields in the schema. */
  readonly fields: ReadonlySet<string>;
}

export interface Documents {
  /** Returns the named operation if it is valid, within all limits and not refused to the actor; otherwise a few coded
   *  errors. */
  read(
    text: string,
    operationName: string | null | undefined,
    actor: Actor,
  ): Operation | readonly GraphQLError[];
  /** The valid document of a text by its SHA-256, if it is remembered. */
  byHash(hash: string): DocumentNode | null;
}

interface Valid {
  readonly document: DocumentNode;
  readonly operations: Map<string, Operation>;
}

/** Parses and checks documents, for HTTP and WebSocket alike. The result of a text is remembered, also its faults. */
export function documentsOf(schema: GraphQLSchema, { introspection }: { introspection: boolean }): Documents {
  const rules = [...specifiedRules, ...(introspection ? [] : [NoSchemaIntrospectionCustomRule])];
  const known = new RememberedTexts<Valid | readonly GraphQLError[]>(REMEMBERED_BYTES);

  function examine(text: string, actor: Actor): Valid | readonly GraphQLError[] {
    const stranger = actor.role === 'ANONYMOUS';
    let document: DocumentNode;
    try {
      document = parse(text, { maxTokens: stranger ? MAX_TOKENS_OF_STRANGERS : MAX_TOKENS });
    } catch (error) {
      if (error instanceof RangeError) return [fault('the document is nested too deep', 'query')]; // stack overflow
      const tooLong =
        stranger && (error as GraphQLError).message.includes(`${MAX_TOKENS_OF_STRANGERS} tokens`);
      return [(tooLong && refused(actor, [])) || coded(error as GraphQLError, 'GRAPHQL_PARSE_FAILED')];
    }
    const excess = excessOf(document);
    if (excess) return [fault(excess, 'query')];
    if (stranger) {
      // Before validation, which takes ten times as long as parsing.
      const roots = document.definitions
        .filter(isOperation)
        .flatMap((definition) => guardedFieldsOf(schema, document, definition));
      const refusals = refusalsOf(actor, roots);
      if (refusals.length) return refusals.slice(0, MAX_ERRORS);
    }
    const errors = validate(schema, document, rules, { maxErrors: MAX_ERRORS });
    if (errors.length)
      return errors.slice(0, MAX_ERRORS).map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED'));
    return { document, operations: new Map() };
  }

  function find(text: string, actor: Actor): Valid | readonly GraphQLError[] {
    const hash = sha256(text);
    const found = known.find(hash);
    if (found) return found;
    const read = examine(text, actor);
    // A stranger's faults are not kept: another caller may be allowed the document.
    if ('document' in read || actor.role !== 'ANONYMOUS') known.keep(hash, read, Buffer.byteLength(text));
    return read;
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

  function operationOf(text: string, read: Valid, name: string | null | undefined): Operation | null {
    const made = read.operations.get(name ?? '');
    if (made) return made;
    const { document } = read;
    const definition = getOperationAST(document, name);
    if (!definition) return null;
    const roots = guardedFieldsOf(schema, document, definition);
    const calls = new Set(roots.map((root) => root.name)).size;
    const fields = new Set(roots.map(({ node }) => node.name.value));
    const operation = { text, document, definition, type: definition.operation, roots, calls, fields };
    read.operations.set(name ?? '', operation);
    return operation;
  }

  return {
    read(text, operationName, actor) {
      const read = find(text, actor);
      if (!('document' in read)) return read;
      const operation = operationOf(text, read, operationName);
      if (!operation)
        return [fault('operationName must name an operation of the document.', 'operationName')];
      const refusals = refusalsOf(actor, operation.roots);
      return refusals.length ? refusals.slice(0, MAX_ERRORS) : operation;
    },
    byHash(hash) {
      const read = known.find(hash);
      return read && 'document' in read ? read.document : null;
    },
  };
}

const fault = (message: string, field: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', field } });
