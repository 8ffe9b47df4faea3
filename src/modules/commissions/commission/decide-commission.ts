import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { after, type CommissionStatus, type RejectCode } from '../../../domain/commission.ts';
import { AppError, conflict, notFound } from '../../../domain/errors.ts';
import { commissionWithdrawn } from '../../../domain/posting.ts';
import { authorizeRow, requireAllowed, verdictsOnRows } from '../../../kernel/data/authorize.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact, within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, isId, reasonOf } from '../../../kernel/request/input.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';

import { record } from '../../foundation/audit/public.ts';
import { post } from '../../foundation/ledger/public.ts';
import { type Approved, approveLines } from './approve-lines.ts';
import { Commission, commissionTable } from './commission.entity.ts';
import { accruedIn, endHolds } from './open-holds.ts';
import { findItem } from './sale-item.ts';
import { settle } from './settle.ts';
import { isRated } from './sold.ts';

/** Approves a commission, which is owed from then on. Returns the commission's id. */
export async function approveCommission(ctx: Context, id: string): Promise<string> {
  await authorizeRow(ctx, 'approve', commissionTable, id);
  const { partnerId } = await transact(ctx, async (em) => {
    const key = idOf(id);
    const outcome = (await approveLines(em, ctx, [key])).get(key) ?? notFound('commission');
    if (outcome instanceof AppError) throw outcome;
    const { refunds, amount } = outcome;
    record(em, ctx, 'commission.approved', outcome, {
      before: { status: 'PENDING' },
      after: { status: 'APPROVED', refunds, amount },
    });
    return outcome;
  });
  announceMetrics(ctx, partnerId);
  return idOf(id);
}

/** A commission of a bulk mutation that failed, with its error. */
export interface LineFailure {
  readonly id: string;
  readonly commissionId: string;
  readonly code: string;
  readonly message: string;
}

/** Approves several commissions in one transaction. Each commission succeeds or fails on its own. */
export async function approveCommissions(
  ctx: Context,
  ids: readonly string[],
): Promise<{ approved: string[]; failures: LineFailure[] }> {
  const known = [...new Set(ids.filter(isId).map((id) => id.toLowerCase()))];
  const verdicts = await verdictsOnRows(ctx, 'approve', commissionTable, known);
  const { approved, failures } = await transact(ctx, async (em) => {
    const allowed = known.filter((id) => verdicts.get(id)?.allowed.has('approve'));
    const outcomes = await approveLines(em, ctx, allowed);
    const approved: Approved[] = [];
    const failures = await eachLine(ids, async (key) => {
      const verdict = verdicts.get(key);
      if (!verdict) throw notFound('commission');
      requireAllowed(ctx, 'approve', verdict);
      const outcome = outcomes.get(key) ?? notFound('commission');
      if (outcome instanceof AppError) throw outcome;
      if (!approved.includes(outcome)) approved.push(outcome);
    });
    // Only an administrator has commissions of several tenants. Each tenant gets an entry in its own audit chain.
    for (const [tenantId, lines] of Map.groupBy(approved, (line) => line.tenantId)) {
      record(
        em,
        ctx,
        'commissions.approved',
        { id: null, tenantId },
        {
          before: { status: 'PENDING' },
          after: {
            status: 'APPROVED',
            commissions: lines.map(({ id, amount, refunds }) => ({ id, amount, refunds })),
          },
          subjects: lines.flatMap(({ id, refunds }) => [id, ...refunds]),
        },
      );
    }
    return { approved, failures };
  });
  for (const partnerId of new Set(approved.map((line) => line.partnerId))) announceMetrics(ctx, partnerId);
  return { approved: approved.map((line) => line.id), failures };
}

