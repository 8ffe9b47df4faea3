import type { GraphQLResolveInfo } from 'graphql';
import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';
import { invalid } from '../../domain/errors.ts';
import type { Context } from '../request/context.ts';
import { memo } from '../request/memo.ts';
import { askedFields } from './asked.ts';
import { cursorOf, idOfCursor } from './cursor.ts';
import { JsonText } from './json-parts.ts';
import { loaderFor } from './loader.ts';
import {
  from,
  query,
  queryPositions,
  queryWritten,
  readRows,
  type Selection,
  scopeOf,
  select,
  type Table,
} from './rows.ts';
import { type Sql, sql } from './sql.ts';
import { type Pages, type Reads, TO_ROWS, type Writer, writerFor } from './written-pages.ts';

const DEFAULT_PAGE = 20;
const MAX_PAGE = 100;
/** Rows that a list counts unless an exact count is asked for. Beyond it, counting takes longer than reading the page. */
const MAX_COUNT = 10_000;

@ObjectType({ simpleResolvers: true, description: 'Where a page lies in its list.' })
class PageInfo {
  @Field({ description: 'Whether rows follow this page.' })
  hasNextPage!: boolean;

  @Field({ description: 'Whether rows lie before this page.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Cursor of the first row; null on an empty page.' })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the last row, for `after`; null on an empty page.',
  })
  endCursor!: string | null;
}

/** A row of a page. Its cursor is computed only if it is selected. */
class Edge<T extends { id: string }> {
  readonly node: T;
  readonly #list: string;

  constructor(node: T, list: string) {
    this.node = node;
    this.#list = list;
  }

  get cursor(): string {
    return cursorOf(this.node.id, this.#list);
  }
}

export interface Connection<T extends { id: string }> {
  readonly edges: Edge<T>[];
  readonly nodes: T[];
  readonly pageInfo: PageInfo;
  readonly totalCount?: number;
  readonly totalCountIsExact?: boolean;
}

const connections = new Map<unknown, ClassType<object>>();

/** Returns the Relay connection type of `Node`; the same type at every call. */
export function connectionOf<T extends { id: string }>(Node: ClassType<T>): ClassType<object> {
  return memo(connections, Node, () => declareConnection(Node));
}

function declareConnection<T extends { id: string }>(Node: ClassType<T>): ClassType<object> {
  @ObjectType(`${Node.name}Edge`, { simpleResolvers: true, description: `A ${Node.name} in a page.` })
  class NodeEdge {
    @Field({ description: 'Cursor of the row. Pass it as `after` to get the rows after this one.' })
    cursor!: string;

    @Field(() => Node, { description: 'The row.' })
    node!: T;
  }

  @ObjectType(`${Node.name}Connection`, {
    simpleResolvers: true,
    description: `A page of ${Node.name}s, newest first.`,
  })
  class NodeConnection {
    @Field(() => [NodeEdge], { description: 'The rows of this page.' })
    edges!: NodeEdge[];

    @Field(() => [Node], { description: 'The rows of this page without their cursors.' })
    nodes!: T[];

    @Field(() => PageInfo, { description: 'Where this page lies.' })
    pageInfo!: PageInfo;

    @Field(() => Int, {
      description: `Rows in the whole list, counted only when asked for. At most ${MAX_COUNT}, unless \`exactCount\` is true.`,
    })
    totalCount!: number;

    @Field({ description: 'False if the list has more rows than `totalCount` says.' })
    totalCountIsExact!: boolean;
  }
  return NodeConnection;
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: `Number of rows from the start of the list, or after \`after\`: 1 to ${MAX_PAGE}, default ${DEFAULT_PAGE}.`,
  })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the row before the page.' })
  after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: `Number of rows from the end of the list, or before \`before\`: 1 to ${MAX_PAGE}. Not together with \`first\`.`,
  })
  last?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the row after the page.' })
  before?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `True: \`totalCount\` counts all rows, also above ${MAX_COUNT}, which takes longer in a large list.`,
  })
  exactCount?: boolean | null;
}

/** The rows of a list that a page shows. */
interface Span {
  readonly size: number;
  /** True if the page is counted from the end. */
  readonly isLast: boolean;
  readonly after: string | null;
  readonly before: string | null;
}

/** Throws BAD_USER_INPUT for sizes that are out of bounds, and for two sizes. */
function spanOf({ first, last, after, before }: PageArgs): Span {
  if (first != null && last != null) throw invalid('last', 'must not be given together with `first`');
  const isLast = last != null;
  const size = last ?? first ?? DEFAULT_PAGE;
  if (size < 1 || size > MAX_PAGE) throw invalid(isLast ? 'last' : 'first', `must be from 1 to ${MAX_PAGE}`);
  return { size, isLast, after: after ?? null, before: before ?? null };
}

