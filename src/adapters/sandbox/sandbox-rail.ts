import type { Pool } from 'pg';
import { money } from '../../domain/money.ts';
import type { PayoutInstruction, PayoutRail, RailOutcome } from '../../ports/payout-rail.ts';

/** Behaviours of the sandbox rail, chosen by `metadata.sandbox` of a payout. */
type SandboxOrder = 'fail' | 'fail_once' | 'timeout_before' | 'timeout_after' | 'late' | 'return';

interface Transfer {
  readonly reference: string;
  readonly outcome: 'CONFIRMED' | 'REFUSED' | 'LATE' | 'RETURN';
  readonly ripe: boolean;
}

const NO_ANSWER_MS = 60_000;
const LATE_SECONDS = 3; // delay of a late confirmation or a return

/** A rail for development. It keeps its own record, outside our transactions and in its own schema, respects keys,
 *  and moves money once per key. `metadata.sandbox` makes it fail, time out before or after the money moved,
 *  answer late, or return the money. Production never pays by the sandbox rail. */
export async function sandboxRail(
  pool: Pool,
  { silenceMs = NO_ANSWER_MS, lateSeconds = LATE_SECONDS } = {},
): Promise<PayoutRail> {
  await pool.query(`
    create schema if not exists sandbox_rail;
    create table if not exists sandbox_rail.transfers (
      key text primary key, payout_id uuid not null, partner_id uuid not null, method text not null,
      amount_minor bigint not null, currency text not null, reference text not null unique,
      outcome text not null, created_at timestamptz not null default now())`);

  const silence = () =>
    new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error('the sandbox rail does not answer')), silenceMs).unref();
    });

  async function find(key: string): Promise<Transfer | null> {
    const { rows } = await pool.query<Transfer>(
      `select reference, outcome, created_at < now() - ${lateSeconds} * interval '1 second' as ripe
       from sandbox_rail.transfers where key = $1`,
      [key],
    );
    return rows[0] ?? null;
  }

  return {
    name: 'sandbox',
    keyLifetimeSeconds: null,
    settleSeconds: 0,
    recheckSeconds: lateSeconds + 1,
    needsAccount: false,
    currencySupport: () => ({ step: 1n, minimum: 1n, maximum: null }),
    verifyEvent: null,

    async send(instruction) {
      const order = instruction.metadata['sandbox'] as SandboxOrder | undefined;
      const known = await find(instruction.key);
      if (known) return say(known);
      if (order === 'timeout_before') {
        const tried = await pool.query(
          `select count(*)::int as times from sandbox_rail.transfers where payout_id = $1`,
          [instruction.payoutId],
        );
        if (tried.rows[0].times === 0 && !silenced.has(instruction.key)) {
          silenced.add(instruction.key);
          return silence();
        }
      }
      await transfer(pool, instruction, await outcomeOf(pool, instruction, order));
      if (order === 'timeout_after') return silence();
      return say((await find(instruction.key)) as Transfer);
    },

    async lookup({ key }) {
      const known = await find(key);
      return known && say(known);
    },

    async *list(from, to) {
      const { rows } = await pool.query<
        Transfer & { key: string; minor: string; currency: string; at: Date }
      >(
        `select key, reference, outcome, created_at < now() - ${lateSeconds} * interval '1 second' as ripe,
           amount_minor as minor, currency, created_at as at
         from sandbox_rail.transfers where created_at >= $1 and created_at < $2 order by created_at, key`,
        [from, to],
      );
      for (const { key, minor, currency, at, ...transfer } of rows)
        yield {
          ...{ key, reference: transfer.reference, at, status: say(transfer).status },
          amount: money(BigInt(minor), currency),
        };
    },
  };
}

// Keys whose first call timed out before the money moved: the next call with the same key succeeds.
const silenced = new Set<string>();

function say({ reference, outcome, ripe }: Transfer): RailOutcome {
  switch (outcome) {
    case 'REFUSED':
      return { status: 'REFUSED', code: 'account_closed', reason: 'The receiving account is closed.' };
    case 'LATE':
      return { status: ripe ? 'CONFIRMED' : 'ACCEPTED', reference };
    case 'RETURN':
      return ripe
        ? { status: 'RETURNED', reference, reason: 'The receiving bank returned the payment.' }
        : { status: 'CONFIRMED', reference };
    default:
      return { status: 'CONFIRMED', reference };
  }
}

async function outcomeOf(
  pool: Pool,
  { payoutId }: PayoutInstruction,
  order: SandboxOrder | undefined,
): Promise<Transfer['outcome']> {
  if (order === 'fail') return 'REFUSED';
  if (order === 'fail_once') {
    const { rows } = await pool.query(`select 1 from sandbox_rail.transfers where payout_id = $1 limit 1`, [
      payoutId,
    ]);
    return rows.length ? 'CONFIRMED' : 'REFUSED';
  }
  return order === 'late' ? 'LATE' : order === 'return' ? 'RETURN' : 'CONFIRMED';
}

async function transfer(
  pool: Pool,
  { key, payoutId, partnerId, method, amount }: PayoutInstruction,
  outcome: Transfer['outcome'],
): Promise<void> {
  await pool.query(
    `insert into sandbox_rail.transfers (key, payout_id, partner_id, method, amount_minor, currency, reference, outcome)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (key) do nothing`,
    [key, payoutId, partnerId, method, amount.minor, amount.currency, `sandbox_${key.slice(-12)}`, outcome],
  );
}
