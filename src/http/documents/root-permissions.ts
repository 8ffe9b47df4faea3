import {
  type DocumentNode,
  GraphQLError,
  type GraphQLErrorOptions,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { Actor, Permission } from '../../kernel/request/actor.ts';
import { refusalOf } from '../../kernel/request/format-error.ts';
import { requireAll } from '../../kernel/request/permission.ts';
import { type RootField, rootFieldsOf } from './limits.ts';

export interface GuardedField extends RootField {
  /** The permissions that the field asks for; empty for any known caller. Null: the field is public. */
  readonly permissions: readonly Permission[] | null;
}

/** The root fields of an operation with their permissions. The operation need not be valid: a field that does not exist is
 *  not public. */
export function guardedFieldsOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  definition: OperationDefinitionNode,
): readonly GuardedField[] {
  const fields = schema.getRootType(definition.operation)?.getFields() ?? {};
  return rootFieldsOf(document, definition).map((root) => {
    const name = root.node.name.value;
    const permissions = fields[name] ? fields[name].extensions['permissions'] : [];
    return {
      ...root,
      permissions: name.startsWith('__')
        ? null
        : ((permissions as readonly Permission[] | undefined) ?? null),
    };
  });
}

/** The refusals of an actor, as the fields themselves would refuse it, if it may not run the operation at all. A stranger
 *  runs only operations that are public as a whole; other callers run an operation for the fields that are granted. */
export function refusalsOf(actor: Actor, fields: readonly GuardedField[]): readonly GraphQLError[] {
  const refusals = fields.flatMap(({ name, node, permissions }) => {
    const refusal = permissions && refused(actor, permissions, { nodes: node, path: [name] });
    return refusal ? [refusal] : [];
  });
  return actor.role === 'ANONYMOUS' || refusals.length === fields.length ? refusals : [];
}

/** The refusal of a caller without these permissions; null if it has them. */
export function refused(
  actor: Actor,
  permissions: readonly Permission[],
  place: GraphQLErrorOptions = {},
): GraphQLError | null {
  try {
    requireAll(actor, permissions);
    return null;
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal) throw error;
    const { code, message, details } = refusal;
    return new GraphQLError(message, { ...place, extensions: { code, ...details } });
  }
}
