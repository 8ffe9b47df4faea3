import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../../../kernel/request/context.ts';
import type { PayoutRail } from '../../../ports/payout-rail.ts';

const MANY_FAILURES = 5;
const LONGEST_PAUSE_MS = 300_000;
const WAIT_MS = 1_000;
/** Fewer than a worker's jobs at a time, so that a slow rail leaves room for the others. */
const AT_ONCE = 6;

/** What a rail takes from one process. Its vendor's limit is of the account: leave room for the other workers. */
const spacingMs: Partial<Record<PayoutRail['name'], number>> = { razorpayx: 200 };

/** How a rail behaved when it was asked. */
export type Behaviour = 'ANSWERED' | 'FAILED' | 'NOT_ASKED';

interface Pace {
  /** Milliseconds that never step back. */
  readonly now: () => number;
  readonly random: () => number;
  /** The first pause, in milliseconds; each further pause is twice as long. */
  readonly pauseMs: number;
}

/** Whether a rail is asked now. One that fails again and again is left alone for a while, longer each time, then asked once:
 *  nothing is claimed meanwhile, so no attempt is used up. It is of one process: each learns by itself. */
export class RailGate {
  #failures = 0;
  #pauses = 0;
  #closedUntil = 0;
  #probing: boolean = false;
  #inside = 0;
  #nextAt = 0;
  readonly #pace: Pace;
  readonly #spacing: number;

  constructor(rail: Pick<PayoutRail, 'name'>, pace: Pace) {
    this.#pace = pace;
    this.#spacing = spacingMs[rail.name] ?? 0;
  }

  /** null: go in, and `leave` afterwards. Else the seconds after which to come back. */
  async enter(): Promise<number | null> {
    const { now, random } = this.#pace;
    const latest = now() + WAIT_MS;
    const turn = Math.max(this.#nextAt, now());
    const busy = () => 2 + random() * 8;
    const shut = this.#shutFor();
    if (shut !== null || turn > latest) return shut ?? busy();
    this.#nextAt = turn + this.#spacing; // in order of arrival, or one that keeps asking would come first
    for (;;) {
      const shutMeanwhile = this.#shutFor();
      const mayEnter = shutMeanwhile === null && this.#inside < AT_ONCE && turn <= now();
      if (mayEnter) break;
      if (shutMeanwhile !== null || now() >= latest) {
        this.#giveBackTurn();
        return shutMeanwhile ?? busy();
      }
      await sleep(Math.max(20, turn - now()));
    }
    this.#inside++;
    this.#probing = this.#failures >= MANY_FAILURES;
    return null;
  }

  /** Seconds; null: it may be asked. */
  #shutFor(): number | null {
    const { now, random, pauseMs } = this.#pace;
    const shut = this.#closedUntil - now();
    if (shut > 0) return (shut * (1 + random())) / 1_000;
    return this.#probing ? (pauseMs * (1 + random())) / 1_000 : null;
  }

  #giveBackTurn(): void {
    this.#nextAt -= this.#spacing;
  }

  leave(how: Behaviour): void {
    this.#inside--;
    this.#probing = false;
    if (how === 'NOT_ASKED') {
      this.#giveBackTurn();
      return;
    }
    if (how === 'ANSWERED') {
      this.#failures = this.#pauses = 0;
      return;
    }
    this.#failures++;
    if (this.#failures < MANY_FAILURES || this.#closedUntil > this.#pace.now()) return;
    const pause = Math.min(LONGEST_PAUSE_MS, this.#pace.pauseMs * 2 ** this.#pauses++);
    this.#closedUntil = this.#pace.now() + pause;
  }

  /** The rail itself says when to come back. */
  pause(seconds: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, this.#pace.now() + seconds * 1_000);
  }
}

const gates = new WeakMap<PayoutRail, RailGate>();

export function gateOf(rail: PayoutRail, { random, tuning }: Pick<Context, 'random' | 'tuning'>): RailGate {
  const known = gates.get(rail);
  if (known) return known;
  const gate = new RailGate(rail, { now: () => performance.now(), random, pauseMs: tuning.railPauseMs });
  gates.set(rail, gate);
  return gate;
}
