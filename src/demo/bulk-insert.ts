import type pg from 'pg';

const columnOf = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Rows of a table as one JSON text; keys become columns, `bigint` becomes text so that no digit is lost. */
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

/** All rows in one statement, so that statement-level triggers see them whole. The keys of the first row are the columns. */
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
