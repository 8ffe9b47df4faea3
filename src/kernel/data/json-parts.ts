import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLEnumType,
  GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLScalarType,
  isLeafType,
  isListType,
  isNonNullType,
  type SelectionSetNode,
} from 'graphql';

/** A part of JSON: fixed text, a text from the values of a row, or an object that may be missing. */
export type Part = string | Cell | OptionalObject;
export type Cell = (values: readonly unknown[], from: number) => string;
export type Values = unknown[];

interface OptionalObject {
  /** The object is missing if this value is null. */
  readonly at: number;
  /** Added to the place of the row for the parts. */
  readonly shift: number;
  readonly parts: readonly Part[];
}

/** Adds the text of a row, whose values start at `from`, to `out`. */
export function write(out: string[], parts: readonly Part[], values: readonly unknown[], from: number): void {
  for (const part of parts) {
    if (typeof part === 'string') out.push(part);
    else if (typeof part === 'function') out.push(part(values, from));
    else if (values[from + part.at] === null) out.push('null');
    else write(out, part.parts, values, from + part.shift);
  }
}

/** Returns the parts of an object with these fields. Texts that follow each other are one part. */
export function objectParts(fields: readonly (readonly [key: string, value: readonly Part[]])[]): Part[] {
  const parts: Part[] = [];
  let text = '{';
  for (const [i, [key, value]] of fields.entries()) {
    text += `${i ? ',' : ''}${JSON.stringify(key)}:`;
    for (const part of value) {
      if (typeof part === 'string') text += part;
      else {
        parts.push(text, part);
        text = '';
      }
    }
  }
  parts.push(`${text}}`);
  return parts.filter((part) => part !== '');
}

export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;
export type Fields = ReadonlyMap<string, FieldNode>;

/** Returns the fields of a selection by their key in the answer. Null if they depend on a directive or a type, or if one key is
 *  selected twice. */
export function fieldsOf(
  set: SelectionSetNode | undefined,
  type: GraphQLObjectType,
  fragments: Fragments,
): Fields | null {
  const fields = new Map<string, FieldNode>();
  const add = (from: SelectionSetNode | undefined): boolean =>
    (from?.selections ?? []).every((node) => {
      if (node.directives?.length) return false;
      if (node.kind === 'Field') {
        const key = node.alias?.value ?? node.name.value;
        return !fields.has(key) && fields.set(key, node);
      }
      const fragment = node.kind === 'InlineFragment' ? node : fragments[node.name.value];
      if (!fragment || (fragment.typeCondition && fragment.typeCondition.name.value !== type.name))
        return false;
      return add(fragment.selectionSet);
    });
  return add(set) ? fields : null;
}

const TEXTS: ReadonlySet<string> = new Set(['ID', 'String', 'LocalDate', 'Decimal']);

/** Returns the parts of a scalar or enum in a column; null for types that are rare. */
export function leafParts(
  type: GraphQLScalarType | GraphQLEnumType,
  at: number,
  /** Returns the text of a missing value, or throws; null if the column has a value in each row. */
  missing: () => string,
  isRequired: boolean,
): readonly Part[] | null {
  const text = textOf(type);
  if (text && isRequired)
    return ['"', (values, from) => (values[from + at] === null ? missing() : text(values[from + at])), '"'];
  const json = text ? (value: unknown) => `"${text(value)}"` : jsonOfLeaf(type);
  return json && [(values, from) => (values[from + at] === null ? missing() : json(values[from + at]))];
}

/** Returns the writer of what stands between the quotation marks, for types whose JSON is a string. */
function textOf(type: GraphQLScalarType | GraphQLEnumType): ((value: unknown) => string) | null {
  if (type instanceof GraphQLEnumType) {
    const names = new Map(type.getValues().map(({ name, value }) => [value, name]));
    return (value) => names.get(value) ?? unquoted(type.serialize(value));
  }
  if (TEXTS.has(type.name))
    return (value) => {
      if (typeof value !== 'string') return unquoted(type.serialize(value));
      return PLAIN.test(value) ? value : unquoted(value);
    };
  if (type.name === 'DateTime')
    return (value) => (value instanceof Date ? value.toISOString() : instantOf(value as string));
  return null;
}

