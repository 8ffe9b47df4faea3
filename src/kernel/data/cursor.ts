import { parse, stringify } from 'uuid';
import { invalid } from '../../domain/errors.ts';

const ID_BYTES = 16;

/** Returns the cursor of a row. It contains the name of its list, so that it is valid for this list only. */
export const cursorOf = (id: string, list: string): string =>
  Buffer.concat([parse(id), Buffer.from(list)]).toString('base64url');

/** Returns the id of a cursor, which is given as `argument`. Throws BAD_USER_INPUT for a cursor of another list. */
export function idOfCursor(cursor: string, list: string, argument: string): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const named = bytes.subarray(ID_BYTES).toString() === list && bytes.toString('base64url') === cursor;
  try {
    if (named) return stringify(bytes.subarray(0, ID_BYTES));
  } catch {} // 16 bytes that are not a UUID
  throw invalid(argument, 'must be a cursor of this list');
}
