import { createHash } from 'node:crypto';

/** The columns that a link covers, as text; the order is part of the hash. The same in SQL: `audit_event_hash`. */
export const COVERED = [
  'e.id::text',
  'e.tenant_id',
  '(extract(epoch from e.created_at) * 1000)::bigint::text',
  'e.actor_id',
  'e.actor_role',
  'e.credential',
  'e.request_id',
  'e.action',
  'e.subject_id::text',
  'e.subjects::text',
  'e.partner_id::text',
  'e.before::text',
  'e.after::text',
  'e.reason',
  'e.personal_hash',
] as const;

/** What the first link of a chain follows. */
export const GENESIS = '0'.repeat(64);

/** Each column by its length and its text, so that no two entries read alike; in hex. */
export function eventHash(columns: readonly (string | null)[]): string {
  const hash = createHash('sha256');
  for (const text of columns) hash.update(text === null ? '-' : `${Buffer.byteLength(text)}:${text}`);
  return hash.digest('hex');
}

/** The hash of the link at `seq` that follows the one of `previous`; all in hex. */
export function linkHash(previous: string, seq: bigint, event: string): string {
  const number = Buffer.alloc(8);
  number.writeBigInt64BE(seq);
  return createHash('sha256')
    .update(Buffer.from(previous, 'hex'))
    .update(number)
    .update(Buffer.from(event, 'hex'))
    .digest('hex');
}