/** Rejects several commissions in one transaction. Each commission succeeds or fails on its own, as in single calls. */
export async function rejectCommissions(
  ctx: Context,
  ids: readonly string[],
  reason: string,
  code: RejectCode | null,
): Promise<{ done: string[]; failures: LineFailure[] }> {
  const why = reasonOf(reason);
  const known = [...new Set(ids.filter(isId).map((id) => id.toLowerCase()))].toSorted();
  const verdicts = await verdictsOnRows(ctx, 'reject', commissionTable, known);
  const { done, failures } = await transact(ctx, async (em) => {
    // Partners in one order, as everybody locks them, and then their lines.
    await sql`
      select 1 from partners where id in (select partner_id from commissions where id = any(${`{${known.join()}}`}::uuid[]))
      order by id for no key update`.execute(em);
    const done: Rejected[] = [];
    const failures = await eachLine(ids, async (key) => {
      const verdict = verdicts.get(key);
      if (!verdict) throw notFound('commission');
      requireAllowed(ctx, 'reject', verdict);
      done.push(await reject(em, ctx, await lockCommission(em, key), why, code));
      await em.flush();
    });
    for (const [tenantId, lines] of Map.groupBy(done, ({ line }) => line.tenantId))
      record(
        em,
        ctx,
        'commissions.rejected',
        { id: null, tenantId },
        {
          before: { commissions: lines.map(({ line, before }) => ({ id: line.id, status: before })) },
          after: {
            ...{ status: 'REJECTED', code },
            commissions: lines.map(({ line: { id, amount }, refunds }) => ({ id, amount, refunds })),
          },
          reason: why,
          subjects: lines.flatMap(({ line, refunds }) => [line.id, ...refunds]),
        },
      );
    return { done: done.map(({ line }) => line), failures };
  });
  for (const partnerId of new Set(done.map((line) => line.partnerId))) announceMetrics(ctx, partnerId);
  return { done: done.map((line) => line.id), failures };
}

/** Calls `work` once for each commission. Returns the commissions that failed, with their errors. */
async function eachLine(
  ids: readonly string[],
  work: (key: string) => Promise<void>,
): Promise<LineFailure[]> {
  const failures: LineFailure[] = [];
  for (const id of new Set(ids)) {
    try {
      await work(idOf(id, 'ids'));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      failures.push({ id, commissionId: id, code: error.code, message: error.message });
    }
  }
  return failures;
}

/** Rejects a commission finally, with a reason. Its amount is no longer owed. Returns the commission's id. */
export async function rejectCommission(
  ctx: Context,
  id: string,
  reason: string,
  code: RejectCode | null,
): Promise<string> {
  const why = reasonOf(reason);
  await authorizeRow(ctx, 'reject', commissionTable, id);
  const line = await transact(ctx, async (em) => {
    const line = await lockCommission(em, id, { partnerToo: true });
    const { before, refunds } = await reject(em, ctx, line, why, code);
    record(em, ctx, 'commission.rejected', line, {
      before: { status: before },
      after: { status: line.status, amount: line.amount, refunds, code },
      reason: why,
    });
    return line;
  });
  announceMetrics(ctx, line.partnerId);
  return line.id;
}

interface Rejected {
  readonly line: Commission;
  readonly before: CommissionStatus;
  readonly refunds: readonly string[];
}

/** Rejects a commission with its true-ups and refunds, and corrects the commissions of other sales that it changes. `line` and
 *  its partner must be locked. */
