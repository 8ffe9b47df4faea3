import type { Logger } from 'pino';
import type { Plan, PolicyDecision, Principal } from '../../ports/policy-decision.ts';
import { type Actor, anonymous, type Permission, permissions, type ReadKind, readKinds } from './actor.ts';

/** How long an answer of the policy service is reused. Decisions about money or access are never reused. */
const REMEMBERED_MS = 60_000;
/** Remembered answers are valid only if the policy service answered within this time: while it is down, it allows nothing. */
const HEARD_MS = 1_000;
const LISTEN_AGAIN_MS = 400;
const MAX_KNOWN = 10_000;

type Granted = Pick<Actor, 'permissions' | 'reads'>;

interface Known {
  readonly asking: Promise<Granted>;
  granted: Granted | null;
  readonly until: number;
}

/** Adds to an actor the rights that the policies grant it. */
export interface Authority {
  /** The policy service with a guard: when it fails, all its remembered answers are dropped. */
  readonly policy: PolicyDecision;
  granted(actor: Actor): Promise<Actor> | Actor;
  /** Makes the first calls, which are slow because they connect and run cold code, before a caller waits for them. */
  warmUp(): Promise<void>;
}

/** Asks the policy service for the rights of a kind of caller once a minute; in between, a map look-up answers. */
export function authorityOf({ policy, log }: { policy: PolicyDecision; log: Logger }): Authority {
  const known = new Map<string, Known>();
  let heardAt = Number.NEGATIVE_INFINITY;
  let listening: Promise<void> | null = null;
  let silent = false;

  /** All calls to the policy service pass here: after one failure no earlier answer is used. */
  async function heard<T>(call: () => Promise<T>): Promise<T> {
    const asked = performance.now();
    try {
      const answer = await call();
      heardAt = Math.max(heardAt, asked);
      silent = false;
      return answer;
    } catch (error) {
      heardAt = Number.NEGATIVE_INFINITY;
      known.clear();
      if (!silent)
        log.error({ error }, 'the policy service does not answer: requests that need a decision are refused');
      silent = true;
      throw error;
    }
  }

  function listen(): Promise<void> {
    listening ??= heard(() => policy.probe()).finally(() => {
      listening = null;
    });
    return listening;
  }

  function remember(key: string, actor: Actor): Known {
    if (known.size >= MAX_KNOWN) known.clear();
    const entry: Known = {
      asking: heard(() => ask(policy, actor)),
      granted: null,
      until: performance.now() + REMEMBERED_MS,
    };
    known.set(key, entry);
    return entry;
  }

  return {
    policy: { ...policy, check: (principal, questions) => heard(() => policy.check(principal, questions)) },
    warmUp: () =>
      heard(() => ask(policy, anonymous)).then(
        () => {},
        () => {},
      ),
    granted(actor) {
      if (actor.tenantId === null) return actor; // anonymous callers and guests have no rights; jobs need none
      const now = performance.now();
      const key = JSON.stringify([actor.role, actor.tenantId, actor.partnerId, actor.member, actor.scopes]);
      const remembered = known.get(key);
      const entry = remembered && remembered.until > now ? remembered : remember(key, actor);
      const { granted } = entry;
      if (!granted)
        return entry.asking.then((answer) => {
          entry.granted = answer;
          return { ...actor, ...answer };
        });
      const age = now - heardAt;
      if (age > HEARD_MS) return listen().then(() => ({ ...actor, ...granted }));
      if (age > LISTEN_AGAIN_MS) void listen().catch(() => {}); // the next caller gets the error
      return { ...actor, ...granted };
    },
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
