import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLEnumType,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  GraphQLScalarType,
  getNamedType,
  isLeafType,
  isListType,
  isNonNullType,
  type SelectionSetNode,
} from 'graphql';
import { Extensions } from 'type-graphql';
import { formatMinorText } from '../../domain/money.ts';
import { digits } from '../request/currency.ts';
import { type PerField, perField } from './asked.ts';
import type { Selection, Table } from './rows.ts';

/** JSON text that stands for the value of a field. */
export class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The type of a field whose value is written as text. */
const JsonTextType = new GraphQLScalarType<JsonText>({
  name: 'JsonText',
  serialize: (value) => value as JsonText,
});

type Rows = Table<{ id: string }>;
const EXTENSION = 'pagesOf';

/** Says that the resolver of a field returns a page of this table and changes nothing in it, so that the page may be written
 *  as text. */
export const PagesOf = (table: () => Rows) => Extensions({ [EXTENSION]: table });

/** A field of GraphQL whose pages can be written. */
export const pagedTableOf = (extensions: Readonly<Record<string, unknown>>): Rows | null =>
  (extensions[EXTENSION] as (() => Rows) | undefined)?.() ?? null;

type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;
type Fields = ReadonlyMap<string, FieldNode>;

/** Returns the fields of a selection by their key in the answer. Null if they depend on a directive or a type, or if one key is
 *  selected twice. */
function fieldsOf(
  set: SelectionSetNode | undefined,
  type: GraphQLObjectType,
  fragments: Fragments,
): Fields | null {
  const fields = new Map<string, FieldNode>();
  const add = (from: SelectionSetNode | undefined): boolean =>
    (from?.selections ?? []).every((node) => {
      if (node.directives?.length) return false;
      if (node.kind === 'Field') {
        const key = node.alias?.value ?? node.name.value;
        return !fields.has(key) && fields.set(key, node);
      }
      const fragment = node.kind === 'InlineFragment' ? node : fragments[node.name.value];
      if (!fragment || (fragment.typeCondition && fragment.typeCondition.name.value !== type.name))
        return false;
      return add(fragment.selectionSet);
    });
  return add(set) ? fields : null;
}

/** A part of an answer, from the values of a row. */
type Write = (values: readonly unknown[], from: number) => string;

/** Reads values of a driver that parses bigint and instants as text. */
export interface Writer {
  readonly row: Write;
  /** True if the caller must be staff: other callers may see a row without the rows that it references. */
  readonly staffOnly: boolean;
  readonly page: (page: WrittenPage) => string;
}

interface WrittenPage {
  readonly rows: readonly string[];
  readonly cursor: (index: number) => string;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly totalCount?: number;
  readonly totalCountIsExact?: boolean;
}

/** Returns the writer of a page, computed once per document. Null if the selection needs a resolver. */
export function writerOf(
  table: Rows,
  selection: Selection<object>,
  type: GraphQLOutputType,
  set: SelectionSetNode | undefined,
  fragments: Fragments,
): Writer | null {
  const connection = getNamedType(type);
  if (!(connection instanceof GraphQLObjectType)) return null;
  const state = { staffOnly: false };
  const fields = fieldsOf(set, connection, fragments);
  if (!fields) return null;
  let row: Write = () => '';
  const parts: ((page: WrittenPage) => string)[] = [];
  for (const [key, node] of fields) {
    const start = `${parts.length ? ',' : ''}${JSON.stringify(key)}:`;
    const name = node.name.value;
    if (name === '__typename') parts.push(() => `${start}"${connection.name}"`);
    else if (name === 'totalCount' || name === 'totalCountIsExact')
      parts.push((page) => `${start}${page[name]}`);
    else if (name === 'pageInfo') {
      const info = pageInfoOf(node, connection, fragments);
      if (!info) return null;
      parts.push((page) => `${start}${info(page)}`);
    } else if (name === 'edges') {
      const edge = edgesOf(node, connection, fragments, (below, nodeType) =>
        rowOf(table, selection, nodeType, below, fragments, state),
      );
      if (!edge) return null;
      row = edge.row;
      parts.push((page) => `${start}[${page.rows.map((text, i) => edge.edge(text, page, i)).join(',')}]`);
    } else return null;
  }
  return { row, staffOnly: state.staffOnly, page: (page) => `{${parts.map((part) => part(page)).join('')}}` };
}

