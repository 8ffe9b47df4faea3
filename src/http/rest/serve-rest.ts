import { createHash } from 'node:crypto';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type GraphQLSchema, getNamedType } from 'graphql';
import { type AppError, forbidden, invalid } from '../../domain/errors.ts';
import type { Actor } from '../../kernel/request/actor.ts';
import type { Context } from '../../kernel/request/context.ts';
import { refusalOf } from '../../kernel/request/format-error.ts';
import { memo } from '../../kernel/request/memo.ts';
import type { Admission } from '../admission/admission.ts';
import { rateHeaders, type Standing } from '../admission/call-budgets.ts';
import type { Executor } from '../graphql/executor.ts';
import { openApiOf } from './openapi.ts';
import { type Problem, problemBody, problemOfErrors, problemOfRefusal, problemOfStatus } from './problems.ts';
import { isObject, parseBody, plain, readInput } from './read-input.ts';
import { documentOf, type Parameter, type Route, routesOf } from './routes.ts';
import { type Shape, shapesOf } from './shapes.ts';

const BASE = '/api/v1';
/** Answers of a route by the fields that they include; callers choose the fields. */
const MANY_ANSWERS = 50;
/** Facts that the credential and the connection state. A request may repeat them, but does not decide them. */
const IGNORED: ReadonlySet<string> = new Set(['initiatedBy', 'ipAddress', 'userAgent']);

export interface RestOptions {
  readonly schema: GraphQLSchema;
  readonly execute: Executor;
  readonly admission: Admission;
  contextOf(request: FastifyRequest): Promise<Context>;
  /** Runs a request if the process is not full. */
  limited<T>(work: () => Promise<T>): Promise<T>;
}

interface Answer {
  readonly document: string;
  readonly shape: Shape;
}