/** Returns the rows of a page in the order of the list, and where they lie. Of the rows that were read, one more than the
 *  page shows that others follow. */
function cut<Row>(rows: readonly Row[], { size, isLast, after, before }: Span) {
  const shown = rows.length > size ? rows.slice(0, size) : rows;
  const more = rows.length > size;
  return {
    rows: isLast ? shown.toReversed() : shown,
    hasNextPage: isLast ? before !== null : more,
    hasPreviousPage: isLast ? more : after !== null,
  };
}

function pageOf<T extends { id: string }>(read: readonly T[], list: string, span: Span): Connection<T> {
  const { rows, ...where } = cut(read, span);
  const edges = rows.map((row) => new Edge(row, list));
  return {
    edges,
    nodes: rows as T[],
    pageInfo: {
      ...where,
      get startCursor() {
        return edges[0]?.cursor ?? null;
      },
      get endCursor() {
        return edges.at(-1)?.cursor ?? null;
      },
    },
  };
}

/** Returns pages as text, each from its rows: their id is the first column at `from`. */
async function writtenPages(
  ctx: Context,
  info: GraphQLResolveInfo,
  writer: Writer,
  pages: readonly {
    readonly rows: unknown[][];
    readonly counts: ReturnType<typeof counted> | null;
  }[],
  at: number,
  span: Span,
): Promise<JsonText[]> {
  const cuts = pages.map(({ rows, counts }) => ({ ...cut(rows, span), ...counts, from: at }));
  const shown = cuts.flatMap(({ rows }) => rows);
  await writer.complete?.({ ctx, info, pagesOfEach: textsOfEach }, shown, at);
  return cuts.map((page) => new JsonText(writer.page(page)));
}

/** Returns the texts of the pages of each row. The text of a page is that of `given`. */
const textsOfEach: Reads['pagesOfEach'] = async (ctx, { pages, writer, args }, info, ids) => {
  const texts: unknown = await pagesOfEach(ctx, info, pages, ids, args, [], writer);
  return (texts as JsonText[]).map(({ text }) => text);
};

/** Returns the condition of the rows between the cursors. Ids sort by time, so the id alone is the paging key. */
function between(table: Pick<Table<object>, 'alias' | 'order' | 'type'>, { after, before }: Span): Sql {
  const key = sql.raw(keyOf(table));
  const idAt = (cursor: string, argument: string) => idOfCursor(cursor, table.type.name, argument);
  const next = after === null ? sql`` : sql` and ${key} < ${idAt(after, 'after')}`;
  return before === null ? next : sql`${next} and ${key} > ${idAt(before, 'before')}`;
}

const keyOf = ({ alias, order }: Pick<Table<object>, 'alias' | 'order'>): string => order ?? `${alias}.id`;

const directionOf = ({ isLast }: Span): string => (isLast ? '' : ' desc');

/** The limit is part of the text, so that PostgreSQL can reuse one plan. One more row than the page shows whether rows follow,
 *  if the caller asks for it. */
const limited = (table: Pick<Table<object>, 'alias' | 'order'>, span: Span, info: GraphQLResolveInfo): Sql =>
  sql.raw(
    ` order by ${keyOf(table)}${directionOf(span)} limit ${askedFields(info).has('pageInfo') ? span.size + 1 : span.size}`,
  );

const whole = ({ alias }: { alias: string }) => ({ list: sql.raw(`${alias}.*`), joins: sql`` });
const one = { list: sql`1`, joins: sql`` };

/** Returns the query that counts rows, up to the limit or all of them. */
const counting = (rows: Sql, exact: boolean | null | undefined): Sql<{ count: number }> =>
  sql`select count(*)::int as count from (${rows}${exact ? sql`` : sql.raw(` limit ${MAX_COUNT + 1}`)}) counted`;

const asksCount = (info: GraphQLResolveInfo): boolean => {
  const asked = askedFields(info);
  return asked.has('totalCount') || asked.has('totalCountIsExact');
};

const counted = (count: number, exact: boolean | null | undefined) => ({
  totalCount: exact ? count : Math.min(count, MAX_COUNT),
  totalCountIsExact: exact === true || count <= MAX_COUNT,
});

/** Joins other rows after the page is limited. With an earlier join, PostgreSQL may scan the wrong table. */
const joined = <T extends object>(
  { alias }: Table<T>,
  { list, joins }: Selection<T>,
  limited: Sql,
  span: Span,
): Sql =>
  sql`select ${list} from (${limited}) ${sql.raw(alias)}${joins} order by ${sql.raw(alias)}.id${sql.raw(directionOf(span))}`;

