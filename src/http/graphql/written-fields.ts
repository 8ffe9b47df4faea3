import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { mayJoin, type Selection, selectJoined } from '../../kernel/data/rows.ts';
import { addTextField, pagesOf, TO_ROWS, textFieldOf, writerOf } from '../../kernel/data/written-pages.ts';
import type { Actor } from '../../kernel/request/actor.ts';

/** An operation whose covered pages are written as text. */
export interface WrittenOperation {
  readonly document: DocumentNode;
  /** True if the actor may see all rows that the pages join. */
  readonly isFor: (actor: Actor) => boolean;
}

/** Adds to the schema the twin of each field whose pages may be written. */
export function addTextFields(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!(type instanceof GraphQLObjectType)) continue;
    for (const [name, field] of Object.entries(type.getFields()))
      if (pagesOf(field)) addTextField(type, name);
  }
}

/** Returns a query with each page that its table covers under the name of the field's twin. Null if there is none, or if
 *  fragments share the fields. */
export function writtenOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): WrittenOperation | null {
  const query = schema.getQueryType();
  if (operation.operation !== 'query' || !query) return null;
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments[node.name.value] = node;
  const selections: Selection<object>[] = [];
  let staffOnly = false;

  /** Returns the field under the name of its twin; null if a resolver is needed. */
  function twinOf(node: FieldNode, parent: GraphQLObjectType): FieldNode | null {
    const field = parent.getFields()[node.name.value];
    const pages = field && pagesOf(field);
    if (!field || !pages) return null;
    const table = pages.table();
    const { name } = node;
    const twin: FieldNode = {
      ...node,
      name: { ...name, value: textFieldOf(name.value) },
      alias: node.alias ?? name,
    };
    const selection: unknown = selectJoined(table, { fieldNodes: [twin], fragments }, TO_ROWS);
    const writer = writerOf(table, selection as Selection<object>, field.type, node.selectionSet, fragments);
    if (!writer) return null;
    selections.push(...writer.selections);
    staffOnly ||= writer.staffOnly;
    return twin;
  }

  function rewritten(set: SelectionSetNode, parent: GraphQLObjectType): SelectionSetNode {
    const keys = set.selections.map((node) =>
      node.kind === Kind.FIELD ? (node.alias ?? node.name).value : '',
    );
    // Fields of one key are merged with their selections; a fragment may have the same key.
    if (new Set(keys).size < keys.length || keys.includes('')) return set;
    return {
      ...set,
      selections: set.selections.map((node) => {
        if (node.kind !== Kind.FIELD || !node.selectionSet) return node;
        const twin = node.directives?.length ? null : twinOf(node, parent);
        if (twin) return twin;
        const type = getNamedType(parent.getFields()[node.name.value]?.type);
        return type instanceof GraphQLObjectType
          ? { ...node, selectionSet: rewritten(node.selectionSet, type) }
          : node;
      }),
    };
  }

  const selectionSet = rewritten(operation.selectionSet, query);
  if (selections.length === 0) return null;
  const made: OperationDefinitionNode = { ...operation, selectionSet };
  return {
    document: { ...document, definitions: [made, ...Object.values(fragments)] },
    isFor: (actor) =>
      !(staffOnly && actor.partnerId !== null) && selections.every((selection) => mayJoin(selection, actor)),
  };
}
