import {
  type GraphQLField,
  GraphQLNonNull,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNullableType,
  isEnumType,
  isScalarType,
} from 'graphql';
import { inputSchema, type JsonSchema, OWN_SCALARS, presentSchema } from './json-schema.ts';
import { type Parameter, routesOf } from './routes.ts';
import { type Components, PAGE_SCHEMA, shapesOf } from './shapes.ts';

const PROBLEM: JsonSchema = {
  description: 'A problem of RFC 9457.',
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'A sentence that says what to do.' },
    code: { type: 'string', description: 'The kind of the problem, e.g. BAD_USER_INPUT.' },
    field: { type: 'string', description: 'The parameter at fault.' },
    reason: { type: 'string', description: 'The reason, for programs that handle problems differently.' },
    requestId: { type: 'string' },
    errors: { type: 'array', items: { type: 'object' }, description: 'All faults, if there are several.' },
  },
};

const REFUSALS: Readonly<Record<string, string>> = {
  400: 'A parameter is wrong or missing.',
  401: 'The credential is missing or not valid.',
  403: 'The caller may not do this.',
  404: 'The row does not exist, or the caller may not see it.',
  409: 'The state of the row does not allow this.',
  429: 'Too many calls. `Retry-After` says when to try again.',
  503: 'The server is overloaded. `Retry-After` says when to try again.',
};

const problems = Object.fromEntries(
  Object.keys(REFUSALS).map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]),
);

const problemResponses = Object.fromEntries(
  Object.entries(REFUSALS).map(([status, description]) => [
    `Problem${status}`,
    {
      description,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]),
);

/** Returns the description of all routes of a schema in OpenAPI 3.1. */
export function openApiOf(schema: GraphQLSchema): object {
  const components: Components = {};
  const shapes = shapesOf(components);
  const routes = routesOf(schema);
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const { method, path, name, root, below, parameters, isCreation } = route;
    const shape = shapes.answerOf(answerType(below ?? root), []);
    if (!shape) continue;
    const place = path.replaceAll(/:(\w+)/g, '{$1}');
    const operations = paths[place] ?? {};
    paths[place] = operations;
    const body = parameters.filter((each) => each.in === 'body');
    operations[method.toLowerCase()] = {
      operationId: name,
      summary: name.replaceAll(/[A-Z_]/g, (letter) => (letter === '_' ? ': ' : ` ${letter.toLowerCase()}`)),
      description: (below ?? root).description ?? '',
      tags: [path.split('/')[1]],
      // A public field needs no credential.
      ...(root.extensions['permissions'] === undefined && { security: [{}, { token: [] }] }),
      parameters: [
        ...parameters.filter((each) => each.in !== 'body').map(parameterOf),
        ...(method === 'GET' ? [{ $ref: '#/components/parameters/include' }] : []),
        ...(body.some((each) => each.name === 'idempotencyKey')
          ? [{ $ref: '#/components/parameters/idempotencyKey' }]
          : []),
      ],
      ...(body.length && {
        requestBody: {
          required: body.some(({ isRequired }) => isRequired),
          content: { 'application/json': { schema: bodyOf(body) } },
        },
      }),
      responses: {
        [isCreation ? 201 : 200]: {
          description: 'The answer.',
          content: { 'application/json': { schema: shape.schema } },
        },
        ...problems,
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Partner Portal',
      version: '1',
      description:
        'The graph as REST: each path is one query or mutation. Enums are in lower case, amounts are exact texts.',
      license: { name: 'Unlicensed', identifier: 'LicenseRef-Unlicensed' },
    },
    servers: [{ url: '/api/v1' }],
    security: [{ token: [] }],
    tags: [...new Set(routes.map(({ path }) => path.split('/')[1]))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      parameters: {
        include: {
          ...{ name: 'include', in: 'query', required: false, schema: { type: 'string' } },
          description: 'Names of further fields of the rows, separated by commas.',
        },
        idempotencyKey: {
          ...{ name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string' } },
          description: 'Makes the request safe to repeat: the same key returns the same answer.',
        },
      },
      responses: problemResponses,
      schemas: sorted({ ...components, ...leavesOf(schema), Page: PAGE_SCHEMA, Problem: PROBLEM }),
    },
  };
}

/** A field that is null only with an error never answers null: the error becomes a problem. */
const answerType = ({ type, extensions }: GraphQLField<unknown, unknown>): GraphQLOutputType =>
  extensions['isNullOnlyIfItFails'] ? new GraphQLNonNull(getNullableType(type)) : type;

const parameterOf = ({ name, in: place, type, isRequired, description }: Parameter): object => ({
  ...{ name, in: place, required: isRequired, description },
  schema: name === 'limit' ? { type: 'integer', minimum: 1, maximum: 100 } : presentSchema(type),
});

const bodyOf = (body: readonly Parameter[]): JsonSchema => ({
  type: 'object',
  required: body.filter(({ isRequired }) => isRequired).map(({ name }) => name),
  properties: Object.fromEntries(
    body.map(({ name, type, description }) => [name, { ...inputSchema(type), description }]),
  ),
});

/** The schemas of all enums, in lower case, and of the product's scalars. */
const leavesOf = (schema: GraphQLSchema): Components =>
  Object.fromEntries(
    Object.values(schema.getTypeMap()).flatMap((type): [string, JsonSchema][] => {
      const description = type.description ?? '';
      if (isEnumType(type) && !type.name.startsWith('__'))
        return [
          [
            type.name,
            { type: 'string', enum: type.getValues().map(({ name }) => name.toLowerCase()), description },
          ],
        ];
      const own = isScalarType(type) ? OWN_SCALARS[type.name] : undefined;
      return own ? [[type.name, { ...own, description }]] : [];
    }),
  );

const sorted = (schemas: Components): Components =>
  Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => a.localeCompare(b)));
