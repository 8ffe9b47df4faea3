import type { Logger } from 'pino';
import type { Plan, PolicyDecision, Principal } from '../../ports/policy-decision.ts';
import { type Actor, anonymous, type Permission, permissions, type ReadKind, readKinds } from './actor.ts';
import { Memory, rememberDecisions } from './remembered-decisions.ts';

type Granted = Pick<Actor, 'permissions' | 'reads'>;

/** Adds to an actor the rights that the policies grant it. */
export interface Authority {
  /** The policy service behind a memory of its decisions. */
  readonly policy: PolicyDecision;
  granted(actor: Actor): Promise<Actor> | Actor;
  /** Makes the first calls, which are slow because they connect and run cold code, before a caller waits for them. */
  warmUp(): Promise<void>;
}

/** Asks the policies once for the rights of a kind of caller; then a map look-up answers. */
export function authorityOf({ policy: service, log }: { policy: PolicyDecision; log: Logger }): Authority {
  const policy = reportSilence(service, log);
  const rights = new Memory<Granted>(policy.validForMs);

  return {
    policy: rememberDecisions(policy),
    warmUp: () =>
      ask(policy, anonymous).then(
        () => {},
        () => {},
      ),
    granted(actor) {
      if (actor.tenantId === null) return actor; // anonymous callers and guests have no rights; jobs need none
      const key = JSON.stringify([actor.role, actor.tenantId, actor.partnerId, actor.member, actor.scopes]);
      const { known, asking } = rights.find(key) ?? rights.keep(key, ask(policy, actor));
      return known ? { ...actor, ...known } : asking.then((granted) => ({ ...actor, ...granted }));
    },
  };
}

/** Logs the first of the calls in a row that the policy service does not answer. */
function reportSilence(policy: PolicyDecision, log: Logger): PolicyDecision {
  let silent = false;
  async function report<T>(call: Promise<T>): Promise<T> {
    try {
      const answer = await call;
      silent = false;
      return answer;
    } catch (error) {
      if (!silent)
        log.error(
          { error },
          'the policy service does not answer: requests that need a new decision are refused',
        );
      silent = true;
      throw error;
    }
  }
  return {
    ...policy,
    check: (...question) => report(policy.check(...question)),
    plan: (...question) => report(policy.plan(...question)),
  };
}

const kinds: ReadonlyMap<string, readonly Permission[]> = Map.groupBy(
  permissions,
  (permission) => permission.split(':')[0] as string,
);

/** Asked once for all callers of one kind, so without a name. Rules about one person are asked when the person acts. */
async function ask(policy: PolicyDecision, actor: Actor): Promise<Granted> {
  const principal = { ...principalOf(actor), id: '(anyone)' };
  const { tenantId, partnerId } = actor;
  const questions = Array.from(kinds, ([kind, all]) => ({
    kind,
    id: '(own)',
    attributes: { tenantId, partnerId },
    actions: all.map((permission) => permission.slice(kind.length + 1)),
  }));
  const [verdicts, plans] = await Promise.all([
    policy.check(principal, questions),
    Promise.all(
      readKinds.map(
        async (kind): Promise<[ReadKind, Plan]> => [kind, await policy.plan(principal, kind, 'read')],
      ),
    ),
  ]);
  const granted = permissions.filter((permission) => {
    const [kind, action] = permission.split(':') as [string, string];
    const asked = questions.findIndex((question) => question.kind === kind);
    return verdicts[asked]?.allowed.has(action);
  });
  return { permissions: new Set(granted), reads: new Map(plans) };
}

/** The actor in the form that the policies read. */
export function principalOf({ id, role, tenantId, partnerId, member, scopes }: Actor): Principal {
  return { id, role, attributes: { tenantId, partnerId, member, scopes } };
}
