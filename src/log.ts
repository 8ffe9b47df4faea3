import { type DestinationStream, type Logger, pino } from 'pino';
import { SECRET_FIELDS } from './domain/personal-fields.ts';

const HIDDEN = '[hidden]';

/** Names of values that are never logged, at any depth of an entry. */
const SECRET_NAME =
  /authorization|cookie|password|passphrase|secret|token|api-?_?key|^(variables|parameters|detail)$/i;

/** Shapes of secrets, for values without a telling name. A second safeguard: code must not log secrets at all. */
const SHAPES: readonly RegExp[] = [
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, // JWT
  /\b(?:Bearer|Basic)\s+[\w.~+/-]{6,}=*/gi,
  /\b(?:sk|rk|pk|pp|rzp|acct|fa|cont|whsec|whsk|ghp|xox[a-z])_[A-Za-z0-9_+/=-]{6,}/g, // keys and accounts of vendors and of the product
  /\b[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)\b/g, // IBAN
  /(?<![\w.:-])\d(?:[ -]?\d){12,18}(?![\w-])/g, // card and account numbers
  /\b(?:\d{3}-\d{2}-\d{4}|\d{2}-\d{7}|[A-Z]{5}\d{4}[A-Z])\b/g, // tax ids of the USA and India
  /[^\s"'<>(),;:@]+@[^\s"'<>(),;:@]+\.[a-z]{2,}/gi, // e-mail addresses
  /(?<=:\/\/)[^\s/:@]*:[^\s/@]+(?=@)/g, // a password within an address
];

/** Creates the log: JSON lines without secrets and personal data. */
export function logger(level: string, destination?: DestinationStream): Logger {
  const options = { level, serializers: { error: plainError }, hooks: { streamWrite: redacted } };
  return destination ? pino(options, destination) : pino(options);
}

/** Returns a log line with its secrets hidden. A line that cannot be parsed is replaced. */
function redacted(line: string): string {
  try {
    return `${JSON.stringify(JSON.parse(line), (name, value) => shown(name, value))}\n`;
  } catch {
    return `${JSON.stringify({ level: 50, time: Date.now(), msg: 'a log line could not be parsed' })}\n`;
  }
}

function shown(name: string, value: unknown): unknown {
  if (value !== null && (SECRET_NAME.test(name) || SECRET_FIELDS.has(name))) return HIDDEN;
  return typeof value === 'string' ? withoutSecrets(value) : value;
}

const withoutSecrets = (text: string): string =>
  SHAPES.reduce((left, shape) => left.replace(shape, HIDDEN), text);

interface PlainError {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  readonly cause?: unknown;
}

/** The logged properties of an error: they show its origin. Other properties (requests, parameters, rows) are not logged. */
const TOLD = ['code', 'severity', 'schema', 'table', 'column', 'constraint', 'routine', 'syscall', 'status'];

function plainError(error: unknown): unknown {
  return error instanceof Error ? told(error, 3) : { type: typeof error, message: 'not an error' };
}

function told(error: Error, depth: number): PlainError {
  const message = messageOf(error);
  const type = error.name || error.constructor.name;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const facts = Object.fromEntries(
    TOLD.flatMap((name) => {
      const value = (error as unknown as Record<string, unknown>)[name];
      return typeof value === 'string' || typeof value === 'number' ? [[name, value]] : [];
    }),
  );
  const cause = error.cause instanceof Error && depth > 0 ? { cause: told(error.cause, depth - 1) } : {};
  return { type, message, ...facts, ...cause, stack: [`${type}: ${message}`, ...frames].join('\n') };
}

const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Conditions of the server and of our own queries; messages of all others may quote values of a row. */
const ABOUT_NO_VALUE = /^(08|40|42|53|55|57|58|XX)/;
const QUOTES_VALUES = new Set(['ValidationError', 'SyntaxError', 'GraphQLError', 'RangeError']);

/** Returns the message of an error without the values that PostgreSQL, MikroORM and parsers quote. */
function messageOf(error: Error): string {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  const ofDatabase = typeof severity === 'string' && typeof code === 'string' && SQLSTATE.test(code);
  if (ofDatabase && !ABOUT_NO_VALUE.test(code)) return unquoted(error.message.replace(/:.*$/s, ''));
  return QUOTES_VALUES.has(error.name) ? unquoted(error.message) : error.message;
}

const unquoted = (text: string): string => text.replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"');

/** Returns the text of the error that ends a process, with secrets hidden. */
export const lastWords = (error: unknown): string =>
  withoutSecrets(error instanceof Error ? told(error, 0).stack : typeof error);
