import {
  type FieldNode,
  type GraphQLField,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  GraphQLScalarType,
  getArgumentValues,
  getNamedType,
  isLeafType,
  isListType,
  isNonNullType,
  type SelectionSetNode,
} from 'graphql';
import { Extensions } from 'type-graphql';
import { formatMinorText } from '../../domain/money.ts';
import type { Context } from '../request/context.ts';
import { digits } from '../request/currency.ts';
import { type PerField, perField, type Step } from './asked.ts';
import { cursorOf } from './cursor.ts';
import {
  type Cell,
  completedOf,
  type Fragments,
  fieldsOf,
  type JsonText,
  leafParts,
  objectParts,
  type Part,
  type Values,
  write,
} from './json-parts.ts';
import { type Selection, selectJoined, type Table } from './rows.ts';
import type { Sql } from './sql.ts';

/** The type of a field whose value is written as text. */
const JsonTextType = new GraphQLScalarType<JsonText>({
  name: 'JsonText',
  serialize: (value) => value as JsonText,
});

type Rows = Table<{ id: string }>;

/** The pages of a field. */
export interface Pages<T extends { id: string } = { id: string }> {
  readonly table: () => Table<T>;
  /** The join condition of a row and its parent, e.g. `c.partner_id = owner.id`. Without it, the field is a query. */
  readonly tie?: Sql;
}

/** The ways from a page to its rows. */
export const TO_ROWS: readonly Step[] = [[['edges', 'node'], ['nodes']]];

const EXTENSION = 'pagesOf';

/** Says that the resolver of a field returns these pages and changes nothing in them, so that they may be written as text. With
 *  a `tie`, the resolver is `pageOfEach` and nothing else, and is not called. */
export const PagesOf = (pages: Pages) => Extensions({ [EXTENSION]: pages });

/** The pages of a field of GraphQL that can be written. */
export const pagesOf = ({ extensions }: Pick<GraphQLField<unknown, unknown>, 'extensions'>): Pages | null =>
  (extensions[EXTENSION] as Pages | undefined) ?? null;

/** Writes pages from the values of a driver. */
export interface Writer {
  readonly page: (page: WrittenPage) => string;
  /** Reads what the columns do not have, and adds it to the rows. Null if the columns are enough. */
  readonly complete: ((reads: Reads, rows: readonly Values[], from: number) => Promise<unknown>) | null;
  /** True if a resolver gets the rows, so that the driver must parse all values. Otherwise bigint and instants stay text. */
  readonly readsObjects: boolean;
  /** True if the caller must be staff: other callers may see a row without the rows that it references. */
  readonly staffOnly: boolean;
  /** All selections below the page; the caller must see the rows that they join. */
  readonly selections: readonly Selection<object>[];
}

/** How a writer reads what lies below its rows. */
export interface Reads {
  readonly ctx: Context;
  readonly info: GraphQLResolveInfo;
  readonly pagesOfEach: (
    ctx: Context,
    below: Below,
    info: GraphQLResolveInfo,
    ids: readonly string[],
  ) => Promise<readonly string[]>;
}

/** The pages of each row of a page. */
interface Below {
  readonly pages: Required<Pages>;
  readonly writer: Writer;
  readonly args: Readonly<Record<string, unknown>>;
}

interface WrittenPage {
  readonly rows: readonly Values[];
  /** The place of the id in a row; the other columns follow it. */
  readonly from: number;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly totalCount?: number;
  readonly totalCountIsExact?: boolean;
}

/** Collects what a writer needs. */
interface Needs {
  readonly fragments: Fragments;
  /** The number of columns of a row. Texts that are read later follow them. */
  readonly width: number;
  readonly later: Later[];
  readonly selections: Selection<object>[];
  readsObjects: boolean;
  staffOnly: boolean;
}

/** Adds a text to each of these rows. */
type Later = (reads: Reads, rows: readonly Values[], from: number) => Promise<unknown>;