export async function reject(
  em: EntityManager,
  ctx: Context,
  line: Commission,
  why: string,
  code: RejectCode | null,
): Promise<Rejected> {
  if (line.reversesId)
    throw conflict('This commission is a refund. Reject the commission that the refund reverses instead.');
  if (line.type === 'TRUE_UP')
    throw conflict('This is a true-up. Reject the commission of the sale that caused it instead.');
  const before = await statusOf(em, line);
  const status = after('reject', before);
  const refunds = await refundsOf(em, line, accruedIn(before) ? 'APPROVED' : 'PENDING');
  if (await anyAllocated(em, refunds)) {
    throw conflict(
      'A payout already includes a refund of this commission. Reverse the commission instead of rejecting it.',
      {
        reason: 'REFUND_CLAIMED',
      },
    );
  }
  const item = await findItem(within(em), line);
  const beside = await lockBeside(em, item?.id ?? line.id, line.id);
  const claimed = new Set(await findAllocated(em, beside)); // a true-up in a payout does not change: a separate TRUE_UP reverses it
  const kept = beside.filter(
    ({ id, adjustsId, reversesId }) =>
      claimed.has(id) || claimed.has(adjustsId ?? '') || claimed.has(reversesId ?? ''),
  );
  const gone = [
    line,
    ...refunds,
    ...beside.filter((each) => !kept.includes(each) && !refunds.includes(each)),
  ];
  for (const each of gone) {
    if (accruedIn(each.status))
      post(
        em,
        each,
        `commission:${each.id}:withdrawn`,
        commissionWithdrawn(each.partnerId, each.amount),
        ctx.clock.now(),
      );
    Object.assign(each, { status, reason: why, rejectCode: code });
  }
  await endHolds(em, ctx, line, { reason: why });
  await em.flush();
  if (item) {
    const rest = kept.reduce((sum, { amount }) => sum + amount.minor, 0n);
    await settle(within(em), ctx, [{ ...item, out: true, owed: rest, draft: null }], {
      ...{ why: 'REJECTION', order: item.orderId, at: line.occurredAt },
    });
  }
  // A refund of the order may wait for this commission alone. The job applies that refund, because the order cannot be
  // locked here.
  const { tenantId } = line;
  if (!isRated(line)) await enqueue(em, 'rate_lines', { tenantId }, { key: `rate_lines:${tenantId}` });
  return { line, before, refunds: gone.slice(1).map(({ id }) => id as string) };
}

/** Locks and returns the other lines of an item that are neither rejected nor reversed. */
const lockBeside = (em: EntityManager, itemId: string, lineId: string): Promise<Commission[]> =>
  em.find(
    Commission,
    { itemId, id: { $ne: lineId }, status: { $nin: ['REJECTED', 'REVERSED'] } },
    { orderBy: { id: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE },
  );

/** Locks and returns a commission. With `partnerToo` the partner is locked first, as a payout does; required for changes
 *  that prevent the allocation to a payout. */
export async function lockCommission(
  em: EntityManager,
  id: string,
  { partnerToo = false } = {},
): Promise<Commission> {
  const key = idOf(id);
  if (partnerToo) {
    const line = await em.findOne(Commission, key, { fields: ['partnerId'], disableIdentityMap: true });
    if (!line) throw notFound('commission');
    await sql`select 1 from partners where id = ${line.partnerId} for no key update`.execute(em);
  }
  const line = await em.findOne(Commission, key, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!line) throw notFound('commission');
  return line;
}

/** Returns the stored status, or ALLOCATED or PAID for a commission in a payout. */
export async function statusOf(em: EntityManager, { id, status }: Commission): Promise<CommissionStatus> {
  if (status !== 'APPROVED') return status;
  const [claim] = await sql<{ status: string }>`
    select p.status from payout_items i join payouts p on p.id = i.payout_id
    where i.commission_id = ${id} and i.voided_at is null`.execute(em);
  return claim ? (claim.status === 'PAID' ? 'PAID' : 'ALLOCATED') : status;
}

/** Returns the ids of those commissions that are in a payout. */
async function findAllocated(em: EntityManager, lines: readonly Commission[]): Promise<string[]> {
  if (lines.length === 0) return [];
  const ids = `{${lines.map(({ id }) => id).join()}}`;
  const claims = await sql<{ id: string }>`
    select commission_id as id from payout_items where voided_at is null and commission_id = any(${ids}::uuid[])
  `.execute(em);
  return claims.map(({ id }) => id);
}

/** True when any of these commissions is in a payout. */
const anyAllocated = async (em: EntityManager, lines: readonly Commission[]): Promise<boolean> =>
  (await findAllocated(em, lines)).length > 0;

function refundsOf(em: EntityManager, line: Commission, status: CommissionStatus): Promise<Commission[]> {
  return em.find(Commission, { reversesId: line.id, status }, { orderBy: { id: 'asc' } });
}
