import { Worker } from 'node:worker_threads';
import { invalid } from '../../domain/errors.ts';
import type { BankReport } from '../../ports/bank-desk.ts';

const MAX_CHARACTERS = 8_000_000;

/** Answer of the thread. */
export type ThreadAnswer = { readonly report: BankReport } | { readonly refusal: string };

/** Reads a status file in a thread of its own, because a file of 8 MB takes seconds. */
export async function readInThread(content: string, field: string): Promise<BankReport> {
  if (content.length > MAX_CHARACTERS) throw invalid(field, 'must be at most 8 MB');
  // The file of the thread has the same extension as this file, compiled or not.
  const thread = new Worker(new URL(`./status-thread${import.meta.url.slice(-3)}`, import.meta.url), {
    workerData: content,
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  const answer = await new Promise<ThreadAnswer>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () =>
      reject(new Error('the thread that reads a bank status ended without an answer')),
    );
  });
  if ('refusal' in answer) throw invalid(field, answer.refusal);
  return answer.report;
}