/** Serves the queries and mutations of the graph as REST. Each route is one document and runs like one. */
export async function serveRest(
  server: FastifyInstance,
  { schema, execute, admission, contextOf, limited }: RestOptions,
): Promise<void> {
  const shapes = shapesOf({});
  const routes = routesOf(schema);
  const rows = new Map<string, string>(); // the path of a row by its type
  for (const { path, below, operation, root } of routes)
    if (operation === 'query' && below === null && path.endsWith('/:id'))
      rows.set(getNamedType(root.type).name, path.slice(0, -'/:id'.length));

  function answersOf(route: Route): (included: readonly string[]) => Answer {
    // In the order of the description, so that a type that leads back to itself ends at the same place.
    shapes.answerOf((route.below ?? route.root).type, []);
    const known = new Map<string, Answer>();
    return (included) => {
      if (known.size > MANY_ANSWERS) known.clear();
      return memo(known, included.join(), () => {
        const shape = shapes.answerOf((route.below ?? route.root).type, included);
        if (!shape) throw new Error(`${route.name} has no answer`);
        return { shape, document: documentOf(route, shape.selection) };
      });
    };
  }

  async function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    route: Route,
    answerFor: ReturnType<typeof answersOf>,
  ): Promise<FastifyReply> {
    reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    const ctx = await contextOf(request);
    const pass = await admission.passFor(ctx);
    const { included, given, ignored } = asked(request, route, ctx.actor);
    const { document, shape } = answerFor(included);
    const operation = await pass.admit({ query: document }, { isOurs: true }).finally(() => {
      const standing = pass.standing();
      reply.headers({ ...rateHeaders(standing), ...policyHeaders(standing) });
    });
    if (!operation) throw new Error('the document names no operation');
    if (!('document' in operation)) return sendProblem(request, reply, problemOfErrors(operation, route));
    const variables = variablesOf(route, given);
    const result = await execute({ document: operation.document, variables, context: ctx });
    if (result.errors) return sendProblem(request, reply, problemOfErrors(result.errors, route));
    const found = result.data?.[route.root.name] as Record<string, unknown> | undefined;
    const value = route.below && found ? found[route.below.name] : found;
    const body = shape.write ? shape.write(value) : value;
    if (ignored.length && isObject(body)) body['ignored'] = ignored;
    return sendAnswer(request, reply, route, body);
  }

  function sendAnswer(
    request: FastifyRequest,
    reply: FastifyReply,
    { root, below, isCreation }: Route,
    body: unknown,
  ): FastifyReply {
    const { id, page } = (body ?? {}) as { id?: string; page?: { next: string | null } };
    if (page?.next) {
      const next = new URL(request.url, 'http://host');
      next.searchParams.set('after', page.next);
      reply.header('link', `<${next.pathname}${next.search}>; rel="next"`);
    }
    const path = rows.get(getNamedType((below ?? root).type).name);
    if (isCreation && path && id) reply.header('location', `${BASE}${path}/${id}`);
    return reply
      .code(isCreation ? 201 : 200)
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(body ?? null));
  }

  let described: { readonly text: string; readonly tag: string } | null = null;
  function description() {
    if (described) return described;
    const text = JSON.stringify(openApiOf(schema));
    described = { text, tag: `"${createHash('sha256').update(text).digest('base64url')}"` };
    return described;
  }

  await server.register(
    (rest, _options, done) => {
      rest.removeAllContentTypeParsers();
      rest.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
        try {
          done(null, text === '' ? {} : parseBody(text as string));
        } catch {
          done(Object.assign(new Error('The body must be JSON.'), { statusCode: 400 }));
        }
      });
      rest.setErrorHandler((error: FastifyError, request, reply) => {
        const refusal = refusalOf(error);
        if (refusal) return sendProblem(request, reply, problemOfRefusal(refusal));
        const status = error.statusCode ?? 500;
        if (status >= 500) throw error;
        return sendProblem(request, reply, problemOfStatus(status, sentence(status, error.message)));
      });
      const methods = new Map<string, string[]>();
      for (const route of routes) {
        const answerFor = answersOf(route);
        methods.set(route.path, [...(methods.get(route.path) ?? []), route.method]);
        rest.route({
          method: route.method,
          url: route.path,
          async handler(request, reply) {
            try {
              return await limited(() => answer(request, reply, route, answerFor));
            } catch (error) {
              const refusal = refusalOf(error);
              if (!refusal) throw error;
              return sendProblem(request, reply, problemOfRefusal(refusal, route));
            }
          },
        });
      }
      for (const [path, allowed] of methods)
        rest.route({
          method: (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).filter(
            (each) => !allowed.includes(each),
          ),
          url: path,
          handler: (request, reply) =>
            sendProblem(
              request,
              reply.header('allow', allowed.join(', ')),
              problemOfStatus(
                405,
                `${request.method} is not possible here. Possible: ${allowed.join(', ')}.`,
              ),
            ),
        });
      rest.get('/openapi.json', (request, reply) => {
        const { text, tag } = description();
        reply.header('etag', tag).header('cache-control', 'no-cache');
        if (request.headers['if-none-match'] === tag) return reply.code(304).send();
        return reply.type('application/json; charset=utf-8').send(text);
      });
      rest.setNotFoundHandler((request, reply) =>
        sendProblem(
          request,
          reply,
          problemOfStatus(
            404,
            `${request.method} ${BASE} has no such path. ${BASE}/openapi.json lists all paths.`,
          ),
        ),
      );
      done();
    },
    { prefix: BASE },
  );
}

/** The headers of the IETF's draft. */
const policyHeaders = ({ limit, remaining, resetSeconds, windowSeconds }: Standing) => ({
  'ratelimit-policy': `"default";q=${limit};w=${windowSeconds}`,
  ratelimit: `"default";r=${remaining};t=${resetSeconds}`,
});

function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.retryAfter !== undefined) reply.header('retry-after', problem.retryAfter);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="partner-portal"');
  return reply
    .code(problem.status)
    .type('application/problem+json; charset=utf-8')
    .send(problemBody(problem, request.id));
}

function sentence(status: number, message: string): string {
  if (status === 413) return 'The body must have at most 128 kB.';
  if (status === 415) return 'The body must be JSON, with the header Content-Type: application/json.';
  return message;
}

