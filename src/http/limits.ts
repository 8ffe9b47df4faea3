import {
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

const MAX_DEPTH = 12; // our own clients go 8 deep
const MAX_ROOT_FIELDS = 100;
const MAX_ROWS = 25_000;
const PAGE = 20;
const LARGEST_PAGE = 100;

/** Refuses what would cost out of proportion before anything runs: too deep, too many root fields, or pages within
 *  pages that could come to too many rows. A page size in a variable counts as the largest. */
export const withinLimits: ValidationRule = (context: ValidationContext) => ({
  OperationDefinition(operation) {
    const { selections } = operation.selectionSet;
    if (selections.length > MAX_ROOT_FIELDS)
      return refuse(context, `asks for more than ${MAX_ROOT_FIELDS} root fields`);
    const cost = costOf(context, operation.selectionSet, 1, 1);
    if (cost === null) return refuse(context, `is nested more than ${MAX_DEPTH} deep`);
    if (cost > MAX_ROWS)
      return refuse(context, `could answer with more than ${MAX_ROWS} rows: ask for smaller pages`);
  },
});

function refuse(context: ValidationContext, fault: string): void {
  context.reportError(
    new GraphQLError(`the operation ${fault}`, { extensions: { code: 'BAD_USER_INPUT', field: 'query' } }),
  );
}

/** Rows that a selection could take, or null where it is too deep. Fragments in a circle are refused by another rule,
 *  but this one may see them first, so depth ends them. */
function costOf(
  context: ValidationContext,
  set: SelectionSetNode,
  rows: number,
  depth: number,
): number | null {
  if (depth > MAX_DEPTH) return null;
  let cost = 0;
  for (const node of set.selections) {
    if (node.kind === Kind.FIELD) {
      if (!node.selectionSet) continue;
      const first = node.arguments?.find(({ name }) => name.value === 'first');
      const connection = node.selectionSet.selections.some(
        (inner) => inner.kind === Kind.FIELD && inner.name.value === 'edges',
      );
      const page = first ? sizeOf(first.value) : connection ? PAGE : 1;
      const inside = costOf(context, node.selectionSet, rows * page, depth + 1);
      if (inside === null) return null;
      cost += (page > 1 ? rows * page : 0) + inside;
    } else {
      const below = node.kind === Kind.INLINE_FRAGMENT ? node : fragment(context, node.name.value);
      const inside = below ? costOf(context, below.selectionSet, rows, depth + 1) : 0;
      if (inside === null) return null;
      cost += inside;
    }
    if (cost > MAX_ROWS) return cost;
  }
  return cost;
}

const fragment = (context: ValidationContext, name: string): FragmentDefinitionNode | null =>
  context.getFragment(name) ?? null;

function sizeOf(value: { kind: string; value?: unknown }): number {
  const size = value.kind === Kind.INT ? Number(value.value) : LARGEST_PAGE;
  return Math.min(Math.max(size, 1), LARGEST_PAGE);
}
