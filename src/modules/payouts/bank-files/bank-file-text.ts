import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { conflict } from '../../../domain/errors.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { openAll, type Sealer } from '../../foundation/data-keys/public.ts';

const PART = 200_000; // characters
const TABLE = 'bank_file_parts';
const COLUMN = 'content';

export const sha256Of = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/** Encrypts and stores the text of a file in parts. */
export async function keepText(
  em: EntityManager,
  seal: Sealer,
  { id: fileId, tenantId }: { id: string; tenantId: string },
  text: string,
): Promise<void> {
  for (let number = 0; number * PART < text.length; number++) {
    const id = v7();
    const piece = text.slice(number * PART, (number + 1) * PART);
    await sql`
      insert into bank_file_parts (id, tenant_id, file_id, number, content)
      values (${id}, ${tenantId}, ${fileId}, ${number}, ${seal(TABLE, COLUMN, id, piece)})`.execute(em);
  }
}

/** Returns the stored text, with the same bytes each time. */
export async function loadText(ctx: Context, fileId: string, sha256: string): Promise<string> {
  const rows = await query(
    ctx,
    sql<{ rowId: string; tenantId: string; envelope: string | null }>`
      select id as "rowId", tenant_id as "tenantId", content as envelope from bank_file_parts where file_id = ${fileId} order by number`,
  );
  const pieces = await openAll(
    ctx,
    rows.map(({ rowId, tenantId, envelope }) => {
      if (envelope === null)
        throw conflict('A partner of this bank file was erased, so the text of the file was deleted.', {
          reason: 'ERASED',
        });
      return { place: { tenantId, table: TABLE, column: COLUMN, rowId }, envelope };
    }),
  );
  const text = pieces.join('');
  if (sha256Of(text) !== sha256)
    throw new Error(`the text of bank file ${fileId} does not match its SHA-256`);
  return text;
}
