import { payoutFailed, payoutSent, payoutSettled } from '../domain/posting.ts';
import { APPROVER, type Book, FINANCE } from './book.ts';
import { cancelations, payoutFailures } from './names.ts';
import type { Payout } from './payouts.ts';
import { dayText } from './periods.ts';
import { DAY_MS, HOUR_MS, later } from './random.ts';

const MINUTE_MS = HOUR_MS / 60;

/** The final columns of a payout; its row is inserted as PENDING. */
interface Outcome {
  readonly id: string;
  readonly status: 'PAID' | 'FAILED' | 'CANCELED';
  readonly attempts: number;
  readonly approvedBy: string | null;
  readonly approvedAt: Date | null;
  readonly paidAt: Date | null;
  readonly releasedAt: Date | null;
  readonly providerReference: string | null;
  readonly failureReason: string | null;
}

export interface Settlements {
  readonly payouts: Payout[];
  readonly outcomes: Outcome[];
  readonly attempts: object[];
}

/** Settles the payouts. Most are paid, some at the second attempt. Of the latest monthly run, some wait, some failed and
 *  some were canceled. */
export function settlePayouts(book: Book, made: readonly Payout[], latestRunId: string | null): Settlements {
  const { random } = book;
  const result: Settlements = { payouts: [...made], outcomes: [], attempts: [] };
  const latest = random.shuffled(made.filter(({ runId }) => runId === latestRunId));
  const pending = new Set(latest.slice(0, 12));
  const failed = new Set(latest.slice(12, 18));
  const canceled = new Set(latest.slice(18, 23));
  const earlier = made.filter(({ runId }) => runId !== latestRunId);
  const remade = new Set(random.shuffled(earlier).slice(0, 5));
  for (const payout of made) {
    if (pending.has(payout)) continue;
    if (canceled.has(payout)) cancel(book, payout, result);
    else if (remade.has(payout)) {
      cancel(book, payout, result);
      pay(book, remake(book, payout, result), result);
    } else if (failed.has(payout)) {
      const approvedAt = later(payout.createdAt, random.between(2, 20) * HOUR_MS);
      const refusal = refuse(book, payout, 1, later(approvedAt, MINUTE_MS), result);
      const outcome = { ...undecided(payout), approvedBy: APPROVER, approvedAt, attempts: 1 };
      result.outcomes.push({ ...outcome, status: 'FAILED', failureReason: refusal });
    } else pay(book, payout, result);
  }
  return result;
}

/** Creates a manual payout, a day later, with the commissions of a canceled payout. */
function remake(book: Book, payout: Payout, result: Settlements): Payout {
  const createdAt = later(payout.createdAt, DAY_MS);
  const again = { ...payout, id: book.random.id(createdAt), createdAt, runId: null };
  result.payouts.push(again);
  return again;
}

const undecided = ({ id }: Payout) => ({
  id,
  approvedBy: null,
  approvedAt: null,
  paidAt: null,
  releasedAt: null,
  providerReference: null,
  failureReason: null,
});

function cancel({ random }: Book, payout: Payout, { outcomes }: Settlements): void {
  outcomes.push({
    ...undecided(payout),
    status: 'CANCELED',
    attempts: 0,
    releasedAt: later(payout.createdAt, random.between(1, 20) * HOUR_MS),
    failureReason: random.pick(cancelations),
  });
}

function pay(book: Book, payout: Payout, result: Settlements): void {
  const { random } = book;
  const { partner, amount } = payout;
  const approvedAt = later(payout.createdAt, random.between(2, 20) * HOUR_MS);
  let sentAt = later(approvedAt, random.between(1, 5) * MINUTE_MS);
  let number = 1;
  if (random.chance(0.03)) {
    refuse(book, payout, number++, sentAt, result);
    sentAt = later(sentAt, random.between(3, 8) * HOUR_MS);
  }
  const paidAt = later(sentAt, random.between(0.1, 36) * HOUR_MS);
  const providerReference = random.token('sandbox');
  send(book, payout, number, sentAt);
  const settled = `payout:${payout.id}:attempt:${number}:settled`;
  book.post(partner.id, settled, payoutSettled(partner.id, amount), paidAt);
  result.attempts.push(attempt(book, payout, number, sentAt, { status: 'CONFIRMED', providerReference }));
  result.outcomes.push({
    ...undecided(payout),
    status: 'PAID',
    attempts: number,
    approvedBy: APPROVER,
    approvedAt,
    paidAt,
    providerReference,
  });
}

/** Adds an attempt that the rail refuses within the hour. Returns the reason. */
function refuse(book: Book, payout: Payout, number: number, sentAt: Date, { attempts }: Settlements): string {
  const { random } = book;
  const { partner, amount } = payout;
  const { code: failureCode, reason: failureReason } = random.pick(payoutFailures);
  send(book, payout, number, sentAt);
  const failed = `payout:${payout.id}:attempt:${number}:failed`;
  book.post(
    partner.id,
    failed,
    payoutFailed(partner.id, amount),
    later(sentAt, random.between(1, 55) * MINUTE_MS),
  );
  attempts.push(attempt(book, payout, number, sentAt, { status: 'FAILED', failureCode, failureReason }));
  return failureReason;
}

function send(book: Book, { id, partner, amount }: Payout, number: number, at: Date): void {
  book.post(partner.id, `payout:${id}:attempt:${number}:sent`, payoutSent(partner.id, amount), at);
}

function attempt({ random, tenantId }: Book, payout: Payout, number: number, createdAt: Date, rest: object) {
  const id = random.id(createdAt);
  return {
    id,
    tenantId,
    createdAt,
    payoutId: payout.id,
    number,
    key: id.replaceAll('-', ''),
    tries: random.int(1, 2),
    providerReference: null,
    failureCode: null,
    failureReason: null,
    ...rest,
  };
}

/** A payout at its insert: PENDING, with the sum of its commissions. */
export const payoutRow = (tenantId: string) => (payout: Payout) => ({
  id: payout.id,
  tenantId,
  createdAt: payout.createdAt,
  partnerId: payout.partner.id,
  runId: payout.runId,
  method: payout.partner.payoutMethod,
  periodStart: dayText(payout.period.start),
  periodEnd: dayText(later(payout.period.end, -1)),
  amountMinor: payout.amount.minor,
  amountCurrency: payout.amount.currency,
  commissionCount: payout.lines.length,
  createdBy: FINANCE,
  initiatedBy: FINANCE,
  metadata: {},
});