const jsonOfLeaf = (type: GraphQLScalarType | GraphQLEnumType) =>
  type.name === 'Int' || type.name === 'Boolean'
    ? (value: unknown) => JSON.stringify(type.serialize(value))
    : null;

const PLAIN = /^[\w -]*$/;
function unquoted(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.startsWith('"')) throw new Error('the value is not a text');
  return text.slice(1, -1);
}

/** `2026-11-30 10:00:00.5+00` of PostgreSQL as ISO 8601. */
function instantOf(text: string): string {
  if (!text.endsWith('+00') || text.length > 26 || text.charCodeAt(10) !== 32)
    return new Date(text).toISOString();
  const fraction = text.length > 22 ? text.slice(20, -3).padEnd(3, '0') : '000';
  return fraction.length === 3
    ? `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`
    : new Date(text).toISOString();
}

type ValueWriter = (value: unknown) => string;

/** Returns the writer of a value of the program, as GraphQL completes it. Null if a resolver is needed. */
export function completedOf(
  type: GraphQLOutputType,
  set: SelectionSetNode | undefined,
  fragments: Fragments,
): ValueWriter | null {
  const isRequired = isNonNullType(type);
  const present = presentOf(isRequired ? type.ofType : type, set, fragments);
  return (
    present &&
    ((value) => {
      if (value !== null && value !== undefined) return present(plain(value));
      if (isRequired) throw new Error('a required value is missing');
      return 'null';
    })
  );
}

function presentOf(
  type: GraphQLOutputType,
  set: SelectionSetNode | undefined,
  fragments: Fragments,
): ValueWriter | null {
  if (isLeafType(type)) return (value) => JSON.stringify(type.serialize(value));
  if (isListType(type)) {
    const item = completedOf(type.ofType, set, fragments);
    return (
      item &&
      ((value) => {
        if (!Array.isArray(value)) throw new Error('a list must be an array');
        return `[${value.map(item).join(',')}]`;
      })
    );
  }
  const fields = type instanceof GraphQLObjectType ? fieldsOf(set, type, fragments) : null;
  return fields && objectWriter(type as GraphQLObjectType, fields, fragments);
}

function objectWriter(type: GraphQLObjectType, fields: Fields, fragments: Fragments): ValueWriter | null {
  const parts: { readonly start: string; readonly name: string; readonly value: ValueWriter }[] = [];
  for (const [key, { name, selectionSet }] of fields) {
    const field = type.getFields()[name.value];
    const value =
      name.value === '__typename'
        ? () => `"${type.name}"`
        : field && !field.resolve && completedOf(field.type, selectionSet, fragments);
    if (!value) return null;
    parts.push({ start: `${parts.length ? ',' : '{'}${JSON.stringify(key)}:`, name: name.value, value });
  }
  return (object) => {
    let text = '';
    for (const { start, name, value } of parts)
      text += start + value((object as Record<string, unknown>)[name]);
    return `${text}}`;
  };
}

/** Throws for what GraphQL would call, wait for or report. */
function plain(value: unknown): unknown {
  if (typeof value === 'function' || value instanceof Error || value instanceof Promise)
    throw new Error('the value is not plain');
  return value;
}

/** JSON text that stands for the value of a field. */
export class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Writes a result in which some values are text already. */
export function jsonOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value !== 'object') return JSON.stringify(value);
  if (value instanceof JsonText) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`;
  let text = '';
  for (const key in value) {
    const each = (value as Record<string, unknown>)[key];
    if (each !== undefined) text += `${text ? ',' : ''}${JSON.stringify(key)}:${jsonOf(each)}`;
  }
  return `{${text}}`;
}
