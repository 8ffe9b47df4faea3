import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Runner, run, type TaskList, type WorkerEvents } from 'graphile-worker';
import type { Pool, PoolClient } from 'pg';
import { quiet } from './database.ts';
import type { Services } from './kernel/request/context.ts';

const CONCURRENCY = 8;
const RESTART_MS = 500;
const NAMED_AFTER_MS = 2_000;
/** Longer than the time needed to store the end of a job. */
const ENDED_MS = 5_000;

export interface JobRunner {
  /** Unlocks jobs that are locked by a process that ended. The library would unlock them after four hours. */
  freeLostJobs(): Promise<void>;
  stop(): Promise<void>;
}

/** Runs jobs, also across outages of the database. The library's runner stops when it cannot store the end of a job. Then
 *  a new runner starts at once, while the jobs of the old one finish. */
export async function startRunner(
  owner: Pool,
  {
    tasks,
    crontab,
    services: { log, tuning },
  }: { tasks: TaskList; crontab: string; services: Pick<Services, 'log' | 'tuning'> },
): Promise<JobRunner> {
  const pools = new Set<string>(); // of this process, including ended ones
  const active = new Map<string, Promise<unknown>>();
  let runner: Runner | null = null;
  let stopping = false;
  let starting = Promise.resolve();

  const watched: TaskList = Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => [
      name,
      (payload, helpers) => {
        const { id } = helpers.job;
        const work = Promise.resolve(task?.(payload, helpers)) as Promise<void>;
        active.set(id, work);
        const forget = () =>
          void setTimeout(() => active.get(id) === work && active.delete(id), ENDED_MS).unref();
        work.then(forget, forget);
        return work;
      },
    ]),
  );

  async function start(): Promise<void> {
    const events: WorkerEvents = new EventEmitter();
    events.on('pool:create', ({ workerPool }) => pools.add(workerPool.id));
    // By this name other processes see that the pool is alive.
    events.on('pool:listen:success', ({ workerPool, client }) => nameIt(client, workerPool.id));
    events.on('pool:gracefulShutdown', () => {
      if (!stopping) starting = startAgain();
    });
    runner = await run({
      pgPool: owner,
      taskList: watched,
      crontab,
      concurrency: CONCURRENCY,
      noHandleSignals: true,
      pollInterval: tuning.jobPollMs,
      logger: quiet,
      events,
      // In batches, a failure to store the end of a job stops the runner; one by one, it would end the process.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    });
    runner.promise.catch(() => {}); // a stopped runner is replaced by the event handler above
  }

  async function startAgain(): Promise<void> {
    log.warn('the job runner stopped: a new one starts');
    while (!stopping) {
      await sleep(RESTART_MS);
      try {
        return await start();
      } catch (error) {
        log.warn({ error }, 'the job runner could not start: the start will be tried again');
      }
    }
  }

  await start();
  return {
    async freeLostJobs() {
      await owner.query(
        `update graphile_worker._private_jobs j set locked_at = null, locked_by = null
         where locked_by = any($1) and id <> all($2::bigint[]) and locked_at < now() - interval '5 seconds'
            or locked_by <> all($1) and locked_at < now() - interval '1 minute'
               and not exists (select from pg_stat_activity where datname = current_database() and application_name = j.locked_by)`,
        [[...pools], [...active.keys()]],
      );
    },
    async stop() {
      stopping = true;
      await starting;
      await runner?.stop().catch(() => {}); // the runner had already stopped
      await Promise.allSettled(active.values());
    },
  };
}

function nameIt(client: PoolClient, name: string): void {
  const work = () => client.query(`select set_config('application_name', $1, false)`, [name]).catch(() => {});
  setTimeout(work, NAMED_AFTER_MS).unref(); // it may be busy with its LISTEN
}
