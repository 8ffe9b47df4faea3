import type { Plan, PolicyDecision, Question, Verdict } from '../../ports/policy-decision.ts';

/** The decisions of one kind that are kept; the one that was not used for the longest time goes first. */
const MOST = 10_000;

interface Decision<T> {
  readonly asking: Promise<T>;
  /** The decision, once it is known. */
  known: T | null;
  readonly until: number;
}

/** Decisions by key. A question that failed is not kept, so that the next caller asks again. */
export class Memory<T> {
  readonly #decisions = new Map<string, Decision<T>>();
  readonly #validForMs: number;

  constructor(validForMs: number) {
    this.#validForMs = validForMs;
  }

  /** Returns a decision that is still valid, also while it is being asked for. */
  find(key: string): Decision<T> | null {
    const found = this.#decisions.get(key);
    if (!found) return null;
    this.#decisions.delete(key);
    if (found.until <= performance.now()) return null;
    this.#decisions.set(key, found); // now the last to go
    return found;
  }

  keep(key: string, asking: Promise<T>): Decision<T> {
    const decision: Decision<T> = { asking, known: null, until: performance.now() + this.#validForMs };
    asking.then(
      (answer) => {
        decision.known = answer;
      },
      () => {
        if (this.#decisions.get(key) === decision) this.#decisions.delete(key);
      },
    );
    const [oldest] = this.#decisions.size < MOST ? [] : this.#decisions.keys();
    if (oldest !== undefined) this.#decisions.delete(oldest);
    this.#decisions.set(key, decision);
    return decision;
  }
}

/** Asks the policy service only for decisions that are not known yet. A decision follows from the policies, the caller and the
 *  attributes of the row, and neither from the time nor from the row's id. So equal questions have equal answers while the
 *  policies are the same. */
export function rememberDecisions(policy: PolicyDecision): PolicyDecision {
  const verdicts = new Memory<Verdict>(policy.validForMs);
  const plans = new Memory<Plan>(policy.validForMs);

  /** Without the attributes that no policy reads: an amount would make every row a question of its own. */
  const keyOf = (caller: string, { kind, actions, attributes }: Question): string =>
    JSON.stringify([
      caller,
      kind,
      actions,
      Object.entries(attributes).filter(([name, value]) => value !== null && policy.reads(name)),
    ]);

  return {
    ...policy,
    check(principal, questions) {
      const caller = JSON.stringify(principal);
      const unknown: Question[] = [];
      let asking: Promise<readonly Verdict[]> | null = null;
      const decisions = questions.map((question) => {
        const key = keyOf(caller, question);
        const found = verdicts.find(key);
        if (found) return found;
        const at = unknown.push(question) - 1;
        asking ??= Promise.resolve().then(() => policy.check(principal, unknown)); // after all are collected
        return verdicts.keep(
          key,
          asking.then((answers) => answers[at] as Verdict),
        );
      });
      return Promise.all(decisions.map(({ known, asking }) => known ?? asking));
    },
    async plan(principal, kind, action) {
      const key = JSON.stringify([principal, kind, action]);
      const { known, asking } = plans.find(key) ?? plans.keep(key, policy.plan(principal, kind, action));
      return known ?? asking;
    },
  };
}
