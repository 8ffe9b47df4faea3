import { STATUS_CODES } from 'node:http';
import type { GraphQLError } from 'graphql';
import type { AppError, ErrorDetails } from '../../domain/errors.ts';
import type { Route } from './routes.ts';

/** A problem of RFC 9457. */
export interface Problem {
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly field?: string;
  readonly reason?: string;
  readonly retryAfter?: number;
  /** All faults of a request, if it has several. */
  readonly errors?: readonly Pick<Problem, 'detail' | 'code' | 'field'>[];
}

const STATUS: Readonly<Record<string, number>> = {
  BAD_USER_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  RATE_LIMITED: 429,
  SERVICE_UNAVAILABLE: 503,
};

/** The codes of requests that no route takes. */
const CODES: Readonly<Record<number, string>> = {
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

export const problemOfStatus = (status: number, detail: string): Problem => ({
  status,
  detail,
  code: CODES[status] ?? (status < 500 ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR'),
});

export const problemOfRefusal = ({ code, message, details }: AppError, route?: Route): Problem =>
  problemOf(message, { code, ...details }, route);

export function problemOfErrors(errors: readonly GraphQLError[], route: Route): Problem {
  const problems = errors.map(({ message, extensions }) => problemOf(message, extensions, route));
  const [first] = problems as [Problem, ...Problem[]];
  if (problems.length === 1) return first;
  return {
    ...first,
    errors: problems.map(({ detail, code, field }) => ({ detail, code, ...(field && { field }) })),
  };
}

function problemOf(
  message: string,
  details: ErrorDetails & { readonly code?: unknown },
  route?: Route,
): Problem {
  const { code, field, reason, retryAfter } = details;
  const name = typeof code === 'string' && code in STATUS ? code : 'INTERNAL_SERVER_ERROR';
  const own = field && route ? nameOf(field, route) : field;
  return {
    status: STATUS[name] ?? 500,
    // The message starts with the path of the field in the arguments.
    detail:
      field && own && message.startsWith(`${field}: `) ? `${own}${message.slice(field.length)}` : message,
    code: name,
    ...(own && { field: own }),
    ...(reason && { reason }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

/** Returns the name under which REST takes the value at a path of the arguments: `input.email` is `email`. */
function nameOf(path: string, { parameters, rootArgs, belowArgs }: Route): string {
  const steps = path.split('.');
  for (const { name, at } of parameters) {
    if (at.every((step, i) => steps[i] === step)) return [name, ...steps.slice(at.length)].join('.');
    if (at.length > 1 && at.at(-1) === steps[0]) return path;
  }
  const isArgument = [...rootArgs, ...belowArgs].some(({ name }) => name === steps[0]);
  return isArgument && steps.length > 1 ? steps.slice(1).join('.') : path; // a field that the input does not have
}

/** The body of a problem. */
export const problemBody = ({ retryAfter: _, ...problem }: Problem, requestId: string): string =>
  JSON.stringify({ type: 'about:blank', title: STATUS_CODES[problem.status], ...problem, requestId });
