import { type DestinationStream, type Logger, pino } from 'pino';
import { SECRET_FIELDS } from './domain/personal-fields.ts';

const HIDDEN = '[hidden]';

/** Names of what is not written down, wherever it stands in an entry. */
const SECRET_NAME =
  /authorization|cookie|password|passphrase|secret|token|api-?_?key|^(variables|parameters|detail)$/i;

/** What gives a secret away without its name: the second wall, behind not writing it at all. */
const SHAPES: readonly RegExp[] = [
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, // JWT
  /\b(?:Bearer|Basic)\s+[\w.~+/-]{6,}=*/gi,
  /\b(?:sk|rk|pk|pp|rzp|acct|fa|cont|whsec|whsk|ghp|xox[a-z])_[A-Za-z0-9_+/=-]{6,}/g, // keys and accounts of vendors, and ours
  /\b[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)\b/g, // IBAN
  /(?<![\w.:-])\d(?:[ -]?\d){12,18}(?![\w-])/g, // card and account numbers
  /\b(?:\d{3}-\d{2}-\d{4}|\d{2}-\d{7}|[A-Z]{5}\d{4}[A-Z])\b/g, // tax ids of the USA and India
  /[^\s"'<>(),;:@]+@[^\s"'<>(),;:@]+\.[a-z]{2,}/gi, // e-mail addresses
  /(?<=:\/\/)[^\s/:@]*:[^\s/@]+(?=@)/g, // a password within an address
];

/** The log: JSON lines without anybody's secrets. */
export function logger(level: string, destination?: DestinationStream): Logger {
  const options = { level, serializers: { error: plainError }, hooks: { streamWrite: redacted } };
  return destination ? pino(options, destination) : pino(options);
}

/** A whole line, with its names and texts gone through; one that cannot be read is not written. */
function redacted(line: string): string {
  try {
    return `${JSON.stringify(JSON.parse(line), (name, value) => shown(name, value))}\n`;
  } catch {
    return `${JSON.stringify({ level: 50, time: Date.now(), msg: 'a line of the log could not be read' })}\n`;
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

/** What tells where an error came from. Whatever else libraries hang on theirs (requests, parameters, rows) stays out. */
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
/** Conditions of the server and of our own statements; all others may be about the values of a row. */
const ABOUT_NO_VALUE = /^(08|40|42|53|55|57|58|XX)/;
const QUOTES_VALUES = new Set(['ValidationError', 'SyntaxError', 'GraphQLError', 'RangeError']);

/** What the error says, without the values that PostgreSQL, MikroORM and parsers repeat. */
function messageOf(error: Error): string {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  const ofDatabase = typeof severity === 'string' && typeof code === 'string' && SQLSTATE.test(code);
  if (ofDatabase && !ABOUT_NO_VALUE.test(code)) return unquoted(error.message.replace(/:.*$/s, ''));
  return QUOTES_VALUES.has(error.name) ? unquoted(error.message) : error.message;
}

const unquoted = (text: string): string => text.replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"');

/** A process's last words, by the same rules. */
export const lastWords = (error: unknown): string =>
  withoutSecrets(error instanceof Error ? told(error, 0).stack : typeof error);
