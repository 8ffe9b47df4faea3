import type { Logger } from 'pino';
import type { Plan, PolicyDecision, Principal } from '../../ports/policy-decision.ts';
import { type Actor, anonymous, type Permission, permissions, type ReadKind, readKinds } from './actor.ts';

/** How long an answer of the policy point may be used again. What decides about money or access never does. */
const REMEMBERED_MS = 60_000;
/** What is remembered counts only while the policy point was heard of within so long: dead, it allows nothing. */
const HEARD_MS = 1_000;
const LISTEN_AGAIN_MS = 400;
const MAX_KNOWN = 10_000;

type Granted = Pick<Actor, 'permissions' | 'reads'>;

interface Known {
  readonly asking: Promise<Granted>;
  granted: Granted | null;
  readonly until: number;
}

/** Gives actors what the policies grant them. */
export interface Authority {
  /** The policy point, listened to: when it fails, nothing is remembered of it. */
  readonly policy: PolicyDecision;
  granted(actor: Actor): Promise<Actor> | Actor;
  /** The first calls of a process are slow: they connect, and run code that never ran. Nobody shall wait for them. */
  warmUp(): Promise<void>;
}

/** Asks the policy point what a kind of caller may do and read, once a minute; in between it costs a map look-up. */
export function authorityOf({ policy, log }: { policy: PolicyDecision; log: Logger }): Authority {
  const known = new Map<string, Known>();
  let heardAt = Number.NEGATIVE_INFINITY;
  let listening: Promise<void> | null = null;
  let silent = false;

  /** Whatever the policy point is asked goes through here: one failure, and nothing that it said before counts. */
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
      if (!silent) log.error({ error }, 'the policy point does not answer: whoever needs it is refused');
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
      if (actor.tenantId === null) return actor; // nobody and guests are granted nothing; our own jobs ask nobody
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
      if (age > LISTEN_AGAIN_MS) void listen().catch(() => {}); // whoever asks next is told
      return { ...actor, ...granted };
    },
  };
}

const kinds: ReadonlyMap<string, readonly Permission[]> = Map.groupBy(
  permissions,
  (permission) => permission.split(':')[0] as string,
);

/** Asked for all who are alike, so by no name: what depends on the person is asked when it does it. */
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

/** An actor as the policies see it. */
export function principalOf({ id, role, tenantId, partnerId, member, scopes }: Actor): Principal {
  return { id, role, attributes: { tenantId, partnerId, member, scopes } };
}
