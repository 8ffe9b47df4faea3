import type { FragmentDefinitionNode, GraphQLResolveInfo, SelectionSetNode } from 'graphql';

type Fragments = Record<string, FragmentDefinitionNode>;

function* fieldsOf(
  set: SelectionSetNode | undefined,
  fragments: Fragments,
): Generator<[string, SelectionSetNode | undefined]> {
  for (const node of set?.selections ?? []) {
    if (node.kind === 'Field') yield [node.name.value, node.selectionSet];
    else if (node.kind === 'InlineFragment') yield* fieldsOf(node.selectionSet, fragments);
    else yield* fieldsOf(fragments[node.name.value]?.selectionSet, fragments);
  }
}

/** Names of the fields asked below `path`. `@skip` and `@include` are not weighed: a column too many does no harm. */
export function askedFields(info: GraphQLResolveInfo, path: readonly string[] = []): Set<string> {
  let sets = info.fieldNodes.map((node) => node.selectionSet);
  for (const step of path) {
    sets = sets.flatMap((set) =>
      Array.from(fieldsOf(set, info.fragments))
        .filter(([name]) => name === step)
        .map(([, below]) => below),
    );
  }
  return new Set(sets.flatMap((set) => Array.from(fieldsOf(set, info.fragments), ([name]) => name)));
}
