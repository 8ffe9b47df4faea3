import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import { PayoutMethod } from '../../../domain/payout.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type PayoutRail, RailBusy, type RailOutcome } from '../../../ports/payout-rail.ts';
import { lookUpKey } from '../sending/public.ts';

const BATCH = 500;
/** The rail may date a transfer on the other side of midnight: it is compared, but counted only on its own day. */
const MARGIN_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** After this number of lookups a run renews its timestamp. After two minutes without renewal another job restarts the run. */
const LOOKUPS = 5;
/** Total wait of a run for a rail with an open circuit breaker. Afterwards the remaining lookups become UNTOLD. */
const PATIENCE_SECONDS = 600;
const LONG_DAYS = 35;

interface Theirs {
  readonly key: string | null;
  readonly reference: string | null;
  readonly minor: string | null;
  readonly currency: string | null;
  readonly status: RailOutcome['status'];
  readonly counts: boolean;
}

interface Run {
  readonly id: string;
  readonly token: string;
  readonly tenantId: string;
  readonly method: PayoutMethod;
  readonly from: Date;
  readonly to: Date;
}

/** Compares batch by batch, each in one query; the run of a killed job is restarted. For a payout that is in progress here and
 *  finished at the rail, the rail is asked immediately, which also finds lost webhooks. */
export async function reconcile(ctx: Context, id: string): Promise<void> {
  const run = await begin(ctx, id);
  if (!run) return;
  const rail = ctx.rail(run.method);
  if (!rail) throw new Error(`no payment rail is configured for ${run.method}`);
  const seen = new Set<string>();
  if (rail.list) await compareList(ctx, rail.list, run, seen);
  if (!(await compareOurs(ctx, rail, run, seen))) return; // another job restarted the run
  await transact(ctx, async (em) => {
    await sql`
      update reconciliations set state = 'DONE', finished_at = now() where id = ${id} and run = ${run.token}
    `.execute(em);
  });
}

function begin(ctx: Context, id: string): Promise<Run | null> {
  const token = randomUUID();
  return transact(ctx, async (em) => {
    const [row] = await sql<{ tenant_id: string; method: PayoutMethod; from_at: Date; to_at: Date }>`
      update reconciliations set run = ${token}, state = 'RUNNING', checked = 0, matched = 0, touched_at = now(), finished_at = null
      where id = ${id} returning tenant_id, method, from_at, to_at`.execute(em);
    if (!row) return null;
    await sql`delete from reconciliation_differences where reconciliation_id = ${id}`.execute(em);
    const [from, to] = [new Date(row.from_at), new Date(row.to_at)];
    return { id, token, tenantId: row.tenant_id, method: row.method, from, to };
  });
}

async function compareList(
  ctx: Context,
  list: NonNullable<PayoutRail['list']>,
  run: Run,
  seen: Set<string>,
): Promise<void> {
  let batch: Theirs[] = [];
  const { from, to } = run;
  const flush = async () => {
    for (const key of await compare(ctx, run, batch)) seen.add(key);
    batch = [];
  };
  const listed = list(new Date(from.getTime() - MARGIN_MS), new Date(to.getTime() + MARGIN_MS));
  for await (const { key, reference, amount, status, at } of listed) {
    const counts = at >= from && at < to;
    batch.push({ key, reference, minor: String(amount.minor), currency: amount.currency, status, counts });
    if (batch.length === BATCH) await flush();
  }
  await flush();
}

async function isOurs(ctx: Context, { id, token }: Run): Promise<boolean> {
  const rows = await query(
    ctx,
    sql`update reconciliations set touched_at = now() where id = ${id} and run = ${token} returning id::text`,
  );
  return rows.length > 0;
}

/** Looks up our paid payouts of the period that are not in the list, or all payouts when the rail has no list. A failed lookup
 *  is a difference and does not stop the run. Returns false when another job took over the run. */
