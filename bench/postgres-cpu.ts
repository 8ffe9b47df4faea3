import { readdir, readFile } from 'node:fs/promises';
import { Client } from 'pg';

const TICK_US = 10_000; // of Linux

/** Returns a function that returns the microseconds of CPU which PostgreSQL has used: all its processes, also those that ended.
 *  Null where the system does not show processes as files, or where PostgreSQL runs on another machine. */
export async function postgresCpu(url: string): Promise<(() => Promise<number>) | null> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query('select pg_backend_pid() as pid');
    const backend = await statOf(rows[0].pid);
    if (!backend) return null;
    return async () => {
      const [postmaster, children] = await Promise.all([statOf(backend.parent), childrenOf(backend.parent)]);
      const own = children.map((child) => child.ticks);
      return (
        TICK_US * own.reduce((sum, ticks) => sum + ticks, (postmaster?.ticks ?? 0) + (postmaster?.ended ?? 0))
      );
    };
  } finally {
    await client.end();
  }
}

interface Stat {
  readonly parent: number;
  readonly ticks: number;
  /** Ticks of the children that ended. */
  readonly ended: number;
}

async function statOf(pid: number | string): Promise<Stat | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  const fields = text
    .slice(text.lastIndexOf(')') + 4) // the name may contain spaces; the state follows it
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(10);
  return { parent: fields[0] ?? 0, ticks: user + system, ended: endedUser + endedSystem };
}

async function childrenOf(parent: number): Promise<Stat[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(processes.map(statOf));
  return stats.filter((stat): stat is Stat => stat?.parent === parent);
}