/** The row that a selection writes: its own columns start at `base` of the whole row. */
interface Place {
  readonly table: Rows;
  readonly selection: Selection<object>;
  readonly base: number;
}

type PagePart = (out: string[], page: WrittenPage) => void;

/** Returns the writer of a page, computed once per document. Null if it cannot be written as text. */
export function writerOf(
  table: Rows,
  selection: Selection<object>,
  type: GraphQLOutputType,
  set: SelectionSetNode | undefined,
  fragments: Fragments,
): Writer | null {
  const connection = getNamedType(type);
  const fields = connection instanceof GraphQLObjectType && fieldsOf(set, connection, fragments);
  if (!fields) return null;
  const needs: Needs = {
    ...{ fragments, width: selection.sql.length, later: [], selections: [selection] },
    ...{ readsObjects: false, staffOnly: false },
  };
  const place = { table, selection, base: 0 };
  const parts: PagePart[] = [];
  for (const [key, node] of fields) {
    const start = `${parts.length ? ',' : '{'}${JSON.stringify(key)}:`;
    const part = partOfPage(place, connection, node, needs);
    if (!part) return null;
    parts.push((out, page) => {
      out.push(start);
      part(out, page);
    });
  }
  const { later, readsObjects, staffOnly, selections } = needs;
  return {
    ...{ readsObjects, staffOnly, selections },
    page(page) {
      const out: string[] = [];
      for (const part of parts) part(out, page);
      out.push('}');
      return out.join('');
    },
    complete: later.length
      ? (reads, rows, from) => Promise.all(later.map((read) => read(reads, rows, from)))
      : null,
  };
}

function partOfPage(
  place: Place,
  connection: GraphQLObjectType,
  node: FieldNode,
  needs: Needs,
): PagePart | null {
  const name = node.name.value;
  if (name === '__typename') return (out) => out.push(`"${connection.name}"`);
  if (name === 'totalCount' || name === 'totalCountIsExact') return (out, page) => out.push(`${page[name]}`);
  if (name === 'pageInfo') return pageInfoPart(place, connection, node, needs);
  if (name !== 'edges' && name !== 'nodes') return null;
  const type = objectBelow(connection, name);
  const partsOf = name === 'edges' ? edgeParts : rowParts;
  const parts = type && partsOf(place, type, node.selectionSet, needs);
  return (
    parts &&
    ((out, { rows, from }) => {
      out.push('[');
      for (let i = 0; i < rows.length; i++) {
        if (i > 0) out.push(',');
        write(out, parts, rows[i] as Values, from);
      }
      out.push(']');
    })
  );
}

const cursorCell =
  ({ table }: Place): Cell =>
  (values, from) =>
    cursorOf(values[from] as string, table.type.name);

function edgeParts(
  place: Place,
  type: GraphQLObjectType,
  set: SelectionSetNode | undefined,
  needs: Needs,
): Part[] | null {
  const fields = fieldsOf(set, type, needs.fragments);
  if (!fields) return null;
  const parts: [string, readonly Part[]][] = [];
  for (const [key, node] of fields) {
    const name = node.name.value;
    const below = name === 'node' && objectBelow(type, 'node');
    let own: readonly Part[] | null = null;
    if (name === '__typename') own = [`"${type.name}"`];
    else if (name === 'cursor') own = ['"', cursorCell(place), '"'];
    else if (below) own = rowParts(place, below, node.selectionSet, needs);
    if (!own) return null;
    parts.push([key, own]);
  }
  return objectParts(parts);
}

