import { LockMode } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { conflict } from '../../../domain/errors.ts';
import { PayoutMethod } from '../../../domain/payout.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';

import type { PayoutRail } from '../../../ports/payout-rail.ts';
import { record } from '../../foundation/audit/public.ts';
import { lookUpKey, sendPayout } from '../sending/public.ts';
import { RailEvent, railEventTable } from './rail-event.entity.ts';

/** A message about what we do not know yet may be faster than our own record of it. */
const TRIES = 5;
const LATER_SECONDS = 5;
const LATEST_SECONDS = 600;
const UNTOLD = 'The rail does not tell what became of it.';

/** The attempt that a message `e` is about: each half walks an index of its own. */
const ATTEMPT = sql`(select * from payout_attempts where key = e.key
  union all select * from payout_attempts where e.key is null and provider_reference = e.reference limit 1)`;

type Heard = Awaited<ReturnType<NonNullable<PayoutRail['hear']>>>;

/** Stores a message once, with the job that acts on it; the same one again does nothing. One statement: it is answered fast. */
export async function receive(ctx: Context, rail: PayoutRail, event: NonNullable<Heard>): Promise<void> {
  const { id: eventId, type, key, reference, account } = event;
  await query(
    ctx,
    sql`with stored as (
         insert into rail_events (id, rail, event_id, type, key, reference)
         values (${v7()}::uuid, ${rail.name}, ${eventId.slice(0, 255)}, ${type.slice(0, 255)}, ${key}, ${reference})
         on conflict (rail, event_id) do nothing returning id)
       select enqueue_job('hear_rail', json_build_object('eventId', id), 'hear_rail:' || id, 0)::text from stored`,
  );
  if (account) await query(ctx, payeeJob(account));
}

const payeeJob = (account: string) =>
  sql`select enqueue_job('payee_changed', json_build_object('account', ${account}::text), 'payee_changed:' || ${account}, 0)::text`;

/** A message with the attempt that it is about; null where that is not ours. */
interface Told {
  readonly key: string | null;
  readonly reference: string | null;
  readonly tries: number;
  readonly rail: string;
  readonly payoutId: string | null;
  readonly status: string | null;
  readonly attemptKey: string | null;
  readonly method: PayoutMethod | null;
}

/** Asks the rail about what the message told, and settles the payout by that. What does not fit is kept for a person. */
export async function hearRail(ctx: Context, eventId: string, leaseSeconds: number): Promise<void> {
  const [row] = await query(
    ctx,
    sql<Told>`
      select e.key, e.reference, e.tries, e.rail, a.payout_id as "payoutId", a.status, a.key as "attemptKey", o.method
      from rail_events e
      left join lateral ${ATTEMPT} a on true
      left join payouts o on o.id = a.payout_id
      where e.id = ${eventId} and e.state = 'RECEIVED' limit 1`,
  );
  if (!row) return;
  const { key, reference, tries: seen, rail: railName, payoutId, status, attemptKey, method } = row;
  const decide = (state: RailEvent['state'], note: string | null) => decideEvent(ctx, eventId, state, note);
  const later = () => askLater(ctx, eventId, Math.min(LATEST_SECONDS, LATER_SECONDS * 2 ** seen));
  if (key === null && reference === null) return decide('IGNORED', 'It is about nothing of ours.');
  if (!payoutId)
    return seen < TRIES ? later() : decide('PARKED', 'Nothing of ours has this key or reference.');
  const rail = Object.values(PayoutMethod)
    .map((method) => ctx.rail(method))
    .find((one) => one?.name === railName);
  if (!rail || !method || rail !== ctx.rail(method))
    return decide('PARKED', 'It is about a payout of another rail.');
  if (status === 'FAILED' && attemptKey !== null) {
    // We gave that attempt up. If the rail paid it after all, nothing of ours may say so by itself.
    const now = await lookUpKey(ctx, payoutId, attemptKey).catch(() => undefined);
    if (now === undefined)
      return seen < TRIES
        ? later()
        : decide('PARKED', 'The attempt had failed, and the rail does not tell of it.');
    if (now === null || now.status === 'REFUSED') return decide('APPLIED', null);
    ctx.log.error(
      { payoutId, rail: railName },
      'the rail has money under a key that it had refused: somebody has to look',
    );
    return decide('PARKED', `The attempt had failed, and the rail now says ${now.status}.`);
  }
  switch (await sendPayout(ctx, payoutId, leaseSeconds)) {
    case 'MOVED':
    case 'STAYED':
      return decide('APPLIED', null);
    case 'NOTHING_TO_DO':
      return decide('IGNORED', 'The payout is over.');
    case 'UNFIT':
      ctx.log.error(
        { payoutId, rail: railName },
        'the rail says that a paid payout failed: somebody has to look',
      );
      return decide('PARKED', 'The payout is paid, and the rail now says that it failed.');
    case 'BUSY':
      return later();
    case 'UNKNOWN':
      return seen < TRIES ? later() : decide('PARKED', UNTOLD);
  }
}