/** Loads a page of a scoped table, newest rows first. */
export async function page<T extends { id: string }>(
  ctx: Context,
  info: GraphQLResolveInfo,
  table: Table<T>,
  args: PageArgs,
  conditions: readonly Sql[],
): Promise<Connection<T>> {
  const span = spanOf(args);
  const { exactCount } = args;
  const selection = select(table, info, ctx.actor, TO_ROWS);
  const given = sql.and(conditions);
  const toCount = table.counted && conditions.length === 0 ? { ...table, from: table.counted } : table;
  const rowsOf = sql`${from(table, ctx.actor, selection.wide ? whole(table) : selection)} and ${given}${between(table, span)}${limited(table, span, info)}`;
  const statement = selection.wide ? joined(table, selection, rowsOf, span) : rowsOf;
  const writer = writerFor(table, selection, info);
  const [rows, counts] = await Promise.all([
    writer ? queryWritten(ctx, statement, writer) : readRows(ctx, selection, statement),
    asksCount(info)
      ? query(ctx, counting(sql`${from(toCount, ctx.actor, one)} and ${given}`, exactCount))
      : null,
  ]);
  const count = counts && counted(counts[0]?.count ?? 0, exactCount);
  const list = table.type.name;
  if (!writer) return { ...pageOf(rows as T[], list, span), ...count };
  const only = { rows: rows as unknown[][], counts: count };
  return (await writtenPages(ctx, info, writer, [only], 0, span))[0] as never;
}

/** Loads the newest rows of each parent with one query, which uses an index scan for each parent. */
export const pageOfEach = <T extends { id: string }>(
  ctx: Context,
  info: GraphQLResolveInfo,
  pages: Required<Pages<T>>,
  id: string,
  args: PageArgs,
  conditions: readonly Sql[] = [],
): Promise<Connection<T>> =>
  loaderFor<string, Connection<T>>(ctx, info, (ids) =>
    pagesOfEach(ctx, info, pages, ids, args, conditions),
  ).load(id);

/** Returns the page of each parent. They are texts if `given`, or the field of `info`, writes them. */
async function pagesOfEach<T extends { id: string }>(
  ctx: Context,
  info: GraphQLResolveInfo,
  { table: tableOf, tie }: Required<Pages<T>>,
  ids: readonly string[],
  args: PageArgs,
  conditions: readonly Sql[],
  given?: Writer,
): Promise<Connection<T>[]> {
  const table = tableOf();
  const span = spanOf(args);
  const { exactCount } = args;
  const selection = select(table, info, ctx.actor, TO_ROWS);
  const { wide } = selection;
  const ofEach = ({ list, joins }: Pick<Selection<T>, 'list' | 'joins'>) =>
    sql`select ${list} from ${sql.raw(table.from)}${joins} where ${tie} and ${scopeOf(ctx.actor, table)} and ${sql.and(conditions)}`;
  const rowsOf = sql`${ofEach(wide ? whole(table) : selection)}${between(table, span)}${limited(table, span, info)}`;
  const writer = given ?? writerFor(table, selection, info);
  const owners = sql`unnest(${ids}::uuid[]) with ordinality owner(id, place)`;
  const statement = sql`select /* ${sql.raw(table.type.name)} */ owner.place, row.* from ${owners}
    cross join lateral (${wide ? joined(table, selection, rowsOf, span) : rowsOf}) row`;
  const [read, counts] = await Promise.all([
    writer ? queryWritten(ctx, statement, writer) : queryPositions(ctx, statement),
    asksCount(info)
      ? query(
          ctx,
          sql<{ place: bigint; count: number }>`select owner.place, row.count from ${owners}
            cross join lateral (${counting(ofEach(one), exactCount)}) row`,
        )
      : null,
  ]);
  const found = ids.map((): unknown[][] => []);
  for (const values of read) found[Number(values[0]) - 1]?.push(values);
  const countOf = ids.map((): ReturnType<typeof counted> | null => null);
  for (const { place, count } of counts ?? []) countOf[Number(place) - 1] = counted(count, exactCount);
  const list = table.type.name;
  if (!writer)
    return found.map((rows, i) => ({
      ...pageOf(
        rows.map((values) => selection.read(values, 1)),
        list,
        span,
      ),
      ...countOf[i],
    }));
  const pages = found.map((rows, i) => ({ rows, counts: countOf[i] ?? null }));
  return (await writtenPages(ctx, info, writer, pages, 1, span)) as never;
}
