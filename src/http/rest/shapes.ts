import {
  type GraphQLField,
  GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  isEnumType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
} from 'graphql';
import { invalid } from '../../domain/errors.ts';
import { FILES } from '../documents/limits.ts';
import { type JsonSchema, leafSchema, nullable } from './json-schema.ts';

/** Writes a value of GraphQL as REST shows it. Null: both show it alike. */
type Write = ((value: unknown) => unknown) | null;

/** How REST shows a type: which fields, in which words. */
export interface Shape {
  /** The selection of GraphQL, e.g. `{ id tier }`; empty for a scalar. */
  readonly selection: string;
  readonly write: Write;
  readonly schema: JsonSchema;
}

/** The schemas of types, under the name by which shapes refer to them. */
export type Components = Record<string, JsonSchema>;

const ID_ONLY: Shape = {
  selection: '{ id }',
  write: null,
  schema: {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'string', format: 'uuid' } },
  },
};

/** A row of whatever type. */
const ANY_ROW: Shape = {
  selection: '{ __typename id }',
  write: null,
  schema: {
    type: 'object',
    required: ['__typename', 'id'],
    properties: { __typename: { type: 'string' }, id: { type: 'string', format: 'uuid' } },
  },
};

/** Returns the shapes of types. A row shows its own fields and the ids of the rows to which it refers; what takes a further
 *  query is shown only if `include` names it. A result that is no row shows its rows as a whole. */
export function shapesOf(components: Components) {
  const known = new Map<string, Shape | null>();

  function rowOf(type: GraphQLObjectType): Shape | null {
    const found = known.get(type.name);
    if (found !== undefined) return found;
    known.set(type.name, null); // a type that leads back to itself ends here
    const shape = objectOf(type, []);
    if (shape) components[type.name] = { description: type.description ?? '', ...shape.schema };
    const named = shape && { ...shape, schema: { $ref: `#/components/schemas/${type.name}` } };
    known.set(type.name, named);
    return named;
  }

  function objectOf(type: GraphQLObjectType, included: readonly string[]): Shape | null {
    const shown = Object.values(type.getFields()).flatMap((field) => {
      const { name } = field;
      const shape = fieldOf(type, field, included.includes(name));
      return shape ? [{ name, field, shape }] : [];
    });
    if (shown.length === 0) return null;
    const writers = shown.flatMap(({ name, shape: { write } }) => (write ? [{ name, write }] : []));
    return {
      selection: `{ ${shown.map(({ name, shape }) => [name, shape.selection].filter(Boolean).join(' ')).join(' ')} }`,
      write:
        writers.length === 0
          ? null
          : (value) => {
              const row = value as Record<string, unknown>;
              for (const { name, write } of writers) row[name] = write(row[name]);
              return row;
            },
      schema: {
        type: 'object',
        required: shown.filter(({ name }) => !included.includes(name)).map(({ name }) => name),
        properties: Object.fromEntries(
          shown.map(({ name, field, shape }) => [name, described(shape.schema, field.description)]),
        ),
      },
    };
  }

  /** Returns the shape of a field. Null if it is not shown. */
  function fieldOf(
    parent: GraphQLObjectType,
    field: GraphQLField<unknown, unknown>,
    isIncluded: boolean,
  ): Shape | null {
    if (field.args.some(isRequiredArgument)) return null;
    const named = getNamedType(field.type);
    const isRow = isEntity(parent);
    if (!isIncluded) {
      const takesQuery = field.resolve !== undefined || FILES.has(field.name);
      if (field.deprecationReason != null || isConnection(named)) return null;
      if (isRow && isEntity(named)) return isList(field.type) ? null : wrapped(field.type, ID_ONLY);
      if (isRow && takesQuery) return null;
    }
    return shapeOf(field.type);
  }

  function shapeOf(type: GraphQLOutputType): Shape | null {
    const named = getNamedType(type);
    if (isLeafType(named)) {
      const write: Write = isEnumType(named) ? (value) => (value as string).toLowerCase() : null;
      return wrapped(type, { selection: '', write, schema: leafSchema(named) });
    }
    if (isInterfaceType(named)) return wrapped(type, ANY_ROW);
    if (!(named instanceof GraphQLObjectType)) return null;
    const shape = isConnection(named) ? pageOf(named, []) : rowOf(named);
    return shape && wrapped(type, shape);
  }

  /** Returns the shape of a page: its rows, and the way to the next page. */
  function pageOf(connection: GraphQLObjectType, included: readonly string[]): Shape | null {
    const node = getNamedType(connection.getFields()['nodes']?.type) as GraphQLObjectType;
    const row = withIncluded(node, included);
    if (!row) return null;
    const { write } = row;
    return {
      selection: `{ nodes ${row.selection} pageInfo { hasNextPage endCursor } totalCount totalCountIsExact }`,
      write(value) {
        const { nodes, pageInfo, totalCount, totalCountIsExact } = value as Page;
        return {
          data: write ? nodes.map(write) : nodes,
          page: {
            next: pageInfo.hasNextPage ? pageInfo.endCursor : null,
            hasMore: pageInfo.hasNextPage,
            total: totalCount,
            totalIsExact: totalCountIsExact,
          },
        };
      },
      schema: {
        type: 'object',
        required: ['data', 'page'],
        properties: {
          data: { type: 'array', items: row.schema },
          page: { $ref: '#/components/schemas/Page' },
        },
      },
    };
  }

  /** Returns the shape of a row that also shows further fields. */
  function withIncluded(type: GraphQLObjectType, included: readonly string[]): Shape | null {
    if (included.length === 0) return rowOf(type);
    const possible = Object.values(type.getFields())
      .filter(({ args }) => !args.some(isRequiredArgument))
      .map(({ name }) => name);
    const wrong = included.find((name) => !possible.includes(name));
    if (wrong !== undefined)
      throw invalid('include', `must name fields of ${type.name}: ${possible.join(', ')}`);
    return objectOf(type, included);
  }

  return {
    /** Returns the shape of an answer. Throws BAD_USER_INPUT if `included` names a field that the rows do not have. */
    answerOf(type: GraphQLOutputType, included: readonly string[]): Shape | null {
      const named = getNamedType(type);
      if (!(named instanceof GraphQLObjectType)) return shapeOf(type);
      const shape = isConnection(named) ? pageOf(named, included) : withIncluded(named, included);
      return shape && wrapped(type, shape);
    },
  };
}

