import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EntityManager, sql } from '@mikro-orm/postgresql';
import { PayoutMethod } from '../../../domain/payout.ts';
import { query, Statement } from '../../../kernel/data/rows.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type PayoutRail, RailBusy, type RailOutcome } from '../../../ports/payout-rail.ts';
import { lookUpKey } from '../sending/public.ts';

const BATCH = 500;
/** A transfer may lie on the other side of midnight there: looked at, but counted on its own day only. */
const MARGIN_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** After so many lookups a run says that it is alive: two minutes of silence, and another job begins it anew. */
const LOOKUPS = 5;
/** How long a run waits in all for a rail that is left alone; then what it was to be asked is left untold. */
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

/** Compares batch by batch, each in one statement; what a killed job leaves is begun anew. What is still under way here and over
 *  there is looked up at once, so a lost webhook is found by this. */
export async function reconcile(ctx: Context, id: string): Promise<void> {
  const run = await begin(ctx, id);
  if (!run) return;
  const rail = ctx.rail(run.method);
  if (!rail) throw new Error(`no rail carries ${run.method}`);
  const seen = new Set<string>();
  if (rail.list) await compareList(ctx, rail.list, run, seen);
  if (!(await compareOurs(ctx, rail, run, seen))) return; // another job has begun it anew
  await transact(ctx, async (em) => {
    await em.execute(sql`
      update reconciliations set state = 'DONE', finished_at = now() where id = ${id} and run = ${run.token}`);
  });
}

function begin(ctx: Context, id: string): Promise<Run | null> {
  const token = randomUUID();
  return transact(ctx, async (em) => {
    const [row] = await em.execute<
      { tenant_id: string; method: PayoutMethod; from_at: Date; to_at: Date }[]
    >(sql`
      update reconciliations set run = ${token}, state = 'RUNNING', checked = 0, matched = 0, touched_at = now(), finished_at = null
      where id = ${id} returning tenant_id, method, from_at, to_at`);
    if (!row) return null;
    await em.execute(sql`delete from reconciliation_differences where reconciliation_id = ${id}`);
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
    new Statement().add(
      'update reconciliations set touched_at = now() where id = $ and run = $ returning id::text',
      id,
      token,
    ),
  );
  return rows.length > 0;
}

/** Our paid ones of the period that the list did not name, and all of them where the rail has no list, are looked up. What it
 *  does not tell of one is a difference, and no reason to stop. False: the run is another job's by now. */
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
          ctx.log.warn({ reconciliation: run.id, payoutId, error }, 'the rail does not tell of a payout');
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
    const rows = (await query(
      ctx,
      new Statement().add(
        `select a.key, a.payout_id from payout_attempts a join payouts o on o.id = a.payout_id
         where a.tenant_id = $ and o.method = $ and a.created_at >= $ and a.created_at < $ and a.key > $
           and (a.status = 'CONFIRMED' or ($ and a.status <> 'FAILED'))
         order by a.key limit ${BATCH}`,
        ...[run.tenantId, run.method, run.from, run.to, after, !rail.list],
      ),
    )) as [string, string][];
    const missing: [key: string, payoutId: string][] = rows.filter(([key]) => !seen.has(key));
    const looked: Theirs[] = [];
    const absent: string[] = [];
    const untold: string[] = [];
    for (const [key, payoutId] of missing) {
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
    after = rows.at(-1)?.[0] ?? '';
  }
}

/** Ours that the rail has no trace of, or says nothing of. */
function without(
  em: EntityManager,
  { id, token }: Run,
  kind: 'MISSING_THERE' | 'UNTOLD',
  keys: readonly string[],
): Promise<object[]> {
  return em.execute(sql`
    with still as (update reconciliations set checked = checked + ${keys.length}, touched_at = now()
      where id = ${id} and run = ${token} returning id)
    insert into reconciliation_differences (id, tenant_id, reconciliation_id, kind, payout_id, reference, our_status, our_minor, our_currency)
    select new_id(), a.tenant_id, still.id, ${kind}, o.id, a.provider_reference, o.status, o.amount_minor, o.amount_currency
    from still, payout_attempts a join payouts o on o.id = a.payout_id
    where a.key in (select jsonb_array_elements_text(${JSON.stringify(keys)}::jsonb)) and (a.status = 'CONFIRMED' or ${kind} = 'UNTOLD')`);
}

/** Answers with the keys of ours that were among them. */
function compare(
  ctx: Context,
  { id, token, tenantId, method }: Run,
  batch: readonly Theirs[],
): Promise<string[]> {
  if (batch.length === 0) return Promise.resolve([]);
  return transact(ctx, async (em) => {
    const rows = await em.execute<{ key: string | null; stray: boolean }[]>(sql`
      with theirs as (
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
      select our_key as key, our_key is null and status <> 'REFUSED' as stray, (select count(*) from asked) as asked from sides`);
    const strays = rows.filter(({ stray }) => stray).length;
    if (strays > 0)
      ctx.log.error({ reconciliation: id, strays }, 'the rail moved money that no payout knows of');
    return rows.flatMap(({ key }) => (key === null ? [] : [key]));
  });
}

/** Whose books are to be compared: of the last day, made anew each time, or of the last weeks. Only a rail that lists its transfers
 *  is asked for the last day: what is under way is looked up anyhow. */
export async function reconcileAll(ctx: Context, recent: boolean): Promise<void> {
  const now = Date.now();
  const from = new Date(now - (recent ? 1 : LONG_DAYS) * DAY_MS);
  for (const method of Object.values(PayoutMethod)) {
    const rail = ctx.rail(method);
    if (!rail || (recent && !rail.list)) continue;
    await transact(ctx, async (em) => {
      await em.execute(sql`
        with made as (
          insert into reconciliations (id, tenant_id, method, rail, from_at, to_at, recent, started_by)
          select new_id(), o.tenant_id, ${method}, ${rail.name}, ${from}, now(), ${recent}, 'system'
          from payouts o join payout_attempts a on a.payout_id = o.id
          where o.method = ${method} and a.created_at >= ${from} group by o.tenant_id
          on conflict (tenant_id, method) where recent
            do update set from_at = excluded.from_at, to_at = excluded.to_at, rail = excluded.rail, state = 'RUNNING', touched_at = now()
          returning id)
        select enqueue_job('reconcile', json_build_object('reconciliationId', id), 'reconcile:' || id, 0) from made`);
    });
  }
}

/** Those whose job died with its process are begun anew. */
export async function resumeReconciliations(ctx: Context): Promise<void> {
  await query(
    ctx,
    new Statement().add(`
      select enqueue_job('reconcile', json_build_object('reconciliationId', id), 'reconcile:' || id, 0)::text from reconciliations
      where state = 'RUNNING' and touched_at < now() - interval '2 minutes' and not job_waits('reconcile:' || id) limit 100`),
  );
}