async function compareOurs(
  ctx: Context,
  rail: PayoutRail,
  run: Run,
  seen: ReadonlySet<string>,
): Promise<boolean> {
  let patience = PATIENCE_SECONDS;
  let asked = 0;
  const ask = async (payoutId: string, key: string): Promise<RailOutcome | null | undefined> => {
    for (;;) {
      try {
        return await lookUpKey(ctx, payoutId, key);
      } catch (error) {
        const busy = error instanceof RailBusy && patience > 0;
        if (!busy) {
          ctx.log.warn(
            { reconciliation: run.id, payoutId, error },
            'the rail does not return the outcome of a payout',
          );
          return undefined;
        }
        const seconds = Math.min(error.retryAfterSeconds ?? 5, 30);
        patience -= seconds;
        await sleep(seconds * 1_000);
        if (!(await isOurs(ctx, run))) return undefined;
      }
    }
  };
  for (let after = ''; ; ) {
    const rows = await query(
      ctx,
      sql<{ key: string; payoutId: string }>`
         select a.key, a.payout_id as "payoutId" from payout_attempts a join payouts o on o.id = a.payout_id
         where a.tenant_id = ${run.tenantId} and o.method = ${run.method} and a.created_at >= ${run.from} and a.created_at < ${run.to} and a.key > ${after}
           and (a.status = 'CONFIRMED' or (${!rail.list} and a.status <> 'FAILED'))
         order by a.key limit ${sql.raw(BATCH)}`,
    );
    const missing = rows.filter(({ key }) => !seen.has(key));
    const looked: Theirs[] = [];
    const absent: string[] = [];
    const untold: string[] = [];
    for (const { key, payoutId } of missing) {
      if (asked++ % LOOKUPS === 0 && !(await isOurs(ctx, run))) return false;
      const found = await ask(payoutId, key);
      if (found === undefined) untold.push(key);
      else if (found === null) absent.push(key);
      else {
        const reference = 'reference' in found ? found.reference : null;
        looked.push({ key, reference, minor: null, currency: null, status: found.status, counts: true });
      }
    }
    await compare(ctx, run, looked);
    if (absent.length) await transact(ctx, (em) => without(em, run, 'MISSING_THERE', absent));
    if (untold.length) await transact(ctx, (em) => without(em, run, 'UNTOLD', untold));
    if (rows.length < BATCH) return isOurs(ctx, run);
    after = rows.at(-1)?.key ?? '';
  }
}

/** Stores the differences for payouts of which the rail has no trace, or whose lookup failed. */
function without(
  em: EntityManager,
  { id, token }: Run,
  kind: 'MISSING_THERE' | 'UNTOLD',
  keys: readonly string[],
): Promise<object[]> {
  return sql`
    with still as (update reconciliations set checked = checked + ${keys.length}, touched_at = now()
      where id = ${id} and run = ${token} returning id)
    insert into reconciliation_differences (id, tenant_id, reconciliation_id, kind, payout_id, reference, our_status, our_minor, our_currency)
    select new_id(), a.tenant_id, still.id, ${kind}, o.id, a.provider_reference, o.status, o.amount_minor, o.amount_currency
    from still, payout_attempts a join payouts o on o.id = a.payout_id
    where a.key in (select jsonb_array_elements_text(${JSON.stringify(keys)}::jsonb)) and (a.status = 'CONFIRMED' or ${kind} = 'UNTOLD')
  `.execute(em);
}

