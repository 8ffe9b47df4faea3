import { LockMode } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { conflict } from '../../../domain/errors.ts';
import { PayoutMethod } from '../../../domain/payout.ts';
import { escapeUnstorable, isStorable } from '../../../domain/storable.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';

import type { PayoutRail, RailEvent as VerifiedEvent } from '../../../ports/payout-rail.ts';
import { record } from '../../foundation/audit/public.ts';
import { lookUpKey, sendPayout } from '../sending/public.ts';
import { RailEvent, railEventTable } from './rail-event.entity.ts';

/** An event may arrive before our own record of the transfer is stored. */
const TRIES = 5;
const LATER_SECONDS = 5;
const LATEST_SECONDS = 600;
const UNREADABLE = 'The message contains a NUL character or half a surrogate pair, so its ids fit no payout.';
const UNTOLD = 'The rail does not return the outcome of the payout.';

/** The attempt that an event `e` concerns. Each half uses its own index. */
const ATTEMPT = sql`(select * from payout_attempts where key = e.key
  union all select * from payout_attempts where e.key is null and provider_reference = e.reference limit 1)`;

/** Stores an event once, with the job that handles it; a repeated event does nothing. One query, so that the response is fast.
 *  An event with ids that cannot be stored as they are is parked: to refuse it would make the rail repeat it for days. */
export async function receive(ctx: Context, rail: PayoutRail, event: VerifiedEvent): Promise<void> {
  const { id: eventId, type, key, reference, account } = event;
  if (![eventId, type, key, reference, account].every((text) => isStorable(text ?? '')))
    return park(ctx, rail, event);
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

async function park(ctx: Context, { name }: PayoutRail, event: VerifiedEvent): Promise<void> {
  const [id, type, key, reference] = [event.id, event.type, event.key, event.reference].map(
    (text) => text && escapeUnstorable(text).slice(0, 255),
  );
  await query(
    ctx,
    sql`insert into rail_events (id, rail, event_id, type, key, reference, state, note, handled_at)
        values (${v7()}::uuid, ${name}, ${id ?? ''}, ${type ?? ''}, ${key ?? null}, ${reference ?? null}, 'PARKED', ${UNREADABLE}, now())
        on conflict (rail, event_id) do nothing returning id::text`,
  );
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

/** Asks the rail about the event's transfer and settles the payout by the answer. An event that does not fit is parked for a person. */
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
  if (key === null && reference === null) return decide('IGNORED', 'The event concerns no payout of ours.');
  if (!payoutId)
    return seen < TRIES ? later() : decide('PARKED', 'No payout attempt has this key or reference.');
  const rail = Object.values(PayoutMethod)
    .map((method) => ctx.rail(method))
    .find((one) => one?.name === railName);
  if (!rail || !method || rail !== ctx.rail(method))
    return decide('PARKED', 'The event concerns a payout of another rail.');
  if (status === 'FAILED' && attemptKey !== null) {
    // We gave this attempt up. If the rail paid it after all, a person must decide.
    const now = await lookUpKey(ctx, payoutId, attemptKey).catch(() => undefined);
    if (now === undefined)
      return seen < TRIES
        ? later()
        : decide('PARKED', 'The attempt had failed, and the rail does not return its outcome.');
    if (now === null || now.status === 'REFUSED') return decide('APPLIED', null);
    ctx.log.error(
      { payoutId, rail: railName },
      'the rail moved money with a key that it had refused: a person must check the payout',
    );
    return decide('PARKED', `The attempt had failed, and the rail now reports ${now.status}.`);
  }
  switch (await sendPayout(ctx, payoutId, leaseSeconds)) {
    case 'MOVED':
    case 'STAYED':
      return decide('APPLIED', null);
    case 'NOTHING_TO_DO':
      return decide('IGNORED', 'The payout is finished.');
    case 'UNFIT':
      ctx.log.error(
        { payoutId, rail: railName },
        'the rail reports that a paid payout failed: a person must check the payout',
      );
      return decide('PARKED', 'The payout is paid, and the rail now reports that it failed.');
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

/** Restarts the jobs of events whose process died. Events that were parked without an answer of the rail become APPLIED when the payout
 *  was settled in another way. */
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

/** Dismisses a parked event that a person checked and that requires no further action. */
export async function dismissRailEvent(ctx: Context, id: string, reason: string): Promise<string> {
  const why = reasonOf(reason);
  await authorizeRow(ctx, 'decide', railEventTable, id);
  return transact(ctx, async (em) => {
    // An event without a payout has no tenant, so the entity filter would hide it; the row was authorized above.
    const event = await em.findOneOrFail(RailEvent, idOf(id), {
      lockMode: LockMode.PESSIMISTIC_WRITE,
      ...(ctx.actor.everyTenant && { filters: false }),
    });
    if (event.state !== 'PARKED')
      throw conflict(`This rail event is ${event.state}, but only a PARKED rail event can be dismissed.`);
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