function askLater(ctx: Context, eventId: string, delaySeconds: number): Promise<void> {
  return transact(ctx, async (em) => {
    await sql`update rail_events set tries = tries + 1 where id = ${eventId}`.execute(em);
    await enqueue(em, 'hear_rail', { eventId }, { key: `hear_rail:${eventId}`, delaySeconds });
  });
}

function decideEvent(
  ctx: Context,
  eventId: string,
  state: RailEvent['state'],
  note: string | null,
): Promise<void> {
  return transact(ctx, async (em) => {
    await sql`
      update rail_events x set state = ${state}, note = ${note}, handled_at = now(), tenant_id = a.tenant_id, payout_id = a.payout_id
      from rail_events e left join lateral ${ATTEMPT} a on true
      where x.id = ${eventId} and e.id = x.id and x.state = 'RECEIVED'`.execute(em);
  });
}

/** Messages whose job died with its process are taken up again; what was parked because the rail did not tell is done once it has
 *  told by another way. */
export async function resumeEvents(ctx: Context): Promise<void> {
  await query(
    ctx,
    sql`update rail_events e set state = 'APPLIED', note = null, handled_at = now() from payouts o
       where e.state = 'PARKED' and e.note = ${UNTOLD} and o.id = e.payout_id and o.updated_at > e.handled_at
         and o.status in ('PAID', 'FAILED', 'CANCELED', 'RETURNED') returning e.id::text`,
  );
  await query(
    ctx,
    sql`
      select enqueue_job('hear_rail', json_build_object('eventId', id), 'hear_rail:' || id, 0)::text from rail_events
      where state = 'RECEIVED' and created_at < now() - interval '1 minute' and not job_waits('hear_rail:' || id)
      order by created_at limit 500`,
  );
}

/** Somebody looked at a message that does not fit, and it needs nothing more. */
export async function dismissRailEvent(ctx: Context, id: string, reason: string): Promise<string> {
  const why = reasonOf(reason);
  await authorizeRow(ctx, 'decide', railEventTable, id);
  return transact(ctx, async (em) => {
    // What is about nothing of ours has no tenant, which the filter of an entity never lets through; the row was authorized above.
    const event = await em.findOneOrFail(RailEvent, idOf(id), {
      lockMode: LockMode.PESSIMISTIC_WRITE,
      ...(ctx.actor.everyTenant && { filters: false }),
    });
    if (event.state !== 'PARKED') throw conflict(`only what is PARKED is dismissed; this is ${event.state}`);
    const before = { state: event.state, note: event.note };
    Object.assign(event, { state: 'IGNORED', note: why, handledAt: ctx.clock.now() });
    const tenantId = (event.tenantId as string | null) ?? ctx.actor.tenantId ?? '';
    record(
      em,
      ctx,
      'railEvent.dismissed',
      { id: event.id, tenantId },
      { before, after: { state: event.state }, reason: why },
    );
    return event.id;
  });
}
