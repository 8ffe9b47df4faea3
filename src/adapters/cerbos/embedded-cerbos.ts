import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PolicyDecision } from '../../ports/policy-decision.ts';
import { StartupError } from '../embedded-postgres/startup-error.ts';
import { cerbos } from './cerbos.ts';

const PATIENCE_MS = 10_000;
const MAX_BACKOFF_MS = 5_000;

/** Runs the policy service and stops it when our end of its input closes, so that it never outlives our process, not even
 *  one that was killed. */
const SUPERVISE = `exec 3<&0; home=$1; shift
"$@" </dev/null 3<&- & pdp=$!; echo $pdp >"$home/pid"
(cat >/dev/null; kill -9 $pdp; rm -rf "$home") <&3 & guard=$!
wait $pdp; kill $guard`;

export interface EmbeddedCerbos extends PolicyDecision {
  readonly url: string;
}

/** A policy service of this process for the policies in `folder`. It is restarted when it dies. */
export async function startEmbeddedCerbos(
  folder: string,
  options: { deadlineMs: number },
): Promise<EmbeddedCerbos> {
  const binary = binaryPath();
  const home = await mkdtemp(join(tmpdir(), 'portal-pdp-')); // a socket in a folder of mode 0700, so that no other user can call it
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
      detached: true, // Ctrl-C must not stop it: requests in progress still need decisions
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
  const names = await namesIn(folder);
  const embedded: EmbeddedCerbos = {
    ...client,
    url,
    validForMs: Number.POSITIVE_INFINITY, // it reads its policies once
    reads: (attribute) => names.has(attribute),
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
      throw new StartupError(`The policy service does not start: ${said.trim() || 'no output'}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** All words of the policies: an attribute that is not among them is read by none. */
async function namesIn(folder: string): Promise<ReadonlySet<string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
  );
  return new Set(texts.flatMap((text) => text.match(/\w+/g) ?? []));
}

function binaryPath(): string {
  const name = `@cerbos/cerbos-${process.platform}-${process.arch}`;
  try {
    const own = createRequire(import.meta.url);
    return createRequire(own.resolve('cerbos')).resolve(name);
  } catch {
    throw new StartupError(
      `There is no embedded policy service for ${process.platform} on ${process.arch} (npm package ${name}): set CERBOS_URL to your own Cerbos.`,
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
