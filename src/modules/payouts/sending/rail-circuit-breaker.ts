import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../../../kernel/request/context.ts';
import type { PayoutRail } from '../../../ports/payout-rail.ts';

/** Consecutive failures that open the circuit. */
const FAILURE_THRESHOLD = 5;
const LONGEST_OPEN_MS = 300_000;
const WAIT_MS = 1_000;
/** Calls in flight: fewer than a worker's jobs at a time, so that a slow rail leaves room for the others. */
const MAX_IN_FLIGHT = 6;

/** Time between two calls of one process. A vendor's limit is per account: leave room for the other workers. */
const spacingMs: Partial<Record<PayoutRail['name'], number>> = { razorpayx: 200 };

/** NOT_ASKED: the rail was not called, which says nothing of its health. */
export type CallResult = 'ANSWERED' | 'FAILED' | 'NOT_ASKED';

interface Timing {
  /** Milliseconds that never step back. */
  readonly now: () => number;
  readonly random: () => number;
  /** How long the circuit is open at first. */
  readonly firstOpenMs: number;
}

/** A circuit breaker with a rate limit for the calls of one process to one rail. Consecutive failures open the circuit, for
 *  longer each time; then one call is the probe (half-open), and its success closes the circuit. A payout is claimed only
 *  after `enter`, so an open circuit uses up no attempt.
 *
 *  Not made by a library: those that we looked at close the circuit after a probe that did not call the rail, let other
 *  calls wait for the probe, and know neither a Retry-After nor how long the circuit stays open. */
export class RailCircuitBreaker {
  #consecutiveFailures = 0;
  #timesOpened = 0;
  #openUntil = 0;
  #probing: boolean = false;
  #inFlight = 0;
  #nextAt = 0;
  readonly #timing: Timing;
  readonly #spacing: number;

  constructor(rail: Pick<PayoutRail, 'name'>, timing: Timing) {
    this.#timing = timing;
    this.#spacing = spacingMs[rail.name] ?? 0;
  }

  /** Returns null when the rail may be called; `leave` must follow. Else the seconds after which to try again. */
  async enter(): Promise<number | null> {
    const { now, random } = this.#timing;
    const latest = now() + WAIT_MS;
    const turn = Math.max(this.#nextAt, now());
    const busySeconds = () => 2 + random() * 8;
    const open = this.#openSeconds();
    if (open !== null || turn > latest) return open ?? busySeconds();
    this.#nextAt = turn + this.#spacing; // in order of arrival, or a caller that keeps trying would come first
    for (;;) {
      const openMeanwhile = this.#openSeconds();
      if (openMeanwhile === null && this.#inFlight < MAX_IN_FLIGHT && turn <= now()) break;
      if (openMeanwhile !== null || now() >= latest) {
        this.#giveBackTurn();
        return openMeanwhile ?? busySeconds();
      }
      await sleep(Math.max(20, turn - now()));
    }
    this.#inFlight++;
    this.#probing = this.#consecutiveFailures >= FAILURE_THRESHOLD;
    return null;
  }

  /** Seconds for which the circuit stays open, or for which to wait for the probe; null when the rail may be called. */
  #openSeconds(): number | null {
    const { now, random, firstOpenMs } = this.#timing;
    const left = this.#openUntil - now();
    if (left > 0) return (left * (1 + random())) / 1_000;
    return this.#probing ? (firstOpenMs * (1 + random())) / 1_000 : null;
  }

  #giveBackTurn(): void {
    this.#nextAt -= this.#spacing;
  }

  leave(result: CallResult): void {
    this.#inFlight--;
    this.#probing = false;
    if (result === 'NOT_ASKED') {
      this.#giveBackTurn();
      return;
    }
    if (result === 'ANSWERED') {
      this.#consecutiveFailures = this.#timesOpened = 0;
      return;
    }
    this.#consecutiveFailures++;
    if (this.#consecutiveFailures < FAILURE_THRESHOLD || this.#openUntil > this.#timing.now()) return;
    const openMs = Math.min(LONGEST_OPEN_MS, this.#timing.firstOpenMs * 2 ** this.#timesOpened++);
    this.#openUntil = this.#timing.now() + openMs;
  }

  /** Opens the circuit for as long as the rail's Retry-After says. */
  openFor(seconds: number): void {
    this.#openUntil = Math.max(this.#openUntil, this.#timing.now() + seconds * 1_000);
  }
}

const breakers = new WeakMap<PayoutRail, RailCircuitBreaker>();

/** The one circuit breaker of a rail in this process. */
export function circuitBreakerOf(
  rail: PayoutRail,
  { random, tuning }: Pick<Context, 'random' | 'tuning'>,
): RailCircuitBreaker {
  const known = breakers.get(rail);
  if (known) return known;
  const breaker = new RailCircuitBreaker(rail, {
    now: () => performance.now(),
    random,
    firstOpenMs: tuning.railPauseMs,
  });
  breakers.set(rail, breaker);
  return breaker;
}
