import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PolicyDecision } from '../../ports/policy-decision.ts';
import { StartupError } from '../embedded-postgres/startup-error.ts';
import { cerbos } from './cerbos.ts';

const PATIENCE_MS = 10_000;
const MAX_BACKOFF_MS = 5_000;

/** Runs the PDP and ends it when our end of its input closes, so that it outlives no process of ours, not even one that
 *  was killed. */
const SUPERVISE = `exec 3<&0; home=$1; shift
"$@" </dev/null 3<&- & pdp=$!; echo $pdp >"$home/pid"
(cat >/dev/null; kill -9 $pdp; rm -rf "$home") <&3 & guard=$!
wait $pdp; kill $guard`;

export interface EmbeddedCerbos extends PolicyDecision {
  readonly url: string;
}

/** A policy point of this process's own, over the policies in `folder`; it is started again when it dies. */
export async function startEmbeddedCerbos(
  folder: string,
  options: { deadlineMs: number },
): Promise<EmbeddedCerbos> {
  const binary = binaryPath();
  const home = await mkdtemp(join(tmpdir(), 'portal-pdp-')); // a socket in a folder of mode 0700: nobody else asks it
  const socket = join(home, 'grpc.sock');
  const configuration = join(home, 'cerbos.yaml');
  await writeFile(configuration, configurationOf(home, folder));

  let child: ChildProcess | null = null;
  let closing = false;
  let failures = 0;
  let said = '';

  async function run(): Promise<void> {
    await rm(socket, { force: true });
    if (closing) return;
    child = spawn('/bin/sh', ['-c', SUPERVISE, 'sh', home, binary, 'server', '--config', configuration], {
      detached: true, // a Ctrl-C is for us: requests under way still have to be decided
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const started = Date.now();
    for (const output of [child.stdout, child.stderr])
      output?.on('data', (text) => (said = `${said}${text}`.slice(-2_000)));
    child.stdin?.on('error', () => {});
    child.once('exit', () => {
      child?.stdin?.destroy();
      if (closing) return;
      failures = Date.now() - started > MAX_BACKOFF_MS ? 0 : failures + 1;
      setTimeout(() => void run(), Math.min(100 * 2 ** failures, MAX_BACKOFF_MS)).unref();
    });
  }

  const url = pathToFileURL(socket).href.replace('file:', 'unix:');
  const client = cerbos(url, options);
  const embedded: EmbeddedCerbos = {
    ...client,
    url,
    async close() {
      closing = true;
      await client.close();
      const ended = child?.exitCode === null ? once(child, 'exit') : null;
      child?.stdin?.destroy();
      await ended;
      await rm(home, { recursive: true, force: true });
    },
  };
  await run();
  const patience = Date.now() + PATIENCE_MS;
  for (;;) {
    const ready = await embedded.probe().then(
      () => true,
      () => false,
    );
    if (ready) return embedded;
    if (failures > 0 || Date.now() > patience) {
      await embedded.close();
      throw new StartupError(`The policy point does not start: ${said.trim() || 'it says nothing'}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function binaryPath(): string {
  const name = `@cerbos/cerbos-${process.platform}-${process.arch}`;
  try {
    const own = createRequire(import.meta.url);
    return createRequire(own.resolve('cerbos')).resolve(name);
  } catch {
    throw new StartupError(
      `There is no embedded policy point for ${process.platform} on ${process.arch} (npm package ${name}): set CERBOS_URL to a Cerbos of your own.`,
    );
  }
}

const configurationOf = (home: string, folder: string): string =>
  JSON.stringify({
    server: {
      grpcListenAddr: `unix:${join(home, 'grpc.sock')}`,
      httpListenAddr: `unix:${join(home, 'http.sock')}`,
    },
    storage: { driver: 'disk', disk: { directory: folder, watchForChanges: false } },
    telemetry: { disabled: true },
    audit: { enabled: false },
  });