function pageInfoPart(
  place: Place,
  connection: GraphQLObjectType,
  { selectionSet }: FieldNode,
  { fragments }: Needs,
): PagePart | null {
  const type = objectBelow(connection, 'pageInfo');
  const fields = type && fieldsOf(selectionSet, type, fragments);
  if (!fields) return null;
  const cursor = cursorCell(place);
  const cursorAt = ({ rows, from }: WrittenPage, index: number) => {
    const row = rows.at(index);
    return row ? `"${cursor(row, from)}"` : 'null';
  };
  const known: Record<string, (page: WrittenPage) => string> = {
    hasNextPage: (page) => `${page.hasNextPage}`,
    hasPreviousPage: (page) => `${page.hasPreviousPage}`,
    startCursor: (page) => cursorAt(page, 0),
    endCursor: (page) => cursorAt(page, -1),
  };
  const parts: { readonly start: string; readonly value: (page: WrittenPage) => string }[] = [];
  for (const [key, node] of fields) {
    const value = known[node.name.value];
    if (!value) return null;
    parts.push({ start: `${parts.length ? ',' : '{'}${JSON.stringify(key)}:`, value });
  }
  return (out, page) => {
    for (const { start, value } of parts) out.push(start, value(page));
    out.push('}');
  };
}

/** Returns the parts of a row. */
function rowParts(
  place: Place,
  type: GraphQLObjectType,
  set: SelectionSetNode | undefined,
  needs: Needs,
): Part[] | null {
  const fields = fieldsOf(set, type, needs.fragments);
  if (!fields) return null;
  const parts: [string, readonly Part[]][] = [];
  for (const [key, node] of fields) {
    const own = fieldParts(place, type, node, needs);
    if (!own) return null;
    parts.push([key, own]);
  }
  return objectParts(parts);
}

function fieldParts(
  place: Place,
  parent: GraphQLObjectType,
  node: FieldNode,
  needs: Needs,
): readonly Part[] | null {
  const { table, selection } = place;
  const name = node.name.value;
  if (name === '__typename') return [`"${parent.name}"`];
  const field = parent.getFields()[name];
  if (!field) return null;
  const other = selection.joined.get(name);
  const named = getNamedType(field.type);
  if (other) {
    const below = { table: other.table, selection: other.selection, base: place.base + other.at };
    const parts = named instanceof GraphQLObjectType && rowParts(below, named, node.selectionSet, needs);
    return parts ? [{ at: other.at, shift: other.at, parts }] : null; // the id of the joined row comes first
  }
  if (table.one?.[name]) return idParts(place, named, node, needs);
  const pages = pagesOf(field);
  if (pages?.tie) return pagesBelow(place, pages as Required<Pages>, parent, node, needs);
  if (field.resolve) return resolvedField(place, parent, node, needs);
  const at = selection.columns.get(name);
  const column = table.columns[name];
  if (at === undefined || !column) return null;
  const isRequired = isNonNullType(field.type);
  const missing = () => {
    if (isRequired) throw new Error(`Cannot return null for non-nullable field ${parent.name}.${name}.`);
    return 'null';
  };
  if (column.isMoney) {
    const parts = named instanceof GraphQLObjectType && moneyParts(node, named, at, missing, needs);
    if (!parts) return null;
    return isRequired ? parts : [{ at, shift: 0, parts }];
  }
  const isList = isListType(isNonNullType(field.type) ? field.type.ofType : field.type);
  return column.read || !isLeafType(named) || isList ? null : leafParts(named, at, missing, isRequired);
}

/** Returns the parts of a referenced row of which only the id is selected. */
function idParts(
  { table, selection }: Place,
  type: GraphQLOutputType,
  { name, selectionSet }: FieldNode,
  needs: Needs,
): Part[] | null {
  const at = selection.columns.get(table.needs?.[name.value]?.[0] ?? '');
  const ids = type instanceof GraphQLObjectType ? fieldsOf(selectionSet, type, needs.fragments) : null;
  if (at === undefined || !ids || [...ids.values()].some((each) => each.name.value !== 'id')) return null;
  needs.staffOnly = true;
  const id: Cell = (values, from) => values[from + at] as string;
  return [{ at, shift: 0, parts: objectParts(Array.from(ids.keys(), (key) => [key, ['"', id, '"']])) }];
}

