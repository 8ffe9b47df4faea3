import { conflict } from '../../../domain/errors.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Actor } from '../../../kernel/request/actor.ts';
import type { StatementPool } from '../../../kernel/request/bounds.ts';
import { boundsOf, nothing } from '../../../kernel/request/bounds.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { CREDENTIALS } from '../../../kernel/request/credentials-topic.ts';
import { record } from '../../foundation/audit/public.ts';

/** The tenant or partner of an organisation of the identity provider; it may be both or neither. */
export interface Organisation {
  readonly staffOf: string | null;
  readonly partner: { readonly tenantId: string; readonly id: string } | null;
}

export async function organisationOf(pool: StatementPool, id: string): Promise<Organisation> {
  const [row] = await pool.query<{
    staff_of: string | null;
    partner_of: string | null;
    partner_id: string | null;
  }>(nothing, { name: 'organisation', text: 'select * from organisation($1)', values: [id] });
  return {
    staffOf: row?.staff_of ?? null,
    partner: row?.partner_of && row.partner_id ? { tenantId: row.partner_of, id: row.partner_id } : null,
  };
}

export async function isSignedOut(pool: StatementPool, fingerprint: string): Promise<boolean> {
  const rows = await pool.query(nothing, {
    name: 'is_signed_out',
    text: 'select 1 from signed_out_tokens where fingerprint = $1',
    values: [fingerprint],
  });
  return rows.length > 0;
}

/** True if the partner in a token was deleted. */
export async function isOfDeletedPartner(pool: StatementPool, actor: Actor): Promise<boolean> {
  const rows = await pool.query(boundsOf(actor), {
    name: 'is_of_deleted_partner',
    text: 'select 1 from partners where id = $1 and deleted_at is not null',
    values: [actor.partnerId],
  });
  return rows.length > 0;
}

/** Signs out the token of this request: at once for operations that move money, within seconds for all others. Our tokens
 *  live at most 400 days, so older entries are harmless. */
export async function signOut(ctx: Context): Promise<boolean> {
  const { actor, feed } = ctx;
  const credential = ctx.credential();
  if (actor.credential === 'API_KEY' || credential === null)
    throw conflict('An API key cannot be signed out. Revoke the key instead.');
  await transact(ctx, async (em) => {
    await sql`delete from signed_out_tokens where signed_out_at < now() - interval '401 days'`.execute(em);
    await sql`insert into signed_out_tokens (fingerprint) values (${credential}) on conflict do nothing
    `.execute(em);
    if (actor.tenantId === null) return; // a guest has no rights, so there is nothing to audit
    const subject = { id: null, tenantId: actor.tenantId, partnerId: actor.partnerId };
    record(em, ctx, 'session.ended', subject, { before: null, after: { fingerprint: credential } });
  });
  feed.publish(CREDENTIALS);
  return true;
}
