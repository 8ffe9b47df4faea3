import { type Money, money } from '../domain/money.ts';
import { PayoutFrequency, type SkipReason } from '../domain/payout.ts';
import { type Book, FINANCE, type Line } from './book.ts';
import { type DemoPartner, standingAt } from './partners.ts';
import { type Period, periodsBetween } from './periods.ts';
import { DAY_MS, HOUR_MS, later } from './random.ts';

const RUN_AFTER_MS = 4 * DAY_MS + 9 * HOUR_MS;
const DECIDED_AFTER_MS = 5 * DAY_MS; // time until a payout is approved and settled, canceled or failed

export interface Payout {
  readonly partner: DemoPartner;
  readonly period: Period;
  readonly runId: string | null;
  readonly id: string;
  readonly createdAt: Date;
  readonly amount: Money;
  readonly lines: readonly Line[];
}

interface Run {
  readonly id: string;
  readonly frequency: PayoutFrequency;
  readonly period: Period;
  readonly at: Date;
}

/** Returns a year of payout runs in time order, each with its payouts and the partners that it left out. */
export function runPayouts(
  book: Book,
  partners: readonly DemoPartner[],
): { runs: object[]; skips: object[]; payouts: Payout[]; latestRunId: string | null } {
  const waiting = Map.groupBy(
    book.lines.filter(({ status }) => status === 'APPROVED'),
    ({ partnerId }) => partnerId,
  );
  const claimed = new Set<string>();
  const runs: object[] = [];
  const skips: object[] = [];
  const payouts: Payout[] = [];
  let latestRunId: string | null = null;
  for (const run of runsOf(book)) {
    const made: Payout[] = [];
    let skipped = 0;
    for (const partner of partners) {
      if (partner.payoutFrequency !== run.frequency || partner.createdAt > run.at) continue;
      const lines = due(waiting.get(partner.id) ?? [], run, claimed);
      const minor = lines.reduce((sum, line) => sum + line.amountMinor, 0n);
      const reason = whySkipped(partner, run.at, lines, minor);
      if (reason) {
        skipped += 1;
        const lineCount = lines.length;
        skips.push({
          id: book.random.id(run.at),
          tenantId: book.tenantId,
          createdAt: run.at,
          runId: run.id,
          partnerId: partner.id,
          reason,
          lineCount,
        });
        continue;
      }
      const createdAt = later(run.at, made.length * 20);
      made.push({
        partner,
        period: { start: startWith(lines, run.period), end: run.period.end },
        runId: run.id,
        id: book.random.id(createdAt),
        createdAt,
        amount: money(minor, partner.region.currency),
        lines,
      });
      for (const { id } of lines) claimed.add(id);
      waiting.set(partner.id, waiting.get(partner.id)?.filter(({ id }) => !claimed.has(id)) ?? []);
    }
    if (run.frequency === 'MONTHLY' && made.length > 0) latestRunId = run.id;
    payouts.push(...made);
    runs.push({
      id: run.id,
      tenantId: book.tenantId,
      createdAt: run.at,
      asOf: run.at,
      frequency: run.frequency,
      status: 'DONE',
      partnerCount: made.length + skipped,
      partnersDone: made.length + skipped,
      payoutCount: made.length,
      skippedCount: skipped,
      finishedAt: run.at,
      updatedAt: run.at,
      createdBy: FINANCE,
    });
  }
  return { runs, skips, payouts, latestRunId };
}

function runsOf({ random, now }: Book): Run[] {
  const since = later(now, -365 * DAY_MS);
  const until = later(now, -RUN_AFTER_MS - DECIDED_AFTER_MS);
  return Object.values(PayoutFrequency)
    .flatMap((frequency) =>
      periodsBetween(frequency, since, until).map((period) => {
        const at = later(period.end, RUN_AFTER_MS);
        return { id: random.id(at), frequency, period, at };
      }),
    )
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** Returns the approved commissions up to the end of the period. A refund is paid with its commission, or after it. */
function due(lines: readonly Line[], { period, at }: Run, claimed: ReadonlySet<string>): Line[] {
  const own = lines.filter(
    ({ approvedAt, reversesId, occurredAt }) =>
      approvedAt !== null && approvedAt <= at && reversesId === null && occurredAt < period.end,
  );
  const taken = new Set(own.map(({ id }) => id));
  const refunds = lines.filter(
    ({ reversesId, occurredAt }) =>
      reversesId !== null && occurredAt <= at && (taken.has(reversesId) || claimed.has(reversesId)),
  );
  return [...own, ...refunds];
}

function whySkipped(
  partner: DemoPartner,
  at: Date,
  lines: readonly Line[],
  minor: bigint,
): SkipReason | null {
  if (standingAt(partner, at).status !== 'ACTIVE') return 'NOT_ACTIVE';
  if (lines.length > 0 && partner.payoutMethod === null) return 'NO_PAYOUT_METHOD';
  if (lines.length === 0) return 'NOTHING_TO_PAY';
  return minor <= 0n ? 'NOT_POSITIVE' : null;
}

/** Returns the start of the payout: earlier than the period if it includes commissions of earlier periods. */
function startWith(lines: readonly Line[], { start }: Period): Date {
  const first = Math.min(start.getTime(), ...lines.map(({ occurredAt }) => occurredAt.getTime()));
  return new Date(Math.floor(first / DAY_MS) * DAY_MS);
}
