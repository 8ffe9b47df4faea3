import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { programOf } from '../../programs/program/public.ts';
import { PlanSimulation } from './plan-simulation.entity.ts';
import { resolve } from './simulated-terms.ts';
import type { SimulatePlanInput } from './simulation.inputs.ts';

const MAX_MONTHS = 36;
const MAX_UNFINISHED = 5;
const KEPT_DAYS = 7;

/** Starts a simulation of past months. Returns its id. */
export function simulatePlan(ctx: Context, input: SimulatePlanInput): Promise<string> {
  const tenantId = ctx.actor.tenantId ?? '';
  const { idempotencyKey, from, to, ...changes } = input;
  const months = { firstDay: `${from.slice(0, 7)}-01`, lastDay: lastDayOf(to) };
  if (to.slice(0, 7) < from.slice(0, 7)) throw invalid('input.to', 'must not be before from');
  const count = monthsSince0(to) - monthsSince0(from) + 1;
  if (count > MAX_MONTHS) throw invalid('input.to', `must be at most ${MAX_MONTHS} months after from`);
  return transact(ctx, async (em) => {
    const program = await programOf(em, tenantId);
    const request = { tenantId, operation: 'simulatePlan', key: idempotencyKey, input };
    return once(em, ctx, request, async () => {
      await sql`select 1 from programs where tenant_id = ${tenantId} for no key update`.execute(em);
      await resolve(em, program, changes);
      const unfinished = await em.count(PlanSimulation, {
        tenantId,
        status: { $in: ['WAITING', 'RUNNING'] },
      });
      if (unfinished >= MAX_UNFINISHED)
        throw conflict(
          `${MAX_UNFINISHED} simulations are not finished. Wait until one is DONE, or cancel one.`,
          {
            reason: 'TOO_MANY',
          },
        );
      const expiresAt = new Date(ctx.clock.now().getTime() + KEPT_DAYS * 86_400_000);
      const kept = JSON.parse(JSON.stringify(changes)) as object;
      const simulation = em.create(PlanSimulation, {
        ...months,
        tenantId,
        requestedBy: ctx.actor.id,
        changes: kept,
        expiresAt,
      });
      record(em, ctx, 'plan.simulated', simulation, { after: { ...months, ...kept } });
      await em.flush();
      const { id } = simulation;
      await enqueue(em, 'simulate_plan', { simulationId: id }, { key: `simulate_plan:${id}` });
      return id;
    });
  });
}

/** Cancels a simulation that is not DONE. Returns its id. */
export function cancelPlanSimulation(ctx: Context, id: string): Promise<string> {
  return transact(ctx, async (em) => {
    const simulation = await em.findOne(PlanSimulation, {
      id: idOf(id),
      expiresAt: { $gt: ctx.clock.now() },
    });
    if (!simulation) throw notFound('simulation');
    await sql`select 1 from plan_simulations where id = ${simulation.id} for update`.execute(em);
    await em.refresh(simulation);
    const { status } = simulation;
    if (status === 'DONE' || status === 'CANCELED')
      throw conflict(`This simulation is ${status} and cannot be canceled.`, { reason: status });
    simulation.status = 'CANCELED';
    simulation.finishedAt = ctx.clock.now();
    record(em, ctx, 'simulation.canceled', simulation, { before: { status }, after: { status: 'CANCELED' } });
    return simulation.id;
  });
}

const monthsSince0 = (day: string): number => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7));

function lastDayOf(day: string): string {
  const [year = 0, month = 0] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
}