function edgesOf(
  { selectionSet }: FieldNode,
  connection: GraphQLObjectType,
  fragments: Fragments,
  rowFor: (set: SelectionSetNode | undefined, type: GraphQLObjectType) => Write | null,
) {
  const type = objectBelow(connection, 'edges');
  const fields = type && fieldsOf(selectionSet, type, fragments);
  if (!fields) return null;
  let row: Write = () => '';
  let nodes = 0;
  const parts: ((text: string, page: WrittenPage, index: number) => string)[] = [];
  for (const [key, node] of fields) {
    const start = `${parts.length ? ',' : ''}${JSON.stringify(key)}:`;
    if (node.name.value === '__typename') parts.push(() => `${start}"${type.name}"`);
    else if (node.name.value === 'cursor') parts.push((_, page, i) => `${start}"${page.cursor(i)}"`);
    else if (node.name.value === 'node' && ++nodes === 1) {
      const below = objectBelow(type, 'node');
      const made = below && rowFor(node.selectionSet, below);
      if (!made) return null;
      row = made;
      parts.push((text) => start + text);
    } else return null;
  }
  const edge = (text: string, page: WrittenPage, index: number) =>
    `{${parts.map((part) => part(text, page, index)).join('')}}`;
  return { row, edge };
}

function pageInfoOf({ selectionSet }: FieldNode, connection: GraphQLObjectType, fragments: Fragments) {
  const type = objectBelow(connection, 'pageInfo');
  const fields = type && fieldsOf(selectionSet, type, fragments);
  if (!fields) return null;
  const quoted = (page: WrittenPage, index: number) =>
    page.rows.length ? `"${page.cursor(index)}"` : 'null';
  const known: Record<string, (page: WrittenPage) => string> = {
    hasNextPage: (page) => `${page.hasNextPage}`,
    hasPreviousPage: (page) => `${page.hasPreviousPage}`,
    startCursor: (page) => quoted(page, 0),
    endCursor: (page) => quoted(page, page.rows.length - 1),
  };
  const parts: ((page: WrittenPage) => string)[] = [];
  for (const [key, node] of fields) {
    const write = known[node.name.value];
    if (!write) return null;
    const start = `${parts.length ? ',' : ''}${JSON.stringify(key)}:`;
    parts.push((page) => start + write(page));
  }
  return (page: WrittenPage) => `{${parts.map((part) => part(page)).join('')}}`;
}

/** Returns the writer of a row, from the columns of its selection. */
function rowOf(
  table: Rows,
  selection: Selection<object>,
  type: GraphQLObjectType,
  set: SelectionSetNode | undefined,
  fragments: Fragments,
  state: { staffOnly: boolean },
): Write | null {
  const fields = fieldsOf(set, type, fragments);
  if (!fields) return null;
  const parts: Write[] = [];
  for (const [key, node] of fields) {
    const start = `${parts.length ? ',' : ''}${JSON.stringify(key)}:`;
    const write = fieldOf(table, selection, type, node, fragments, state);
    if (!write) return null;
    parts.push((values, from) => start + write(values, from));
  }
  return (values, from) => {
    let text = '{';
    for (const part of parts) text += part(values, from);
    return `${text}}`;
  };
}

function fieldOf(
  table: Rows,
  selection: Selection<object>,
  parent: GraphQLObjectType,
  node: FieldNode,
  fragments: Fragments,
  state: { staffOnly: boolean },
): Write | null {
  const name = node.name.value;
  if (name === '__typename') return () => JSON.stringify(parent.name);
  const field = parent.getFields()[name];
  if (!field) return null;
  const other = selection.joined.get(name);
  const named = getNamedType(field.type);
  if (other) {
    if (!(named instanceof GraphQLObjectType)) return null;
    const row = rowOf(other.table, other.selection, named, node.selectionSet, fragments, state);
    // The id of the joined row comes first.
    return (
      row && ((values, from) => (values[from + other.at] === null ? 'null' : row(values, from + other.at)))
    );
  }
  const one = table.one?.[name];
  if (one) {
    const key = selection.columns.get(table.needs?.[name]?.[0] ?? '');
    const ids = named instanceof GraphQLObjectType ? fieldsOf(node.selectionSet, named, fragments) : null;
    if (key === undefined || !ids || [...ids.values()].some((each) => each.name.value !== 'id')) return null;
    state.staffOnly = true;
    const keys = Array.from(ids.keys(), (each) => JSON.stringify(each));
    return (values, from) => {
      const id = values[from + key];
      return id === null ? 'null' : `{${keys.map((each) => `${each}:"${id}"`).join(',')}}`;
    };
  }
  const at = selection.columns.get(name);
  const column = table.columns[name];
  if (field.resolve || at === undefined || !column) return null;
  const nothing = (): string => {
    if (!isNonNullType(field.type)) return 'null';
    throw new Error(`Cannot return null for non-nullable field ${parent.name}.${name}.`);
  };
  if (column.isMoney) {
    const money = named instanceof GraphQLObjectType ? moneyOf(node, named, fragments) : null;
    return (
      money &&
      ((values, from) => {
        const minor = values[from + at];
        return minor === null ? nothing() : money(minor as string, values[from + at + 1] as string);
      })
    );
  }
  if (
    column.read ||
    !isLeafType(named) ||
    isListType(isNonNullType(field.type) ? field.type.ofType : field.type)
  )
    return null;
  const write = leafOf(named);
  return (
    write &&
    ((values, from) => {
      const value = values[from + at];
      return value === null ? nothing() : write(value);
    })
  );
}

