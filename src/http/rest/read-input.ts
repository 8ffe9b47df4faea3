import { type GraphQLInputType, isEnumType, isInputObjectType, isListType, isNonNullType } from 'graphql';

/** A number of a body as it was written: `999.00` stays `999.00`. */
class WrittenNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Parses a body. Numbers keep their digits, so that no amount passes through a float. */
export function parseBody(text: string): unknown {
  const parse = JSON.parse as (
    text: string,
    reviver: (key: string, value: unknown, context: { source: string }) => unknown,
  ) => unknown;
  return parse(text, (_key, value, context) =>
    typeof value === 'number' ? new WrittenNumber(context.source) : value,
  );
}

/** Returns a value of a body or of a query string as a variable of GraphQL: enums in any case, exact amounts as text. What
 *  does not fit stays as it is, so that the graph refuses it by its name. */
export function readInput(type: GraphQLInputType, value: unknown): unknown {
  if (isNonNullType(type)) return readInput(type.ofType, value);
  if (value === null || value === undefined) return value;
  if (isListType(type))
    return Array.isArray(value)
      ? value.map((item) => readInput(type.ofType, item))
      : readInput(type.ofType, value);
  if (isInputObjectType(type)) {
    if (!isObject(value)) return plain(value);
    const fields = type.getFields();
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => {
        const field = fields[name];
        return [name, field ? readInput(field.type, each) : plain(each)];
      }),
    );
  }
  if (isEnumType(type)) return typeof value === 'string' ? enumName(value) : plain(value);
  if (value instanceof WrittenNumber && EXACT.has(type.name)) return value.text;
  if (typeof value === 'string' && type.name === 'Int' && /^-?\d{1,10}$/.test(value)) return Number(value);
  if (type.name === 'Boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return plain(value);
}

const EXACT: ReadonlySet<string> = new Set(['Decimal', 'Percentage']);

const enumName = (value: string): string => value.toUpperCase().replaceAll('-', '_');

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber);

/** Returns a value with ordinary numbers. */
export function plain(value: unknown): unknown {
  if (value instanceof WrittenNumber) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}
