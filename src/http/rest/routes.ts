import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { isConnection } from './shapes.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A value that a request gives: `at` is its path in the variables, e.g. `['input', 'email']`. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'body';
  readonly at: readonly string[];
  readonly type: GraphQLInputType;
  readonly isRequired: boolean;
  readonly description: string;
}

/** A path of REST and the field of GraphQL that it asks. */
export interface Route {
  readonly method: Method;
  /** Below /api/v1, e.g. `/partners/:id`. */
  readonly path: string;
  /** The name of the operation in its document, e.g. `createPartner`. */
  readonly name: string;
  readonly operation: 'query' | 'mutation';
  readonly root: GraphQLField<unknown, unknown>;
  /** The field of the row of `root` that is the answer; null if the row itself is. */
  readonly below: GraphQLField<unknown, unknown> | null;
  /** The arguments of `root` and `below`; their variables have the same names. */
  readonly rootArgs: readonly GraphQLArgument[];
  readonly belowArgs: readonly GraphQLArgument[];
  readonly parameters: readonly Parameter[];
  readonly isCreation: boolean;
}

/** The spellings that clients know. All other routes follow from the names of the graph. */
const SPELLED: Readonly<Record<string, readonly [Method, string]>> = {
  createPartner: ['POST', '/partners'],
  updatePartner: ['PUT', '/partners/:id'],
  deletePartner: ['DELETE', '/partners/:id'],
  createCommission: ['POST', '/commissions'],
  approveCommission: ['POST', '/commissions/:id/approve'],
  createPayout: ['POST', '/payouts'],
  trackReferral: ['POST', '/referrals/track'],
  convertReferral: ['POST', '/referrals/:id/convert'],
  calculatePartnerMetrics: ['POST', '/partners/:id/metrics/calculate'],
};
/** Lists and figures of a row with a path of their own, beside its pages. */
const BELOW: ReadonlySet<string> = new Set(['Partner.metrics']);

const CREATES = /^(create|record|track|invite|register|open|request)[A-Z]/;

type Field = GraphQLField<unknown, unknown>;

/** Returns the routes of all queries and mutations:
 *  - a list is `GET /tracking-links`, a row `GET /tracking-links/:id`, a list of a row `GET /partners/:id/tracking-links`;
 *  - another query is `GET /program-metrics`, a mutation `POST /approve-payout`. */
