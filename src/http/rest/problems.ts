import { STATUS_CODES } from 'node:http';
import type { GraphQLError } from 'graphql';
import type { AppError, ErrorCode, ErrorDetails } from '../../domain/errors.ts';
import { STATUS_OF_CODE } from '../../kernel/request/format-error.ts';
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
  const known = isRefusal(code) ? code : null;
  const own = field && route ? nameOf(field, route) : field;
  return {
    status: known ? STATUS_OF_CODE[known] : 500,
    // The message starts with the path of the field in the arguments.
    detail:
      field && own && message.startsWith(`${field}: `) ? `${own}${message.slice(field.length)}` : message,
    code: known ?? 'INTERNAL_SERVER_ERROR',
    ...(own && { field: own }),
    ...(reason && { reason }),
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

const isRefusal = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(STATUS_OF_CODE, code);

/** Returns the name under which REST takes the value at a path of the arguments: `input.email` is `email`. */
function nameOf(path: string, { parameters, rootArgs, belowArgs }: Route): string {
  const steps = path.split('.');
  for (const { name, at } of parameters)
    if (at.every((step, i) => steps[i] === step)) return [name, ...steps.slice(at.length)].join('.');
  const isArgument = [...rootArgs, ...belowArgs].some(({ name }) => name === steps[0]);
  return isArgument && steps.length > 1 ? steps.slice(1).join('.') : path; // a field that the input does not have
}

/** The body of a problem. */
export const problemBody = ({ retryAfter: _, ...problem }: Problem, requestId: string): string =>
  JSON.stringify({ type: 'about:blank', title: STATUS_CODES[problem.status], ...problem, requestId });
