import type { EntityManager } from '@mikro-orm/postgresql';
import type { Logger } from 'pino';
import type { Ports } from '../../ports/ports.ts';
import type { Actor } from './actor.ts';
import { type StatementPool, settingsOf } from './bounds.ts';
import { memo } from './memo.ts';
import type { Tuning } from './tuning.ts';

/** Everything a use case may touch. A signature destructures only what it needs. */
export interface Context extends Ports {
  readonly em: EntityManager;
  /** For single statements outside any transaction: `rows.ts` reads from it. */
  readonly pool: StatementPool;
  readonly actor: Actor;
  /** The actor as whoever answers for its credential says now; refuses one that was taken back. */
  actorNow(): Promise<Actor>;
  /** A fingerprint of the caller's credential; null without one. */
  credential(): string | null;
  readonly requestId: string;
  /** The caller's address as the socket has it; null in jobs. */
  readonly ipAddress: string | null;
  readonly log: Logger;
  readonly tuning: Tuning;
}

export interface Services extends Ports {
  readonly em: EntityManager;
  readonly pool: StatementPool;
  readonly log: Logger;
  readonly tuning: Tuning;
}

export interface Caller {
  readonly actor: Actor;
  /** Left out where the actor is no caller but ourselves. */
  readonly actorNow?: () => Promise<Actor>;
  readonly credential?: () => string | null;
  readonly requestId: string;
  readonly ipAddress?: string | null;
}

/** What all callers share is inherited from the services; its own is only who calls. */
export function contextFor(
  services: Services,
  { actor, actorNow, credential = () => null, requestId, ipAddress = null }: Caller,
): Context {
  let asked: Promise<Actor> | null = null; // once a request, however many operations it has
  return Object.assign(Object.create(memo(inherited, services, () => inheritedFrom(services))), {
    actor,
    actorNow() {
      asked ??= actorNow?.() ?? Promise.resolve(actor);
      return asked;
    },
    credential,
    requestId,
    ipAddress,
  });
}

const inherited = new WeakMap<Services, object>();

/** One fork per request or job, narrowed to the rows its actor may see. It is made when it is asked for: most requests
 *  only read rows and need none. It is inherited, because Apollo copies the context: a copy of its own value would be
 *  made for every request, and stay with whoever the caller was at first. */
function inheritedFrom(services: Services): object {
  const forks = new WeakMap<object, { readonly em: EntityManager; readonly of: Actor }>();
  return Object.create(services, {
    em: {
      get(this: Context) {
        const { actor } = this; // whoever asks again may find that it has become somebody else
        const known = forks.get(this);
        if (known?.of === actor) return known.em;
        const em = forkFor(services.em, actor);
        forks.set(this, { em, of: actor });
        return em;
      },
    },
  });
}

function forkFor(em: EntityManager, actor: Actor): EntityManager {
  const fork = em.fork({ session: { variables: settingsOf(actor) } }); // its transactions begin by setting them
  fork.setFilterParams('mine', {
    tenantId: actor.everyTenant ? { $ne: null } : (actor.tenantId ?? ''), // '' matches no tenant
    partnerId: actor.partnerId ?? { $ne: null },
  });
  return fork;
}
