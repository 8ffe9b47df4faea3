import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const COMPILED = new URL('../dist/bench/', import.meta.url);

/** A child process that is called over IPC. It ends with its parent. */
export interface Helper {
  ask<T>(question: object): Promise<T>;
  /** Sends SIGTERM, as a deploy does. Returns the exit code; null if the process had to be killed. */
  end(): Promise<number | null>;
  stop(): Promise<void>;
}

/** Runs a compiled file of this folder; its output goes to `log`. */
export function start(file: string, log: string, env: Record<string, string>): Helper {
  const output = openSync(log, 'a');
  const child = fork(fileURLToPath(new URL(file, COMPILED)), {
    execArgv: [],
    env: { ...process.env, NODE_ENV: 'production', PORTAL_URL: 'https://portal.example.com', ...env },
    stdio: ['ignore', output, output, 'ipc'],
  });
  return {
    ask: (question) => answerOf(child, file, question),
    async end() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      if (child.connected) child.disconnect(); // the child closes the log when it ends
      const patience = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(patience);
    },
  };
}

function answerOf<T>(child: ChildProcess, file: string, question: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`${file} ended before it answered`));
    child.once('exit', ended);
    child.once('message', (answer: { failed?: string }) => {
      child.off('exit', ended);
      if (answer.failed) reject(new Error(`${file}: ${answer.failed}`));
      else resolve(answer as T);
    });
    child.send(question);
  });
}

/** Runs in the child process: answers every call, in order. */
export function answer<Q>(work: (question: Q) => Promise<object>, close: () => Promise<void>): void {
  let last = Promise.resolve();
  process.on('message', (question) => {
    last = last
      .then(() => work(question as Q))
      .catch((error: Error) => ({ failed: error.stack ?? String(error) }))
      .then((reply) => void process.send?.(reply));
  });
  process.on('disconnect', () => void close().finally(() => process.exit()));
  process.on('SIGINT', () => {}); // Ctrl-C reaches all processes; the benchmark stops its children in order
}
