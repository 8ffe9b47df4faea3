import type pg from 'pg';

const columnOf = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Returns rows as one JSON text. Keys become columns; `bigint` becomes text, so that no digit is lost. */
export function toJson(rows: readonly object[]): string {
  const columns = new Map<string, string>();
  const column = (key: string) => {
    const name = columns.get(key) ?? columnOf(key);
    columns.set(key, name);
    return name;
  };
  return JSON.stringify(
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([key, value]) => [
          column(key),
          typeof value === 'bigint' ? value.toString() : value,
        ]),
      ),
    ),
  );
}

/** Inserts all rows in one query, so that statement-level triggers run once. The keys of the first row are the columns. */
export async function insertRows(
  client: pg.PoolClient,
  table: string,
  rows: readonly object[],
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const columns = Object.keys(first).map(columnOf).join(', ');
  await client.query(
    `insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, $1)`,
    [toJson(rows)],
  );
}
