import {
  coerceInputValue,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  isInputType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  print,
  typeFromAST,
  visit,
} from 'graphql';
import { isStorable } from '../../domain/storable.ts';
import { MAX_ERRORS, MAX_LIST, MAX_NESTED } from './limits.ts';

/** The faults in the variables of an operation, each with the path of the input. */
export function variableErrors(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown>,
): GraphQLError[] {
  const errors: GraphQLError[] = [];
  for (const node of operation.variableDefinitions ?? []) {
    const name = node.variable.name.value;
    const type = typeFromAST(schema, node.type);
    if (!type || !isInputType(type) || errors.length >= MAX_ERRORS) continue;
    const value = variables[name];
    if (value === undefined && !Object.hasOwn(variables, name)) {
      if (isNonNullType(type) && !node.defaultValue)
        errors.push(fault(node, name, `${name}: a value of type ${print(node.type)} is needed`));
      continue;
    }
    coerceInputValue(value, type, (path, _value, error) => {
      if (errors.length >= MAX_ERRORS) return;
      const missing = /^Field "(\w+)" of required type/.exec(error.message)?.[1];
      const unknown = /^Field "(\w+)" is not defined by type/.exec(error.message)?.[1];
      const field = shortPath(
        [name, ...path, missing ?? unknown].filter((step) => step !== undefined).join('.'),
      );
      errors.push(fault(node, field, `${field}: ${plain(error)}`));
    });
  }
  return errors;
}

function fault(
  node: OperationDefinitionNode | NonNullable<OperationDefinitionNode['variableDefinitions']>[number],
  field: string,
  message: string,
): GraphQLError {
  return new GraphQLError(message, { nodes: node, extensions: { code: 'BAD_USER_INPUT', field } });
}

const LONGEST_PATH = 200;

/** The caller chooses the names in a path. */
export const shortPath = (path: string): string =>
  path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH)}…` : path;

/** The fault of a value in our words. The message of graphql-js would repeat the value, which may be secret or very long,
 *  and would suggest names to a stranger. */
export function plain({ message, originalError }: GraphQLError): string {
  if (/^Field "[\w.]+" of required type/.test(message)) return 'is needed';
  if (/^Field "\w+" is not defined by type/.test(message)) return 'is not a field of this input';
  if (originalError && !(originalError instanceof GraphQLError))
    return originalError.message.replace(/: .*$/s, ''); // the message of a scalar, without the value
  const text = message.replace(/^Expected type "\w+"\. /, '');
  const type = /(?:in|type|Enum) "(\w+)"/.exec(text)?.[1];
  if (/enum/i.test(text)) return `is not a value of ${type ?? 'the enum'}`;
  const scalar = /^(Int|Float|String|Boolean|ID) cannot represent/.exec(text)?.[1];
  if (scalar) return `is not ${kinds[scalar]}`;
  if (/non-nullable type|^Expected value of type "[^"]*!", found null/.test(text)) return 'must not be null';
  if (/to be an object/.test(text)) return 'must be an object';
  const expected = /^Expected value of type "([^"]+)"/.exec(text)?.[1];
  return expected ? `is not of the type ${expected}` : 'is not valid';
}

const kinds: Record<string, string> = {
  Int: 'a whole number between -2147483648 and 2147483647',
  Float: 'a number',
  String: 'a text',
  Boolean: 'true or false',
  ID: 'an id',
};

/** Returns the path and fault of the first value that PostgreSQL cannot store (NUL, half a surrogate pair) or that is too
 *  deep or too long; null if there is none. */
export function unkept(value: unknown, path: string, depth = 0): { field: string; fault: string } | null {
  if (typeof value === 'string') {
    return isStorable(value)
      ? null
      : { field: shortPath(path), fault: 'has a NUL character or half a surrogate pair' };
  }
  if (value === null || typeof value !== 'object') return null;
  if (depth > MAX_NESTED)
    return {
      field: shortPath(path.split('.', 3).join('.')),
      fault: `is nested more than ${MAX_NESTED} deep`,
    };
  if (Array.isArray(value) && value.length > MAX_LIST)
    return { field: shortPath(path), fault: `takes at most ${MAX_LIST} values` };
  for (const [key, inner] of Object.entries(value)) {
    const found = unkept(key, path, depth) ?? unkept(inner, path ? `${path}.${key}` : key, depth + 1);
    if (found) return found;
  }
  return null;
}

/** The same for text literals in the document. */
export function keepsItsText(document: DocumentNode): boolean {
  let clean = true;
  visit(document, {
    [Kind.STRING](node) {
      if (unkept(node.value, 'document')) clean = false;
    },
  });
  return clean;
}
