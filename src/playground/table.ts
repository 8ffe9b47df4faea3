import { stringify } from 'csv-stringify/browser/esm/sync';

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Row = Record<string, string>;

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the longest list of objects in a result, at any depth. Edges become their nodes. */
function longestList(value: Json | undefined): readonly Json[] | null {
  if (Array.isArray(value)) {
    const rows = value.map((each) => (isObject(each) && isObject(each['node']) ? each['node'] : each));
    return rows.some(isObject) ? rows : null;
  }
  if (!isObject(value)) return null;
  return Object.values(value)
    .map(longestList)
    .reduce((best, list) => ((list?.length ?? 0) > (best?.length ?? 0) ? list : best), null);
}

function cells(value: Json, name: string, row: Row): Row {
  if (isObject(value))
    for (const [key, each] of Object.entries(value)) cells(each, name ? `${name}.${key}` : key, row);
  else row[name || 'value'] = typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
  return row;
}

/** Returns the rows of a result: of its longest list, or else the one object that it is. Null for a result without data. */
export function tableOf(result: unknown): Table | null {
  const { data } = (result ?? {}) as { data?: Json };
  if (!isObject(data)) return null;
  const rows = (longestList(data) ?? Object.values(data)).map((each) => cells(each, '', {}));
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return { columns, rows: rows.map((row) => columns.map((column) => row[column] ?? '')) };
}

/** Returns the table by RFC 4180. A spreadsheet takes no cell for a formula. */
export const csvOf = ({ columns, rows }: Table): string =>
  stringify([columns, ...rows], { bom: true, record_delimiter: 'windows', escape_formulas: true });
