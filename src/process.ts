import { StartupError } from './adapters/embedded-postgres/startup-error.ts';
import { ConfigError } from './config/config.ts';
import { lastWords } from './log.ts';

const PATIENCE_MS = 30_000;

export const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);

/** Runs a process. On a signal or a failed start, closes all registered parts in reverse order. */
export async function runProcess(
  start: (closes: (close: () => Promise<void>) => void) => Promise<void>,
): Promise<void> {
  const closers: (() => Promise<void>)[] = [];
  let stopping = false;

  async function stop(code: number): Promise<void> {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), PATIENCE_MS).unref();
    for (const close of closers) await close().catch((error: unknown) => say(lastWords(error)));
    process.exit(code);
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      say('Stopping ...');
      void stop(0);
    });
  }
  // Node's own report would print all properties that a library added to the error.
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${error instanceof StartupError ? error.message : lastWords(error)}\n`);
    void stop(1);
  });
  try {
    await start((close) => closers.unshift(close));
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    await stop(1);
  }
}

/** Returns one sentence for a fault that a person can fix; for a bug, the stack. */
function explain(error: unknown): string {
  const { code, message, port } = error as { code?: string; message?: string; port?: number };
  if (error instanceof ConfigError || error instanceof StartupError) return String(message);
  if (code === 'EADDRINUSE')
    return `Port ${port} is in use. Stop the process that uses it, or set PORT to another port.`;
  if (code === 'EACCES' && port) return `Port ${port} is not allowed. Set PORT to a port above 1023.`;
  if (code === 'ENOSPC' || code === '53100') return 'The disk is full. Free some space and start again.';
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'ETIMEDOUT')
    return `The database of DATABASE_URL does not answer (${message}). Start it, or correct DATABASE_URL.`;
  if (code === '28P01' || code === '28000' || code === '3D000')
    return `The database of DATABASE_URL refuses the login: ${message}.`;
  if (/role "partner_portal_api"|to create role/.test(message ?? ''))
    return `The login of DATABASE_URL must be a member of the role partner_portal_api, or have the right to create this role (${message}).`;
  return lastWords(error);
}
