import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';

type Scalar = string | number | bigint | boolean | Date | Uint8Array | null;
type Value = Scalar | readonly Scalar[];

/** SQL text and its values, made by `sql`: a query that returns rows of `Row`, or a part of a query. */
export class Sql<Row extends object = object> {
  /** The text before, between and after the values: one more element than the values. */
  readonly texts: readonly string[];
  readonly values: readonly unknown[];
  declare protected readonly row: Row;

  constructor(texts: readonly string[], values: readonly unknown[]) {
    this.texts = texts;
    this.values = values;
  }

  /** Runs the query in the transaction of the entity manager. Bigint and times are text, as in the driver. */
  execute(em: EntityManager): Promise<Row[]> {
    if (this.values.length === 0) return em.execute(this.texts.join(''));
    const text = this.texts.map((each) => each.replaceAll('?', '\\?')).join('?');
    return em.execute(
      text,
      this.values.map((value) => (Array.isArray(value) ? arrayText(value) : value)),
    );
  }
}

/** Builds SQL from a template. A value becomes a parameter, also an array; a part made by `sql` becomes text in its place.
 *  The query names the columns of `Row`: `select partner_id as "partnerId"`. */
export function sql<Row extends object = object>(
  strings: TemplateStringsArray,
  ...parts: readonly (Value | Sql)[]
): Sql<Row> {
  return compose(strings, parts);
}

function compose<Row extends object>(strings: readonly string[], parts: readonly unknown[]): Sql<Row> {
  const texts: string[] = [];
  const values: unknown[] = [];
  let text = strings[0] as string;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    if (part instanceof Sql) {
      text += part.texts[0];
      for (let j = 0; j < part.values.length; j++) {
        texts.push(text);
        values.push(part.values[j]);
        text = part.texts[j + 1] as string;
      }
      text += strings[i + 1];
    } else {
      texts.push(text);
      values.push(part);
      text = strings[i + 1] as string;
    }
  }
  texts.push(text);
  return new Sql(texts, values);
}

/** Inserts text of the program, never of a caller: an identifier, an expression of a table's description, or a limit that
 *  the planner must see. */
sql.raw = (text: string | number): Sql => new Sql([`${text}`], []);

/** Joins parts with text between them. */
sql.join = (parts: readonly Sql[], between: string): Sql =>
  compose(['', ...Array.from(parts, (_, i) => (i < parts.length - 1 ? between : ''))], parts);

/** Joins conditions with `and`. */
sql.and = (conditions: readonly Sql[]): Sql =>
  conditions.length === 0 ? sql`true` : sql.join(conditions, ' and ');

interface Prepared {
  readonly name: string;
  readonly text: string;
}
const prepared = new Map<string, Prepared>();

/** Returns the query for the driver. Its name is derived from its text, so that PostgreSQL plans it once per connection. */
export function prepare({ texts, values }: Sql): Prepared & { values: unknown[] } {
  const key = texts.join('\0'); // text in PostgreSQL cannot contain NUL
  let known = prepared.get(key);
  if (!known) {
    const text = texts.reduce((before, after, i) => `${before}$${i}${after}`);
    known = { name: createHash('sha256').update(text).digest('base64url').slice(0, 24), text };
    if (prepared.size > 5_000) prepared.clear(); // there are few shapes; a caller that varies them costs only planning
    prepared.set(key, known);
  }
  return { name: known.name, text: known.text, values: values as unknown[] };
}

/** Returns an array in the text form of PostgreSQL. */
const arrayText = (values: readonly unknown[]): string =>
  `{${values.map((value) => (value === null ? 'null' : `"${textOf(value).replace(/["\\]/g, '\\$&')}"`)).join(',')}}`;

const textOf = (value: unknown): string => (value instanceof Date ? value.toISOString() : String(value));
