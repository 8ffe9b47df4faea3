import {
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

const MAX_DEPTH = 12; // our own clients go 8 deep
const MAX_ROOT_FIELDS = 100;
const MAX_ROWS = 25_000;
const MAX_SELECTIONS = 10_000; // with every fragment written out: a few of them in each other make millions
const PAGE = 20;
const LARGEST_PAGE = 100;

/** Refuses what would cost out of proportion before anything runs: too deep, too many fields, or pages within pages
 *  that could come to too many rows. A page size in a variable counts as the largest. */
export const withinLimits: ValidationRule = (context: ValidationContext) => ({
  OperationDefinition({ selectionSet }) {
    const tooMuch =
      selectionSet.selections.length > MAX_ROOT_FIELDS
        ? `asks for more than ${MAX_ROOT_FIELDS} root fields`
        : measure(context, selectionSet);
    if (tooMuch === null) return;
    context.reportError(
      new GraphQLError(`the operation ${tooMuch}`, {
        extensions: { code: 'BAD_USER_INPUT', field: 'query' },
      }),
    );
  },
});

/** What is too much of an operation, in words, or null. Fragments in a circle are refused by another rule, but this one
 *  may see them first: depth and the count of selections end them. */
function measure(context: ValidationContext, operation: SelectionSetNode): string | null {
  let seen = 0;
  let cost = 0;

  function walk(set: SelectionSetNode, rows: number, depth: number): string | null {
    if (depth > MAX_DEPTH) return `is nested more than ${MAX_DEPTH} deep`;
    for (const node of set.selections) {
      if (++seen > MAX_SELECTIONS) return `has more than ${MAX_SELECTIONS} fields`;
      const below = node.kind === Kind.FRAGMENT_SPREAD ? context.getFragment(node.name.value) : node;
      if (!below?.selectionSet) continue;
      let inside = rows;
      if (node.kind === Kind.FIELD) {
        const first = node.arguments?.find(({ name }) => name.value === 'first');
        inside = rows * (first ? sizeOf(first.value) : asksEdges(below.selectionSet, depth) ? PAGE : 1);
        if (inside > rows) cost += inside;
      }
      const fault = walk(below.selectionSet, inside, depth + 1);
      if (fault) return fault;
      if (cost > MAX_ROWS) return `could answer with more than ${MAX_ROWS} rows: ask for smaller pages`;
    }
    return null;
  }

  /** Whether it is a page, also where a fragment says so. */
  function asksEdges(set: SelectionSetNode, depth: number): boolean {
    return set.selections.some((node) => {
      if (node.kind === Kind.FIELD) return node.name.value === 'edges';
      if (++seen > MAX_SELECTIONS || depth > MAX_DEPTH) return false;
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? context.getFragment(node.name.value) : node;
      return fragment ? asksEdges(fragment.selectionSet, depth + 1) : false;
    });
  }

  return walk(operation, 1, 1);
}

function sizeOf(value: { kind: string; value?: unknown }): number {
  const size = value.kind === Kind.INT ? Number(value.value) : LARGEST_PAGE;
  return Math.min(Math.max(size, 1), LARGEST_PAGE);
}
