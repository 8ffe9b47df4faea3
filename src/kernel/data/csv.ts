import { setImmediate } from 'node:timers/promises';
import { CsvError, parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { invalid } from '../../domain/errors.ts';

// A spreadsheet executes a cell that begins with a sign, also after white space, and also with the full-width, small and
// mathematical forms. One that separates cells at semicolons, tabs or lines finds further cells within one of ours.
const SIGN = '[=+\\-@\uFF1D\uFF0B\uFF0D\uFF20\uFE66\uFE62\uFE63\uFE6B\u2212]';
const FORMULA = new RegExp(`^[\\s;]*${SIGN}|^[\\t\\r\\n]`, 'u');
const FURTHER_FORMULA = new RegExp(`[;\\t\\r\\n]\\s*(?=${SIGN})`, 'gu');

/** Puts an apostrophe where a formula would begin, so that spreadsheets read text. */
const asText = (cell: string): string =>
  (FORMULA.test(cell) ? "'" : '') + cell.replace(FURTHER_FORMULA, "$&'");

const MARK = '\uFEFF'; // without it a spreadsheet assumes an older encoding than UTF-8
const ROWS_AT_ONCE = 1_000; // other requests are served in between

/** Returns rows as CSV for spreadsheets: RFC 4180, UTF-8 with a byte order mark, and no cell is a formula. */
export async function writeCsv(rows: readonly (readonly string[])[]): Promise<string> {
  let text = MARK;
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    text += stringify(rows.slice(at, at + ROWS_AT_ONCE), {
      record_delimiter: 'windows',
      quote_record_delimiter: true,
      cast: { string: asText },
    });
    await setImmediate();
  }
  return text;
}

/** Parses CSV of RFC 4180, with or without a byte order mark. Rows may differ in their number of cells. */
export function readCsv(text: string, field: string): string[][] {
  try {
    return parse(text.trimEnd(), { bom: true, trim: true, relax_column_count: true });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw invalid(`${field}: line ${error['lines']}`, 'has a quotation mark in the wrong place');
  }
}
