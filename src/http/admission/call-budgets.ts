import { AppError } from '../../domain/errors.ts';
import type { CallCounter } from '../../ports/call-counter.ts';

/** A limit of calls in a number of seconds, counted under `key`. */
export interface Budget {
  readonly key: string;
  readonly calls: number;
  readonly seconds: number;
}

export interface Standing {
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
  /** The seconds for which the limit is. */
  readonly windowSeconds: number;
}

/** The headers of an answer that show how many calls of a budget are left. */
export const rateHeaders = ({ limit, remaining, resetSeconds }: Standing) => ({
  'ratelimit-limit': limit,
  'ratelimit-remaining': remaining,
  'ratelimit-reset': resetSeconds,
});

export interface CallBudgets {
  /** Takes calls from a budget. Throws RATE_LIMITED if too few are left. */
  take(budget: Budget, calls: number): Promise<void>;
  /** Returns calls that turned out to cost nothing. */
  giveBack(budget: Budget, calls: number): void;
  /** Takes a call that the shared counter must confirm. Throws SERVICE_UNAVAILABLE while the counter is down. */
  takeTogether(budget: Budget): Promise<void>;
  standing(budget: Budget): Standing;
  /** Throws RATE_LIMITED if the budget is empty as far as this process knows. Takes no call. */
  requireLeft(budget: Budget): void;
  /** True if the budget is empty as far as this process knows. */
  isSpent(budget: Budget): boolean;
}

/** The calls of a budget that this process may grant without asking the counter. */
interface Lease {
  left: number;
  /** The calls of all processes at the last answer of the counter. */
  used: number;
  endsAt: number;
  /** Calls granted while the counter was down; they are reported to it later. */
  owed: number;
  asking: Promise<void> | null;
}

const MANY = 20_000;
const LEASE = 200; // a process takes a 200th of a budget at a time, so two of them strand less than 1 % of it
const LARGEST_LEASE = 500;

/** Budgets over a counter that all processes share. While the counter is down, each process grants its own part of the
 *  remaining calls. */
export function callBudgets(counter: CallCounter, processes: number): CallBudgets {
  const leases = new Map<string, Lease>();

  function leaseOf(key: string): Lease {
    const known = leases.get(key);
    if (known) return known;
    if (leases.size >= MANY) forgetEnded();
    const made = { left: 0, used: 0, endsAt: 0, owed: 0, asking: null };
    leases.set(key, made);
    return made;
  }

  function forgetEnded(): void {
    const now = Date.now();
    for (const [key, { endsAt, asking }] of leases) if (endsAt <= now && asking === null) leases.delete(key);
    if (leases.size >= MANY) leases.clear(); // the counter keeps the total
  }

  /** Adds calls that the counter grants to the lease. Near the end of a budget it is asked for each call, so that no call
   *  is left unused in another process. */
  async function ask(lease: Lease, { key, calls: limit, seconds }: Budget, calls: number): Promise<void> {
    if (lease.endsAt <= Date.now()) Object.assign(lease, { left: 0, used: 0, owed: 0 });
    const size = Math.min(Math.ceil(limit / LEASE), LARGEST_LEASE);
    const wanted = limit - lease.used < 10 * size ? calls : Math.max(calls, size);
    const { owed } = lease;
    try {
      const { used, endsInMs } = await counter.add(key, wanted + owed, seconds);
      lease.left += Math.max(0, Math.min(wanted, wanted - (used - limit)));
      lease.used = used;
      lease.owed -= owed;
      lease.endsAt = Date.now() + endsInMs;
    } catch {
      const part = Math.floor((limit - lease.used) / processes);
      if (lease.owed + calls <= part) {
        lease.left += calls;
        lease.owed += calls;
      }
      if (lease.endsAt <= Date.now()) lease.endsAt = Date.now() + seconds * 1_000;
    }
  }

  async function take(budget: Budget, calls: number): Promise<void> {
    const lease = leaseOf(budget.key);
    for (let asked = false; ; ) {
      const running = lease.endsAt > Date.now();
      if (running && lease.left >= calls) {
        lease.left -= calls;
        return;
      }
      if (asked || (running && lease.used >= budget.calls && lease.asking === null))
        throw rateLimited(lease.endsAt);
      if (lease.asking !== null) {
        await lease.asking;
        continue;
      }
      asked = true;
      lease.asking = ask(lease, budget, calls).finally(() => {
        lease.asking = null;
      });
      await lease.asking;
    }
  }

  function isSpent({ key, calls: limit }: Budget): boolean {
    const lease = leases.get(key);
    return lease !== undefined && lease.endsAt > Date.now() && lease.left === 0 && lease.used >= limit;
  }

  return {
    take,
    giveBack({ key }, calls) {
      const lease = leases.get(key);
      if (lease && lease.endsAt > Date.now()) lease.left += calls;
    },
    isSpent,
    requireLeft(budget) {
      if (isSpent(budget)) throw rateLimited(leaseOf(budget.key).endsAt);
    },
    async takeTogether({ key, calls: limit, seconds }) {
      const counted = await counter.add(key, 1, seconds).catch(() => {
        throw new AppError('SERVICE_UNAVAILABLE', 'The call counter is not available. Try again soon.', {
          retryAfter: 5,
        });
      });
      if (counted.used > limit) throw rateLimited(Date.now() + counted.endsInMs);
    },
    standing({ key, calls: limit, seconds }) {
      const lease = leases.get(key);
      const now = Date.now();
      const window = { limit, windowSeconds: seconds };
      if (!lease || lease.endsAt <= now) return { ...window, remaining: limit, resetSeconds: seconds };
      return {
        ...window,
        remaining: Math.max(0, Math.min(limit, limit - lease.used + lease.left)),
        resetSeconds: Math.ceil((lease.endsAt - now) / 1_000),
      };
    },
  };
}

function rateLimited(endsAt: number): AppError {
  const retryAfter = Math.max(1, Math.ceil((endsAt - Date.now()) / 1_000));
  return new AppError('RATE_LIMITED', `Too many calls. Try again in ${retryAfter} s.`, { retryAfter });
}