interface AskedOfRoute {
  /** The fields that `include` names. */
  readonly included: readonly string[];
  /** The values of the request by the name of their parameter. */
  readonly given: ReadonlyMap<string, unknown>;
  readonly ignored: readonly string[];
}

/** Reads a request. Throws BAD_USER_INPUT for a parameter that the route does not have. */
function asked(request: FastifyRequest, { parameters, root }: Route, actor: Actor): AskedOfRoute {
  const given = new Map<string, unknown>();
  const ignored: string[] = [];
  const { include, ...search } = request.query as Record<string, unknown>;
  const body = request.body ?? {};
  if (!isObject(body)) throw invalid('body', 'must be a JSON object');
  const isKnown = (name: string, place: Parameter['in']) =>
    parameters.some((parameter) => parameter.name === name && parameter.in === place);
  const names = () =>
    parameters
      .filter((each) => each.in !== 'path')
      .map(({ name }) => name)
      .join(', ') || 'none';
  for (const [place, values] of [
    ['query', search],
    ['body', body],
  ] as const)
    for (const [name, value] of Object.entries(values)) {
      if (name === 'tenantId') {
        if (isOwnTenant(value, actor)) {
          if (isKnown(name, place)) given.set(name, value);
        } else throw foreignTenant();
        if (actor.tenantId === null) ignored.push(name);
      } else if (place === 'body' && IGNORED.has(name)) ignored.push(name);
      else if (place === 'body' || isKnown(name, place)) given.set(name, value);
      else throw invalid(name, `is no parameter of this path. Its parameters are: ${names()}`);
    }
  for (const [name, value] of Object.entries(request.params as Record<string, string>))
    given.set(name, value);
  const key = request.headers['idempotency-key'];
  if (typeof key === 'string') {
    if (!isKnown('idempotencyKey', 'body'))
      throw invalid(
        'Idempotency-Key',
        `is not taken by ${root.name}: it is safe to repeat, or has no key yet`,
      );
    if (given.has('idempotencyKey') && given.get('idempotencyKey') !== key)
      throw invalid('idempotencyKey', 'must equal the header Idempotency-Key');
    given.set('idempotencyKey', key);
  }
  return { included: namesIn(include), given, ignored };
}

const namesIn = (include: unknown): readonly string[] => [
  ...new Set([include ?? []].flat().flatMap((names) => String(names).split(',').filter(Boolean))),
];

/** Strangers are of no tenant: what they state about it decides nothing. */
const isOwnTenant = (tenantId: unknown, actor: Actor): boolean =>
  actor.tenantId === null || actor.everyTenant || tenantId === actor.tenantId;

const foreignTenant = (): AppError =>
  forbidden(
    'tenantId must be the tenant of your credential. Leave it out, or use a credential of that tenant.',
    {
      field: 'tenantId',
    },
  );

/** Returns the variables of the document. What no parameter takes is refused by the graph as a field of the input. */
function variablesOf({ parameters, rootArgs, belowArgs }: Route, given: ReadonlyMap<string, unknown>) {
  const variables: Record<string, unknown> = {};
  const taken = new Set<string>();
  for (const { name, at, type } of parameters) {
    if (!given.has(name)) continue;
    taken.add(name);
    const [first, second] = at as [string, string?];
    const value = readInput(type, given.get(name));
    if (second === undefined) variables[first] = value;
    else variables[first] = { ...(variables[first] as object | undefined), [second]: value };
  }
  const input = parameters.find(({ in: place, at }) => place === 'body' && at.length > 1)?.at[0];
  for (const [name, value] of given) {
    if (taken.has(name)) continue;
    if (input === undefined) throw invalid(name, 'is no field of this request');
    variables[input] = { ...(variables[input] as object | undefined), [name]: plain(value) };
  }
  // An input without any field is an empty one, so that the graph names the fields that it needs.
  for (const { name, type } of [...rootArgs, ...belowArgs])
    if (name === 'input' && variables[name] === undefined && String(type).endsWith('!')) variables[name] = {};
  return variables;
}
