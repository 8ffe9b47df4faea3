import { GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { GraphQLJSONObject } from 'graphql-scalars';
import { parseRateBps } from '../../domain/money.ts';
import { readEmail, shownEmail } from './email.ts';

export { GraphQLJSONObject as JSONObject };

const refuse = (message: string) => new TypeError(message); // graphql-js adds the place

/** Number text exactly as it was written; a JSON number keeps its shortest decimal form. */
function decimalText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  throw refuse('is not a decimal amount such as "19.99" or 19.99');
}

const PLAIN = /^-?\d{1,18}(\.\d{1,12})?$/;

function plain(text: string): string {
  if (!PLAIN.test(text)) throw refuse('is not a decimal amount such as "19.99" or 19.99');
  return text;
}

const emailAddress = (value: unknown): string => readEmail(typeof value === 'string' ? value : '');

export const EmailAddress = new GraphQLScalarType<string, string>({
  name: 'EmailAddress',
  description:
    'An e-mail address, e.g. `nancy@northwind.example`. A domain may be international, e.g. `info@müller.example`; it is stored in ASCII (`xn--mller-kva.example`) and shown in its own script.',
  serialize: (value) => shownEmail(String(value)),
  parseValue: emailAddress,
  parseLiteral: (node) => emailAddress(node.kind === Kind.STRING ? node.value : null),
});

const literalText = (node: ValueNode): unknown =>
  node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT ? node.value : null;

export const Decimal = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  description: 'An exact decimal number, as text (`"19.99"`) or as a number (`19.99`). No exponent.',
  serialize: String,
  parseValue: (value) => plain(decimalText(value)),
  parseLiteral: (node) => plain(decimalText(literalText(node))),
});

const bps = (text: string): number => {
  try {
    return parseRateBps(text);
  } catch (error) {
    throw refuse((error as Error).message);
  }
};

/** Basis points inside, a percentage outside: 1250 is served as 12.5. */
export const Percentage = new GraphQLScalarType<number, number>({
  name: 'Percentage',
  description: 'A percentage from 0 to 100 with at most two decimals: `20` is 20 %.',
  serialize: (value) => Number(value) / 100,
  parseValue: (value) => bps(decimalText(value)),
  parseLiteral: (node) => bps(decimalText(literalText(node))),
});

const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** JavaScript makes 2 March of 30 February. */
const isDay = (text: string): boolean => {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
};

function localDate(value: unknown): string {
  if (typeof value === 'string' && /^(19\d\d|20\d\d|2100)-\d\d-\d\d$/.test(value) && isDay(value))
    return value;
  throw refuse('is not a day between 1900 and 2100, such as "2026-01-31"');
}

export const LocalDate = new GraphQLScalarType<string, string>({
  name: 'LocalDate',
  description: "A day of the program's time zone, between 1900 and 2100, e.g. `2026-01-31`.",
  serialize: String,
  parseValue: localDate,
  parseLiteral: (node) => localDate(node.kind === Kind.STRING ? node.value : null),
});

function instant(value: unknown): Date {
  if (typeof value === 'string' && INSTANT.test(value) && isDay(value.slice(0, 10))) {
    const at = new Date(value);
    const year = at.getUTCFullYear(); // NaN for an hour 25
    if (year >= 2000 && year <= 2100) return at;
  }
  throw refuse('is not an ISO 8601 instant between 2000 and 2100, such as "2026-01-31T12:00:00Z"');
}

export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description:
    'An instant: ISO 8601 in UTC, e.g. `2026-01-31T12:00:00.000Z`. An input may carry an offset, or be a date, which means midnight UTC.',
  serialize: (value) => (value as Date).toISOString(),
  parseValue: instant,
  parseLiteral: (node) => instant(node.kind === Kind.STRING ? node.value : null),
});