/** Returns those of our keys that were in the batch. */
function compare(
  ctx: Context,
  { id, token, tenantId, method }: Run,
  batch: readonly Theirs[],
): Promise<string[]> {
  if (batch.length === 0) return Promise.resolve([]);
  return transact(ctx, async (em) => {
    const rows = await sql<{ key: string | null; stray: boolean }>`
      with /* payouts.reconcile */ theirs as (
        select * from jsonb_to_recordset(${JSON.stringify(batch)}::jsonb)
          as t (key text, reference text, minor bigint, currency text, status text, counts boolean)),
      sides as (
        select t.*, a.key as our_key, a.status as attempt, o.id as payout_id, o.tenant_id, o.method, o.status as payout,
          o.amount_minor, o.amount_currency
        from theirs t
        left join lateral (select * from payout_attempts a where a.key = t.key
          union all select * from payout_attempts a where t.key is null and a.provider_reference = t.reference limit 1) a on true
        left join payouts o on o.id = a.payout_id),
      judged as (
        select s.*, case
            when our_key is null then case when status = 'REFUSED' then 'NOTHING' else 'MISSING_HERE' end
            when minor is not null and (minor, currency) is distinct from (amount_minor, amount_currency) then 'DIFFERENT_AMOUNT'
            when case
              when attempt = 'FAILED' then status = 'REFUSED'
              when attempt = 'CONFIRMED' then status = case payout when 'RETURNED' then 'RETURNED' else 'CONFIRMED' end
              else status = 'ACCEPTED' end then 'MATCHED'
            else 'DIFFERENT_STATUS' end as verdict
        from sides s where counts and (our_key is null or (tenant_id = ${tenantId} and method = ${method}))),
      still as (
        update reconciliations set touched_at = now(), checked = checked + (select count(*) from judged where verdict <> 'NOTHING'),
          matched = matched + (select count(*) from judged where verdict = 'MATCHED')
        where id = ${id} and run = ${token} returning id),
      alone as (select count(*) = 1 as yes from programs),
      made as (
        insert into reconciliation_differences (id, tenant_id, reconciliation_id, kind, payout_id, reference, our_status, our_minor,
          our_currency, their_status, their_minor, their_currency)
        select new_id(), case when our_key is not null or alone.yes then ${tenantId} end, still.id, verdict, payout_id, reference,
          payout, amount_minor, amount_currency, status, minor, currency
        from judged, still, alone where verdict not in ('MATCHED', 'NOTHING')),
      asked as (
        select enqueue_send_payout(payout_id)
        from judged where verdict = 'DIFFERENT_STATUS' and attempt <> 'FAILED' and payout in ('PROCESSING', 'PAID'))
      select our_key as key, our_key is null and status <> 'REFUSED' as stray, (select count(*) from asked) as asked from sides
    `.execute(em);
    const strays = rows.filter(({ stray }) => stray).length;
    if (strays > 0)
      ctx.log.error({ reconciliation: id, strays }, 'the rail listed transfers that match no payout');
    return rows.flatMap(({ key }) => (key === null ? [] : [key]));
  });
}

/** Starts automatic reconciliations of the last day, updated each time, or of the last weeks. For the last day only rails that list
 *  their transfers are asked, because payouts in progress are looked up anyway. */
export async function reconcileAll(ctx: Context, recent: boolean): Promise<void> {
  const now = Date.now();
  const from = new Date(now - (recent ? 1 : LONG_DAYS) * DAY_MS);
  for (const method of Object.values(PayoutMethod)) {
    const rail = ctx.rail(method);
    if (!rail || (recent && !rail.list)) continue;
    await transact(ctx, async (em) => {
      await sql`
        with made as (
          insert into reconciliations (id, tenant_id, method, rail, from_at, to_at, recent, started_by)
          select new_id(), o.tenant_id, ${method}, ${rail.name}, ${from}, now(), ${recent}, 'system'
          from payouts o join payout_attempts a on a.payout_id = o.id
          where o.method = ${method} and a.created_at >= ${from} group by o.tenant_id
          on conflict (tenant_id, method) where recent
            do update set from_at = excluded.from_at, to_at = excluded.to_at, rail = excluded.rail, state = 'RUNNING', touched_at = now()
          returning id)
        select enqueue_job('reconcile', json_build_object('reconciliationId', id), 'reconcile:' || id, 0) from made
      `.execute(em);
    });
  }
}

/** Restarts reconciliations whose job died with its process. */
export async function resumeReconciliations(ctx: Context): Promise<void> {
  await query(
    ctx,
    sql`
      select enqueue_job('reconcile', json_build_object('reconciliationId', id), 'reconcile:' || id, 0)::text from reconciliations
      where state = 'RUNNING' and touched_at < now() - interval '2 minutes' and not job_waits('reconcile:' || id) limit 100`,
  );
}
