import { createHash } from 'node:crypto';

/** The columns that a hash covers, as text; their order is part of the hash. Must equal `audit_event_hash` in SQL. */
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

/** The hash that the first link of a chain follows. */
export const GENESIS = '0'.repeat(64);

/** Returns the hash of an entry, in hex. Each column is hashed with its length, so that no two entries hash alike. */
export function eventHash(columns: readonly (string | null)[]): string {
  const hash = createHash('sha256');
  for (const text of columns) hash.update(text === null ? '-' : `${Buffer.byteLength(text)}:${text}`);
  return hash.digest('hex');
}

/** Returns the hash of the link at `seq`, which follows the hash `previous`. All hashes are in hex. */
export function linkHash(previous: string, seq: bigint, event: string): string {
  const number = Buffer.alloc(8);
  number.writeBigInt64BE(seq);
  return createHash('sha256')
    .update(Buffer.from(previous, 'hex'))
    .update(number)
    .update(Buffer.from(event, 'hex'))
    .digest('hex');
}
