import type { Pool } from 'pg';

/** Every row of every table as text, job tables included: `table: row`. */
export async function everythingIn(pool: Pool): Promise<string[]> {
  const { rows: tables } = await pool.query<{ name: string }>(`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema') order by 1`);
  const lines: string[] = [];
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(`select t::text as row from ${name} t`);
    lines.push(...rows.map(({ row }) => `${name}: ${row}`));
  }
  return lines;
}

/** The rows that hold any of the texts, in any case. */
export async function holding(pool: Pool, ...texts: string[]): Promise<string[]> {
  const wanted = texts.map((text) => text.toLowerCase());
  return (await everythingIn(pool)).filter((line) =>
    wanted.some((text) => line.toLowerCase().includes(text)),
  );
}
