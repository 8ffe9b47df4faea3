import { type ASTNode, GraphQLError, Kind, parse, visit } from 'graphql';
import { shortPath } from './variables.ts';

const VALUES = new Set<string>([
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.NULL,
  Kind.ENUM,
  Kind.LIST,
  Kind.OBJECT,
  Kind.OBJECT_FIELD,
]);

/** Returns the path of the argument whose literal value validation refuses (`input.amount`), as `variableErrors` does for
 *  variables; null for other faults. */
export function literalAtFault(error: unknown): string | null {
  if (!(error instanceof GraphQLError)) return null;
  const [node] = error.nodes ?? [];
  const source = node?.loc?.source;
  if (!node || !source || !VALUES.has(node.kind)) return null;
  let path: string | null = null;
  visit(parse(source), {
    enter(here, _key, parent, _path, ancestors) {
      if (here.kind === node.kind && here.loc?.start === node.loc?.start)
        path ??= pathTo([...ancestors, ...(parent ? [parent] : []), here]);
    },
  });
  const missing = /^Field "\w+\.(\w+)" of required type/.exec(error.message)?.[1];
  return shortPath([path, missing].filter(Boolean).join('.')) || null;
}

function pathTo(nodes: readonly (ASTNode | readonly ASTNode[])[]): string {
  return nodes
    .flatMap((node) => {
      if (!('kind' in node)) return [];
      if (node.kind === Kind.VARIABLE_DEFINITION) return [node.variable.name.value]; // its default
      return node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD ? [node.name.value] : [];
    })
    .join('.');
}

/** The message of graphql-js without the values that it repeats; names of fields and types stay. */
export const withoutValues = (message: string): string =>
  message
    .replace(/^(Syntax Error: .*?(?:found|Unexpected|character:?) (?:\w+ )?)".*$/s, '$1"…"')
    .replace(/^Value ".*" does not exist in/s, 'The value does not exist in')
    .replace(/(, found|(?:cannot represent|value)[^:"]*:) .*$/s, '');
