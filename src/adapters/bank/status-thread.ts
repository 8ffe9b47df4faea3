import { parentPort, workerData } from 'node:worker_threads';
import type { BankReport } from '../../ports/bank-desk.ts';
import { nachaReturns } from './nacha.ts';
import type { ThreadAnswer } from './read-in-thread.ts';
import { statusXml } from './status-xml.ts';
import { Unreadable } from './unreadable.ts';

// Runs in its own thread. The thread starts from this source file, so nothing here and in its imports may need a compiler.

function read(content: string): BankReport {
  const start = content.replace(/^\uFEFF/, '').trimStart();
  if (start.startsWith('<')) return statusXml(start);
  if (/^101/.test(start)) return { kind: 'NACHA_RETURN', lines: nachaReturns(start) };
  throw new Unreadable('must be a pain.002, camt.053, camt.054 or NACHA return file');
}

function answerTo(content: string): ThreadAnswer {
  try {
    return { report: read(content) };
  } catch (error) {
    if (error instanceof Unreadable) return { refusal: error.message };
    throw error;
  }
}

parentPort?.postMessage(answerTo(workerData as string));
