import { Worker } from 'node:worker_threads';
import { AppError } from '../../../domain/errors.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import { linesPaidBy } from '../../commissions/explain/public.ts';
import type { RemittanceHead } from './remittance.loader.ts';
import { totalOf } from './remittance-csv.ts';

const MAX_LINES = 500;
const MAX_WAITING = 20; // a document takes up to a second; more callers must retry

/** The texts of a remittance advice. */
export interface Sheet {
  readonly payoutId: string;
  readonly brand: string;
  /** `#rrggbb`. */
  readonly color: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly rows: readonly (readonly [date: string, line: string, amount: string])[];
  readonly total: readonly [text: string, amount: string];
}

/** A remittance advice as PDF in Base64. For a payout with more than 500 commissions the others are one sum; the CSV
 *  lists them. Throws SERVICE_UNAVAILABLE when too many callers wait. */
export async function remittancePdf(ctx: Context, head: RemittanceHead): Promise<string> {
  const lines = await linesPaidBy(ctx, head.payoutId, MAX_LINES);
  const { currency, minor } = head.amount;
  const text = (amount: bigint) => `${amountText({ minor: amount, currency })} ${currency}`;
  const left = head.lineCount - lines.length;
  const shown = lines.reduce((sum, line) => sum + line.amount.minor, 0n);
  return drawing({
    payoutId: head.payoutId,
    ...{ brand: head.brand, color: head.color },
    facts: [
      ['Partner', head.companyName],
      ['Payout', head.payoutId],
      ['Period', `${head.periodStart} to ${head.periodEnd}`],
      ['Paid by', `${head.method}${head.lastFour === null ? '' : `, account ending in ${head.lastFour}`}`],
      ['Status', head.paidAt ? `${head.status} at ${head.paidAt.toISOString()}` : head.status],
      ...(head.reference === null ? [] : [['Reference', head.reference] as const]),
    ],
    rows: [
      ...lines.map((line) => {
        const what = line.orderId === null ? line.type : `${line.type}, order ${line.orderId}`;
        const on = line.occurredAt.toISOString().slice(0, 10);
        return [on, `${what}: ${line.sentence}`, text(line.amount.minor)] as const;
      }),
      ...(left > 0
        ? [['', `${left} further lines, which the CSV has one by one`, text(minor - shown)] as const]
        : []),
    ],
    total: [totalOf(head), text(minor)],
  });
}

interface Waiting {
  readonly resolve: (base64: string) => void;
  readonly reject: (error: unknown) => void;
}

const waiting = new Map<number, Waiting>();
let thread: Worker | null = null;
let last = 0;

/** Draws the document in a separate thread, so that other requests do not wait. */
function drawing(sheet: Sheet): Promise<string> {
  if (waiting.size >= MAX_WAITING)
    throw new AppError(
      'SERVICE_UNAVAILABLE',
      'Too many remittance advices are being created. Try again in some seconds.',
      { retryAfter: 10 },
    );
  thread ??= started();
  const worker = thread;
  return new Promise<string>((resolve, reject) => {
    const no = ++last;
    waiting.set(no, { resolve, reject });
    worker.ref();
    worker.postMessage({ no, sheet });
  });
}

function started(): Worker {
  // The file of the thread has the same extension as this file, compiled or not.
  const worker = new Worker(new URL(`./draw-pdf${import.meta.url.slice(-3)}`, import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  worker.on('message', ({ no, base64, fault }: { no: number; base64?: string; fault?: string }) => {
    const one = waiting.get(no);
    waiting.delete(no);
    if (waiting.size === 0) worker.unref(); // an idle thread does not keep the process alive
    if (base64 === undefined) one?.reject(new Error(`a remittance advice cannot be drawn: ${fault}`));
    else one?.resolve(base64);
  });
  const end = (error: unknown) => {
    if (thread !== worker) return;
    thread = null; // the next document starts a new thread
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on('error', end);
  worker.on('exit', () => end(new Error('the thread that draws remittance advices ended')));
  return worker;
}
