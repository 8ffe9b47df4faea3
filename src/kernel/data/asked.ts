import type { FragmentDefinitionNode, GraphQLResolveInfo, SelectionSetNode } from 'graphql';
import { memo } from '../request/memo.ts';

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

/** A step down a selection: the name of a field, or several ways to the same rows. */
export type Step = string | readonly (readonly string[])[];

/** Names of the selected fields below `path`. `@skip` and `@include` are ignored: one more column does no harm. */
export function askedFields(
  info: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>,
  path: readonly Step[] = [],
): Set<string> {
  type Sets = readonly (SelectionSetNode | undefined)[];
  const below = (sets: Sets, step: Step): Sets =>
    typeof step === 'string'
      ? sets.flatMap((set) =>
          Array.from(fieldsOf(set, info.fragments))
            .filter(([name]) => name === step)
            .map(([, under]) => under),
        )
      : step.flatMap((way) => way.reduce(below, sets));
  const sets = path.reduce(
    below,
    info.fieldNodes.map((node) => node.selectionSet),
  );
  return new Set(sets.flatMap((set) => Array.from(fieldsOf(set, info.fragments), ([name]) => name)));
}

interface Kept<V> {
  readonly nodes: GraphQLResolveInfo['fieldNodes'];
  readonly value: V;
}

/** A cache for each field of a document. The nodes of the field are its key: several where fragments select one field. */
export type PerField<V> = WeakMap<object, Kept<V>[]>;

export function perField<V>(
  store: PerField<V>,
  { fieldNodes }: Pick<GraphQLResolveInfo, 'fieldNodes'>,
  make: () => V,
): V {
  const kept = memo(store, fieldNodes[0] as object, (): Kept<V>[] => []);
  for (const { nodes, value } of kept) {
    if (nodes.length === fieldNodes.length && nodes.every((node, i) => node === fieldNodes[i])) return value;
  }
  const value = make();
  kept.push({ nodes: fieldNodes, value });
  return value;
}

/** True if the selection of a row is its id alone. */
export const asksIdOnly = (fields: ReadonlySet<string>): boolean =>
  [...fields].every((field) => field === 'id');