const TEXTS: ReadonlySet<string> = new Set(['ID', 'String', 'LocalDate', 'Decimal']);

/** Returns the writer of a scalar or enum; null for those that are rare. */
function leafOf(type: GraphQLScalarType | GraphQLEnumType): ((value: unknown) => string) | null {
  if (type instanceof GraphQLEnumType) {
    const texts = new Map(type.getValues().map(({ name, value }) => [value, JSON.stringify(name)]));
    return (value) => texts.get(value) ?? JSON.stringify(type.serialize(value));
  }
  if (TEXTS.has(type.name))
    return (value) => (typeof value === 'string' ? textOf(value) : JSON.stringify(type.serialize(value)));
  if (type.name === 'DateTime') return (value) => `"${instantOf(value as string)}"`;
  if (type.name === 'Int' || type.name === 'Boolean') return (value) => JSON.stringify(type.serialize(value));
  return null;
}

const PLAIN = /^[\w -]*$/;
const textOf = (value: string): string => (PLAIN.test(value) ? `"${value}"` : JSON.stringify(value));

/** `2026-11-30 10:00:00.5+00` of PostgreSQL as ISO 8601. */
function instantOf(text: string): string {
  if (!text.endsWith('+00') || text.length > 26 || text.charCodeAt(10) !== 32)
    return new Date(text).toISOString();
  const fraction = text.length > 22 ? text.slice(20, -3).padEnd(3, '0') : '000';
  return fraction.length === 3
    ? `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`
    : new Date(text).toISOString();
}

function moneyOf({ selectionSet }: FieldNode, type: GraphQLObjectType, fragments: Fragments) {
  const fields = fieldsOf(selectionSet, type, fragments);
  if (!fields) return null;
  const parts: ((amount: string, currency: string) => string)[] = [];
  for (const [key, { name }] of fields) {
    const start = `${parts.length ? ',' : ''}${JSON.stringify(key)}:`;
    if (name.value === 'amount') parts.push((amount) => `${start}"${amount}"`);
    else if (name.value === 'currency') parts.push((_, currency) => `${start}"${currency}"`);
    else if (name.value === '__typename') parts.push(() => `${start}"${type.name}"`);
    else return null;
  }
  return (minor: string, currency: string) => {
    const amount = formatMinorText(minor, digits(currency));
    let text = '{';
    for (const part of parts) text += part(amount, currency);
    return `${text}}`;
  };
}

function objectBelow(type: GraphQLObjectType, name: string): GraphQLObjectType | null {
  const field = type.getFields()[name];
  const below = field && !field.resolve ? getNamedType(field.type) : null;
  return below instanceof GraphQLObjectType ? below : null;
}

const SUFFIX = '$text';

/** Returns the name of the twin of a field whose value is text. No document can name it. */
export const textFieldOf = (name: string): string => `${name}${SUFFIX}`;

/** Adds the twin of a field, which lists of the schema do not show. */
export function addTextField(parent: GraphQLObjectType, name: string): void {
  const fields = parent.getFields();
  const field = fields[name];
  if (!field || fields[textFieldOf(name)]) return;
  const type = isNonNullType(field.type) ? new GraphQLNonNull(JsonTextType) : JsonTextType;
  Object.defineProperty(fields, textFieldOf(name), {
    value: { ...field, name: textFieldOf(name), type },
    enumerable: false,
  });
}

/** Returns the type that a field of `info` has, if its value is to be written as text. */
function writtenType({
  fieldName,
  fieldNodes,
  parentType,
  returnType,
}: GraphQLResolveInfo): GraphQLOutputType | null {
  if (getNamedType(returnType) !== JsonTextType) return null;
  const name = (fieldNodes[0]?.name.value ?? fieldName).slice(0, -SUFFIX.length);
  return parentType.getFields()[name]?.type ?? null;
}

const writers: PerField<Writer | null> = new WeakMap();

/** Returns the writer of a page, if the field is to be written as text. */
export function writerFor<T extends { id: string }>(
  table: Table<T>,
  selection: Selection<T>,
  info: GraphQLResolveInfo,
): Writer | null {
  const type = writtenType(info);
  if (!type) return null;
  return perField(writers, info, () =>
    writerOf(
      table as unknown as Rows,
      selection as unknown as Selection<object>,
      type,
      info.fieldNodes[0]?.selectionSet,
      info.fragments,
    ),
  );
}

/** Writes a result in which some values are text already. */
export function jsonOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value !== 'object') return JSON.stringify(value);
  if (value instanceof JsonText) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`;
  let text = '';
  for (const key in value) {
    const each = (value as Record<string, unknown>)[key];
    if (each !== undefined) text += `${text ? ',' : ''}${JSON.stringify(key)}:${jsonOf(each)}`;
  }
  return `{${text}}`;
}
