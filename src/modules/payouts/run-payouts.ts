import { type EntityManager, sql } from '@mikro-orm/postgresql';
import { invalid } from '../../domain/errors.ts';
import type { PayoutFrequency, SkipReason } from '../../domain/payout.ts';
import { PayoutMethod } from '../../domain/payout.ts';
import { authorize } from '../../kernel/authorize.ts';
import type { Context } from '../../kernel/context.ts';
import { transact } from '../../kernel/transact.ts';
import { record } from '../audit/audit.service.ts';
import { programOf } from '../programs/program.service.ts';
import type { RunPayoutsInput } from './payout.inputs.ts';
import { PayoutRun } from './payout-run.entity.ts';

/** Pays every partner whose period had ended at `asOf`: one PENDING payout for each currency with a balance that is
 *  positive and reaches the minimum. Set-based, one run of a tenant at a time; a second run finds nothing left. */
export async function runPayouts(ctx: Context, { asOf: given, frequency }: RunPayoutsInput): Promise<string> {
  const tenantId = ctx.actor.tenantId ?? '';
  const asOf = given ?? ctx.clock.now();
  if (asOf.getTime() > ctx.clock.now().getTime() + 366 * 86_400_000)
    throw invalid('input.asOf', 'lies more than a year ahead');
  await authorize(ctx, 'make', { kind: 'payout', id: '(run)', attributes: { tenantId } });
  return transact(ctx, async (em) => {
    await em.execute(sql`select 1 from programs where tenant_id = ${tenantId} for no key update`);
    const program = await programOf(em, tenantId);
    const run = em.create(PayoutRun, {
      tenantId,
      asOf,
      frequency: frequency ?? null,
      payoutCount: 0,
      createdBy: ctx.actor.id,
      skipped: [],
    });
    await em.flush();
    await balances(em, ctx, { tenantId, asOf, frequency: frequency ?? null, timeZone: program.timeZone });
    const made = await em.execute<{ id: string }[]>(sql`
      insert into payouts (id, tenant_id, partner_id, run_id, method, period_start, period_end, amount_minor, amount_currency,
        commission_count, created_by, initiated_by, metadata)
      select new_id(), ${tenantId}, partner_id, ${run.id}, payout_method, period_start, period_end, total, currency, lines,
        ${ctx.actor.id}, ${ctx.actor.id}, '{}'
      from run_balances
      where status = 'ACTIVE' and payout_method is not null and rail and total > 0
        and (currency <> ${program.currency} or total >= ${program.minimumPayoutMinor})
      returning id`);
    await em.execute(sql`
      insert into payout_items (id, tenant_id, payout_id, commission_id)
      select new_id(), ${tenantId}, p.id, l.id
      from payouts p join run_lines l on l.partner_id = p.partner_id and l.currency = p.amount_currency
      where p.run_id = ${run.id}`);
    run.payoutCount = made.length;
    run.skipped = await em.execute<{ partnerId: string; reason: SkipReason }[]>(sql`
      select partner_id as "partnerId", case
          when status <> 'ACTIVE' then 'NOT_ACTIVE' when lines is null then 'NOTHING_TO_PAY'
          when payout_method is null or not rail then 'NO_PAYOUT_METHOD' when total <= 0 then 'NOT_POSITIVE' else 'BELOW_MINIMUM' end as reason
      from run_balances b
      where not exists (select from payouts p where p.run_id = ${run.id} and p.partner_id = b.partner_id and p.amount_currency = b.currency)
      order by partner_id`);
    record(em, ctx, 'payouts.run', run, {
      after: { asOf, frequency: frequency ?? null, payouts: made.length, skipped: run.skipped.length },
      subjects: made.map(({ id }) => id),
    });
    return run.id;
  });
}

interface Due {
  readonly tenantId: string;
  readonly asOf: Date;
  readonly frequency: PayoutFrequency | null;
  readonly timeZone: string;
}

/** `run_lines`: what each due partner may be paid, up to the end of its last whole period, with what was carried on;
 *  `run_balances`: their sums. The partners are locked, as a payout by hand locks them. */
async function balances(
  em: EntityManager,
  ctx: Context,
  { tenantId, asOf, frequency, timeZone }: Due,
): Promise<void> {
  const rails = Object.values(PayoutMethod).filter((method) => ctx.rail(method));
  const due = sql`p.tenant_id = ${tenantId} and p.deleted_at is null and (${frequency}::text is null or p.payout_frequency = ${frequency})`;
  await em.execute(sql`select 1 from partners p where ${due} order by p.id for no key update`);
  await em.execute(sql`
    create temporary table run_partners on commit drop as
    select p.id, p.status, p.payout_method, jsonb_exists(${JSON.stringify(rails)}::jsonb, p.payout_method) as rail, p.payout_frequency,
      payout_period_end(p.payout_frequency, (${asOf}::timestamptz at time zone ${timeZone})::date) as ends
    from partners p where ${due}`);
  await em.execute(sql`
    create temporary table run_lines on commit drop as
    select d.id as partner_id, k.currency, l.id, l.amount_minor, l.occurred_at
    from run_partners d
    cross join lateral (select distinct c.amount_currency as currency from commissions c where c.partner_id = d.id and c.status = 'APPROVED') k
    cross join lateral claimable_lines(d.id, k.currency, '-infinity', d.ends::timestamp at time zone ${timeZone}) l`);
  await em.execute(sql`
    create temporary table run_balances on commit drop as
    select d.id as partner_id, d.status, d.payout_method, d.rail, o.currency, o.lines, o.total, d.ends - 1 as period_end,
      least(payout_period_start(d.payout_frequency, d.ends), (o.first at time zone ${timeZone})::date) as period_start
    from run_partners d left join (
      select partner_id, currency, count(*)::int as lines, sum(amount_minor)::bigint as total, min(occurred_at) as first
      from run_lines group by partner_id, currency
    ) o on o.partner_id = d.id`);
}