interface Page {
  readonly nodes: unknown[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly totalCount: number;
  readonly totalCountIsExact: boolean;
}

export const PAGE_SCHEMA: JsonSchema = {
  description: 'Where a page lies in its list.',
  type: 'object',
  required: ['next', 'hasMore', 'total', 'totalIsExact'],
  properties: {
    next: {
      type: ['string', 'null'],
      description: 'The value of `after` for the next page. Null: the last page.',
    },
    hasMore: { type: 'boolean', description: 'Whether rows follow this page.' },
    total: { type: 'integer', description: 'Rows in the whole list, at most 10,000.' },
    totalIsExact: { type: 'boolean', description: 'False if the list has more rows than `total` says.' },
  },
};

/** Adds lists and missing values to the shape of a type. */
function wrapped(type: GraphQLOutputType, shape: Shape): Shape {
  const isRequired = isNonNullType(type);
  const inner = isRequired ? type.ofType : type;
  const present = isListType(inner) ? listOf(wrapped(inner.ofType, shape)) : shape;
  if (isRequired) return present;
  const { write, schema } = present;
  return {
    ...present,
    write: write && ((value) => (value === null || value === undefined ? null : write(value))),
    schema: nullable(schema),
  };
}

const listOf = ({ selection, write, schema }: Shape): Shape => ({
  selection,
  write: write && ((value) => (value as unknown[]).map(write)),
  schema: { type: 'array', items: schema },
});

const described = (schema: JsonSchema, description: string | null | undefined): JsonSchema =>
  description ? { ...schema, description } : schema;

export const isConnection = (type: unknown): type is GraphQLObjectType =>
  type instanceof GraphQLObjectType && 'pageInfo' in type.getFields() && 'nodes' in type.getFields();

const isEntity = (type: unknown): boolean => type instanceof GraphQLObjectType && 'id' in type.getFields();

const isList = (type: GraphQLOutputType): boolean => isListType(isNonNullType(type) ? type.ofType : type);