export function routesOf(schema: GraphQLSchema): readonly Route[] {
  const queries = Object.values(schema.getQueryType()?.getFields() ?? {});
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const listPaths = new Map<string, string>();
  for (const field of queries) {
    const type = getNamedType(field.type);
    if (isConnection(type) && !field.args.some(isRequiredArgument)) {
      const node = getNamedType(type.getFields()['nodes']?.type);
      if (node && !listPaths.has(node.name)) listPaths.set(node.name, `/${kebab(field.name)}`);
    }
  }
  const routes = queries.flatMap((field) => {
    const type = getNamedType(field.type);
    if (!isById(field)) return [routeOf('GET', `/${kebab(field.name)}`, 'query', field)];
    const path = `${listPaths.get(type.name) ?? `/${kebab(field.name)}`}/:id`;
    const below = type instanceof GraphQLObjectType ? Object.values(type.getFields()) : [];
    return [
      routeOf('GET', path, 'query', field),
      ...below
        .filter(
          (each) =>
            !each.deprecationReason &&
            (isConnection(getNamedType(each.type)) || BELOW.has(`${type.name}.${each.name}`)),
        )
        .map((each) => routeOf('GET', `${path}/${kebab(each.name)}`, 'query', field, each)),
    ];
  });
  return [
    ...routes,
    ...mutations.map((field) => {
      const [method, path] = SPELLED[field.name] ?? (['POST', `/${kebab(field.name)}`] as const);
      return routeOf(method, path, 'mutation', field);
    }),
  ].toSorted((a, b) => `${a.path} ${a.method}`.localeCompare(`${b.path} ${b.method}`));
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const isById = ({ args }: Field): boolean => {
  const required = args.filter(isRequiredArgument);
  return required.length === 1 && required[0]?.name === 'id';
};

function routeOf(
  method: Method,
  path: string,
  operation: Route['operation'],
  root: Field,
  below: Field | null = null,
): Route {
  const shown = (args: readonly GraphQLArgument[]) => args.filter(({ name }) => !NOT_SHOWN.has(name));
  const [rootArgs, belowArgs] = [shown(root.args), shown(below?.args ?? [])];
  return {
    ...{ method, path, operation, root, below, rootArgs, belowArgs },
    name: below ? `${root.name}_${below.name}` : root.name,
    parameters: parametersOf(path, method === 'GET' || method === 'DELETE' ? 'query' : 'body', [
      ...rootArgs,
      ...belowArgs,
    ]),
    isCreation: operation === 'mutation' && CREATES.test(root.name),
  };
}

/** Pages go forward; the total says itself whether it is exact. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['last', 'before', 'exactCount']);
const RENAMED: Readonly<Record<string, string>> = { first: 'limit' };

/** The fields of an input object are parameters themselves, unless two have one name. */
function parametersOf(path: string, place: 'query' | 'body', args: readonly GraphQLArgument[]): Parameter[] {
  const inPath = path.includes('/:id')
    ? (args.find(({ name }) => name === 'id') ??
      args.find((arg) => isRequiredArgument(arg) && getNamedType(arg.type).name === 'ID'))
    : undefined;
  const found: Parameter[] = [];
  const taken = new Map<string, number>();
  const names = args.flatMap((arg) =>
    isFlat(arg.type) ? Object.keys(fieldsOf(arg.type)) : [RENAMED[arg.name] ?? arg.name],
  );
  for (const name of names) taken.set(name, (taken.get(name) ?? 0) + 1);
  for (const arg of args) {
    const { description } = arg;
    if (arg === inPath) {
      found.push({
        ...{ name: 'id', in: 'path', at: [arg.name], type: arg.type, isRequired: true },
        description: description ?? '',
      });
      continue;
    }
    const fields = isFlat(arg.type) ? Object.values(fieldsOf(arg.type)) : [];
    if (fields.length && fields.every(({ name }) => taken.get(name) === 1))
      for (const field of fields)
        found.push({
          ...{ name: field.name, in: place, at: [arg.name, field.name], type: field.type },
          isRequired: isRequiredArgument(arg) && isRequiredInputField(field),
          description: field.description ?? '',
        });
    else
      found.push({
        ...{ name: RENAMED[arg.name] ?? arg.name, in: place, at: [arg.name], type: arg.type },
        isRequired: isRequiredArgument(arg),
        description: description ?? '',
      });
  }
  return found;
}

const isFlat = (type: GraphQLInputType): boolean => {
  const inner = isNonNullType(type) ? type.ofType : type;
  return !isListType(inner) && isInputObjectType(inner);
};

function fieldsOf(type: GraphQLInputType) {
  const named = getNamedType(type);
  return isInputObjectType(named) ? named.getFields() : {};
}

/** Returns the document of a route for a selection, as a client would write it. */
export function documentOf(
  { operation, name, root, below, rootArgs, belowArgs }: Route,
  selection: string,
): string {
  const variables = [...rootArgs, ...belowArgs].map((arg) => `$${arg.name}: ${arg.type}`);
  const given = (args: readonly GraphQLArgument[]) =>
    args.length ? `(${args.map((arg) => `${arg.name}: $${arg.name}`).join(', ')})` : '';
  const answer = below ? `{ ${below.name}${given(belowArgs)} ${selection} }` : selection;
  return `${operation} ${name}${variables.length ? `(${variables.join(', ')})` : ''} { ${root.name}${given(rootArgs)} ${answer} }`;
}
