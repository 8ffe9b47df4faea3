import { commissionOn, reversalDue } from '../domain/commission.ts';
import { type StoredComputed, serializeComputed } from '../domain/computed.ts';
import { divide, type Money, money } from '../domain/money.ts';
import { commissionAccrued, commissionWithdrawn } from '../domain/posting.ts';
import { APPROVER, type Book, FINANCE, type Line, SYSTEM } from './book.ts';
import { refunds, rejections, wholeRefunds } from './names.ts';
import { DAY_MS, HOUR_MS, later } from './random.ts';

const HOLD_DAYS = 30;
const FATES = { kept: 923, rejected: 15, rejectedLate: 7, reversed: 12, reversedLate: 8, refunded: 35 };

/** The data of a new commission; the other columns follow from it. */
export type NewLine = Omit<
  Line,
  | 'id'
  | 'tenantId'
  | 'createdAt'
  | 'status'
  | 'reversesId'
  | 'itemId'
  | 'computation'
  | 'roundingMode'
  | 'amountMinor'
  | 'amountCurrency'
  | 'holdUntil'
  | 'approvedAt'
  | 'approvedBy'
  | 'reason'
  | 'metadata'
  | 'updatedAt'
>;

/** Enters a commission and its status changes until now. */
export function enterLine(book: Book, cause: NewLine): Line {
  const { random, tenantId, now } = book;
  const { occurredAt } = cause;
  const line: Line = {
    id: random.id(occurredAt),
    tenantId,
    createdAt: occurredAt,
    ...cause,
    status: 'PENDING',
    ...{ reversesId: null, itemId: null, computation: null },
    roundingMode: 'HALF_UP',
    ...amountOf(cause),
    holdUntil: later(occurredAt, HOLD_DAYS * DAY_MS),
    approvedAt: null,
    approvedBy: null,
    reason: null,
    metadata: {},
    updatedAt: occurredAt,
  };
  book.lines.push(line);

  const fate = random.weighted(FATES);
  if (fate === 'rejected' || fate === 'reversed') {
    const at = later(occurredAt, random.between(1, 25) * DAY_MS);
    if (at <= now) end(book, line, fate, at);
    return line;
  }
  const early = random.chance(0.08);
  const approvedAt = later(
    occurredAt,
    early ? random.between(3, 20) * DAY_MS : HOLD_DAYS * DAY_MS + random.between(1, 12) * HOUR_MS,
  );
  if (approvedAt > now) return line;
  approve(book, line, approvedAt, early || line.createdBy !== null ? APPROVER : SYSTEM);
  if (fate === 'rejectedLate' || fate === 'reversedLate') {
    const at = later(approvedAt, random.between(2, 40) * HOUR_MS); // before a payout could include the commission
    if (at <= now) end(book, line, fate === 'rejectedLate' ? 'rejected' : 'reversed', at);
  }
  if (fate === 'refunded') refund(book, line, approvedAt);
  return line;
}

function amountOf({ baseMinor, baseCurrency, method, rateBps, perUnitMinor, quantity }: NewLine) {
  const terms =
    method === 'PERCENTAGE'
      ? { method, rateBps: rateBps ?? 0 }
      : {
          method: 'FLAT' as const,
          perUnit: money(perUnitMinor ?? 0n, baseCurrency),
          quantity: quantity ?? 1,
        };
  const { minor, currency } = commissionOn(money(baseMinor, baseCurrency), terms, 'HALF_UP');
  return { amountMinor: minor, amountCurrency: currency };
}

const amount = (line: Line): Money => money(line.amountMinor, line.amountCurrency);

function approve(book: Book, line: Line, at: Date, by: string): void {
  Object.assign(line, { status: 'APPROVED', approvedAt: at, approvedBy: by, updatedAt: at });
  book.post(
    line.partnerId,
    `commission:${line.id}:accrued`,
    commissionAccrued(line.partnerId, amount(line)),
    at,
  );
}

/** Rejects a commission, or reverses it fully with a refund, before it is in a payout. */
function end(book: Book, line: Line, how: 'rejected' | 'reversed', at: Date): void {
  const { random } = book;
  const reason = random.pick(how === 'rejected' ? rejections : wholeRefunds);
  const accrued = line.status === 'APPROVED';
  if (how === 'reversed') {
    const child = takeBack(
      book,
      line,
      { base: line.baseMinor, due: -line.amountMinor, refunded: 0n, reversed: 0n },
      reason,
      at,
    );
    if (accrued) approve(book, child, at, FINANCE);
    child.status = 'REVERSED';
  } else if (accrued) {
    const fact = `commission:${line.id}:withdrawn`;
    book.post(line.partnerId, fact, commissionWithdrawn(line.partnerId, amount(line)), at);
  }
  Object.assign(line, { status: how === 'rejected' ? 'REJECTED' : 'REVERSED', reason, updatedAt: at });
}

/** Enters one or two partial refunds, each a negative commission that the next payout includes. */
function refund(book: Book, line: Line, approvedAt: Date): void {
  const { random, now } = book;
  let at = approvedAt;
  let refunded = 0n;
  let reversed = 0n;
  for (let times = random.chance(0.3) ? 2 : 1; times > 0; times--) {
    at = later(at, random.between(4, 75) * DAY_MS);
    if (at > now) return;
    const part = divide(line.baseMinor * BigInt(random.int(1, 4)), 10n);
    refunded += part;
    const due = reversalDue({
      base: line.baseMinor,
      original: line.amountMinor,
      refunded,
      reversed,
      method: line.method,
      flatRefund: 'PROPORTIONAL',
      mode: line.roundingMode,
    });
    const taken = { base: part, due, refunded: refunded - part, reversed };
    const child = takeBack(book, line, taken, random.pick(refunds), at);
    approve(book, child, at, FINANCE);
    reversed += due;
  }
}

/** A refund: the part of the base and the amount that it takes back, and those that were taken before. */
interface Taken {
  readonly base: bigint;
  readonly due: bigint;
  readonly refunded: bigint;
  readonly reversed: bigint;
}

function computationOf(line: Line, { base, due, refunded, reversed }: Taken): StoredComputed {
  const { baseMinor, rateSource, method, rateBps, perUnitMinor, amountMinor } = line;
  const quantity = line.quantity ?? 1;
  const from = amountMinor + reversed;
  const to = from + due;
  const computed = {
    ...{
      product: null,
      quantity,
      base: baseMinor,
      refunded: refunded + base,
      level: rateSource ?? 'LINE',
      rule: null,
    },
    ...{ method, rateBps, allOrNothing: false, bands: null, limited: null, gross: to, cap: null, amount: to },
    flat:
      perUnitMinor === null
        ? null
        : { perUnit: perUnitMinor, quantity, part: 1n, whole: 1n, amount: amountMinor },
  };
  return serializeComputed(computed, { from, to, why: 'REFUND', order: null, own: true });
}

/** Returns the commission that reverses a part of another commission's sale. */
function takeBack(book: Book, line: Line, taken: Taken, reason: string, at: Date): Line {
  const { base, due } = taken;
  const child: Line = {
    ...line,
    id: book.random.id(at),
    createdAt: at,
    ...{ reversesId: line.id, itemId: line.id, computation: computationOf(line, taken) },
    type: 'REVERSAL',
    status: 'PENDING',
    baseMinor: -base,
    amountMinor: due,
    revenueMinor: line.type === 'BONUS' ? 0n : -base,
    occurredAt: at,
    holdUntil: null,
    approvedAt: null,
    approvedBy: null,
    reason,
    createdBy: null,
    updatedAt: at,
  };
  book.lines.push(child);
  return child;
}
