import {
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
  visit,
} from 'graphql';

// The limits of one operation. Our own clients stay far below: depth 8, 200 tokens, no alias.
export const MAX_TOKENS = 5_000;
export const MAX_TOKENS_OF_STRANGERS = 1_000; // public operations have 100
export const MAX_ERRORS = 5; // errors of a refusal
export const MAX_LIST = 250;
export const MAX_NESTED = 32; // depth of a value
const MAX_OPERATIONS = 25; // operations of a document; one of them runs
const MAX_DEPTH = 12;
const MAX_ROOT_FIELDS = 50;
const MAX_ALIASES = 50;
const MAX_DIRECTIVES = 50;
const MAX_ROWS = 25_000;
const MAX_VALUES = 100_000; // fields times rows of the answer
const MAX_SELECTIONS = 10_000; // after expanding fragments: a few nested ones make millions
const MAX_REPEATS = 100; // graphql-js compares each field with each other one of its name
const MAX_FILES = 2; // fields that produce a file, counted with their aliases
export const FILES = new Set(['pdf', 'csv']);
const PAGE = 20;
const LARGEST_PAGE = 100;

/** Returns the limit that a document exceeds, in words, or null. It runs before validation and so bounds its time. */
export function excessOf(document: DocumentNode): string | null {
  const operations = document.definitions.filter(isOperation);
  if (operations.length > MAX_OPERATIONS) return `the document has more than ${MAX_OPERATIONS} operations`;
  const fragments = fragmentsOf(document);
  for (const { selectionSet } of operations) {
    const tooMuch = measure(fragments, selectionSet);
    if (tooMuch) return `the operation ${tooMuch}`;
  }
  const written = excessInText(document);
  return written && `the document ${written}`;
}

export const isOperation = (node: DefinitionNode): node is OperationDefinitionNode =>
  node.kind === Kind.OPERATION_DEFINITION;

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

const fragmentsOf = ({ definitions }: DocumentNode): Fragments =>
  new Map(
    definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  );

const NESTS = new Set<string>([Kind.LIST, Kind.OBJECT, Kind.LIST_TYPE]);

function excessInText(document: DocumentNode): string | null {
  let aliases = 0;
  let directives = 0;
  let longest = 0;
  let nested = 0;
  let deepest = 0;
  visit(document, {
    enter(node) {
      if (NESTS.has(node.kind)) deepest = Math.max(deepest, ++nested);
      if (node.kind === Kind.FIELD && node.alias) aliases++;
      else if (node.kind === Kind.DIRECTIVE) directives++;
      else if (node.kind === Kind.LIST) longest = Math.max(longest, node.values.length);
    },
    leave(node) {
      if (NESTS.has(node.kind)) nested--;
    },
  });
  if (deepest > MAX_NESTED) return `has a value or a type nested more than ${MAX_NESTED} deep`;
  if (aliases > MAX_ALIASES) return `has more than ${MAX_ALIASES} aliases`;
  if (directives > MAX_DIRECTIVES) return `has more than ${MAX_DIRECTIVES} directives`;
  return longest > MAX_LIST ? `has a list of more than ${MAX_LIST} values` : null;
}

/** Validation refuses fragment cycles, but this runs first: the limits of depth and counts end the cycle. */
function measure(fragments: Fragments, operation: SelectionSetNode): string | null {
  let seen = 0;
  let repeats = 0;
  let cost = 0;
  let values = 0;
  let files = 0;

  function walk(set: SelectionSetNode, rows: number, depth: number, names: Set<string>): string | null {
    if (depth > MAX_DEPTH) return `is nested more than ${MAX_DEPTH} deep`;
    for (const node of set.selections) {
      if (++seen > MAX_SELECTIONS) return `has more than ${MAX_SELECTIONS} fields`;
      let inside = rows;
      let namesInside = names;
      if (node.kind === Kind.FIELD) {
        const name = (node.alias ?? node.name).value;
        if (names.has(name) && ++repeats > MAX_REPEATS)
          return `repeats its fields more than ${MAX_REPEATS} times`;
        names.add(name);
        if (FILES.has(node.name.value)) files += rows;
        if (files > MAX_FILES) return `asks for more than ${MAX_FILES} files: ask for one after the other`;
        values += rows;
        if (values > MAX_VALUES)
          return `could return more than ${MAX_VALUES} values: ask for smaller pages or fewer fields`;
        if (names === root && names.size > MAX_ROOT_FIELDS)
          return `asks for more than ${MAX_ROOT_FIELDS} root fields`;
        if (!node.selectionSet || isIntrospection(node)) continue; // graphql-js bounds the depth of introspection
        inside = rows * sizeOf(node, depth);
        if (inside > rows) cost += inside;
        namesInside = new Set();
      }
      const below = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node;
      if (!below?.selectionSet) continue;
      const fault = walk(below.selectionSet, inside, depth + 1, namesInside);
      if (fault) return fault;
      if (cost > MAX_ROWS) return `could return more than ${MAX_ROWS} rows: ask for smaller pages`;
    }
    return null;
  }

  /** The number of rows of a field: its page size, if it has pages. A size in a variable counts as the maximum. */
  function sizeOf({ arguments: given, selectionSet }: FieldNode, depth: number): number {
    const sizes = given?.filter(({ name }) => name.value === 'first' || name.value === 'last') ?? [];
    if (sizes.length) return Math.max(...sizes.map(({ value }) => pageSize(value)));
    return selectionSet && asksRows(selectionSet, depth) ? PAGE : 1;
  }

  /** True for a page, also if a fragment selects it. */
  function asksRows(set: SelectionSetNode, depth: number): boolean {
    return set.selections.some((node) => {
      if (node.kind === Kind.FIELD) return node.name.value === 'edges' || node.name.value === 'nodes';
      if (++seen > MAX_SELECTIONS || depth > MAX_DEPTH) return false;
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node;
      return fragment ? asksRows(fragment.selectionSet, depth + 1) : false;
    });
  }

  const root = new Set<string>();
  return walk(operation, 1, 1, root);
}

const isIntrospection = ({ name }: FieldNode): boolean => name.value.startsWith('__');

function pageSize(value: ValueNode): number {
  const size = value.kind === Kind.INT ? Number(value.value) : LARGEST_PAGE;
  return Math.min(Math.max(size, 1), LARGEST_PAGE);
}

/** A field of an operation's root, under the name that it has in the answer. */
export interface RootField {
  readonly name: string;
  readonly node: FieldNode;
}

/** The root fields of an operation, with fragments expanded; each place of the text once. */
export function rootFieldsOf(
  document: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
): readonly RootField[] {
  const fragments = fragmentsOf(document);
  const fields = new Map<FieldNode, RootField>();
  function collect(set: SelectionSetNode | undefined): void {
    for (const node of set?.selections ?? []) {
      if (node.kind === Kind.FIELD) fields.set(node, { name: (node.alias ?? node.name).value, node });
      else
        collect((node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value))?.selectionSet);
    }
  }
  collect(selectionSet);
  return [...fields.values()];
}
