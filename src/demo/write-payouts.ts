import type pg from 'pg';
import type { Book } from './book.ts';
import { insertRows, toJson } from './bulk-insert.ts';
import { payoutRow, type Settlements } from './settlements.ts';

/** Writes the payouts. They are inserted as PENDING with their commissions, and then updated one status at a time, because
 *  the database checks every transition. */
export async function writePayouts(
  client: pg.PoolClient,
  book: Book,
  { payouts, outcomes, attempts }: Settlements,
): Promise<void> {
  const { tenantId, random } = book;
  await insertRows(client, 'payouts', payouts.map(payoutRow(tenantId)));
  const canceled = new Set(outcomes.filter(({ status }) => status === 'CANCELED').map(({ id }) => id));
  const items = payouts.map(({ id, createdAt, lines }) => ({
    payoutId: id,
    rows: lines.map((line) => ({
      id: random.id(createdAt),
      tenantId,
      createdAt,
      payoutId: id,
      commissionId: line.id,
    })),
  }));
  const rowsOf = (all: typeof items) => all.flatMap(({ rows }) => rows);
  const [kept, given] = [false, true].map((back) =>
    items.filter(({ payoutId }) => canceled.has(payoutId) === back),
  );

  const outcome = toJson(outcomes);
  await insertRows(client, 'payout_items', rowsOf(given ?? []));
  await client.query(
    `update payouts o set status = 'CANCELED', failure_reason = t.failure_reason, released_at = t.released_at
     from json_populate_recordset(null::payouts, $1) t where o.id = t.id and t.status = 'CANCELED'`,
    [outcome],
  );
  await client.query(
    `update payout_items i set voided_at = o.released_at from payouts o
     where o.id = i.payout_id and o.status = 'CANCELED' and o.tenant_id = $1`,
    [tenantId],
  );
  await insertRows(client, 'payout_items', rowsOf(kept ?? []));
  await client.query(
    `update payouts o set status = 'APPROVED', approved_by = t.approved_by, approved_at = t.approved_at
     from json_populate_recordset(null::payouts, $1) t where o.id = t.id and t.status <> 'CANCELED'`,
    [outcome],
  );
  await client.query(
    `update payouts set status = 'PROCESSING' where status = 'APPROVED' and tenant_id = $1`,
    [tenantId],
  );
  await insertRows(client, 'payout_attempts', attempts);
  await client.query(
    `update payouts o set status = t.status, attempts = t.attempts, paid_at = t.paid_at,
       provider_reference = t.provider_reference, failure_reason = t.failure_reason
     from json_populate_recordset(null::payouts, $1) t where o.id = t.id and o.status = 'PROCESSING'`,
    [outcome],
  );
}