function moneyParts(
  { selectionSet }: FieldNode,
  type: GraphQLObjectType,
  at: number,
  missing: () => string,
  { fragments }: Needs,
): Part[] | null {
  const fields = fieldsOf(selectionSet, type, fragments);
  if (!fields) return null;
  const known: Record<string, readonly Part[]> = {
    amount: [
      '"',
      (values, from) => {
        const minor = values[from + at];
        return minor === null
          ? missing()
          : formatMinorText(`${minor}`, digits(values[from + at + 1] as string));
      },
      '"',
    ],
    currency: [
      '"',
      (values, from) => (values[from + at] === null ? missing() : `${values[from + at + 1]}`),
      '"',
    ],
    minor: ['"', (values, from) => (values[from + at] === null ? missing() : `${values[from + at]}`), '"'],
    __typename: [`"${type.name}"`],
  };
  const parts: [string, readonly Part[]][] = [];
  for (const [key, { name }] of fields) {
    const own = known[name.value];
    if (!own) return null;
    parts.push([key, own]);
  }
  return objectParts(parts);
}

/** Writes a text that `read` adds behind the columns of each row that exists. */
function later(
  { base }: Place,
  needs: Needs,
  read: (reads: Reads, rows: readonly Values[], from: number) => Promise<readonly string[]>,
): Part[] {
  const slot = needs.width + needs.later.length;
  needs.later.push(async (reads, rows, from) => {
    const found = base === 0 ? rows : rows.filter((values) => values[from + base] !== null);
    const texts = await read(reads, found, from + base);
    for (const [i, values] of found.entries()) values[from + slot] = texts[i];
  });
  return [(values, from) => values[from - base + slot] as string];
}

/** Writes the pages of each row, read with one query for all rows. */
function pagesBelow(
  place: Place,
  pages: Required<Pages>,
  parent: GraphQLObjectType,
  node: FieldNode,
  needs: Needs,
): Part[] | null {
  const field = parent.getFields()[node.name.value] as GraphQLField<unknown, unknown>;
  const { fragments } = needs;
  const selection = selectJoined(pages.table(), { fieldNodes: [node], fragments }, TO_ROWS);
  const writer = writerOf(pages.table(), selection, field.type, node.selectionSet, fragments);
  if (!writer) return null;
  needs.staffOnly ||= writer.staffOnly;
  needs.selections.push(...writer.selections);
  return later(place, needs, ({ ctx, info, pagesOfEach }, rows, from) => {
    const args = getArgumentValues(field, node, info.variableValues);
    const ids = rows.map((values) => values[from] as string);
    return pagesOfEach(ctx, { pages, writer, args }, infoOf(info, parent, field, node), ids);
  });
}

/** Writes what the resolver of a field returns for each row. */
function resolvedField(
  place: Place,
  parent: GraphQLObjectType,
  node: FieldNode,
  needs: Needs,
): Part[] | null {
  const field = parent.getFields()[node.name.value] as GraphQLField<unknown, unknown>;
  const { resolve } = field;
  const text = completedOf(field.type, node.selectionSet, needs.fragments);
  if (!resolve || !text) return null;
  needs.readsObjects = true;
  return later(place, needs, ({ ctx, info }, rows, from) => {
    const args = getArgumentValues(field, node, info.variableValues);
    const own = infoOf(info, parent, field, node);
    const value = (values: Values) => resolve(place.selection.read(values, from), args, ctx, own);
    return Promise.all(rows.map(async (values) => text(await value(values))));
  });
}

const infoOf = (
  { schema, fragments, rootValue, operation, variableValues, path }: GraphQLResolveInfo,
  parentType: GraphQLObjectType,
  { name, type }: GraphQLField<unknown, unknown>,
  node: FieldNode,
): GraphQLResolveInfo => ({
  ...{ schema, fragments, rootValue, operation, variableValues, path, parentType },
  ...{ returnType: type, fieldName: name, fieldNodes: [node] },
});

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
