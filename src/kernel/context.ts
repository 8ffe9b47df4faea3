import type { EntityManager } from '@mikro-orm/postgresql';
import type { Logger } from 'pino';
import type { Ports } from '../ports/ports.ts';
import type { Actor } from './actor.ts';
import { type BoundPool, settingsOf } from './bound-pool.ts';

/** Everything a use case may touch. A signature destructures only what it needs. */
export interface Context extends Ports {
  readonly em: EntityManager;
  /** For single statements outside any transaction: `rows.ts` reads from it. */
  readonly pool: BoundPool;
  readonly actor: Actor;
  /** The actor as whoever answers for its credential says now; refuses one that was taken back. */
  actorNow(): Promise<Actor>;
  /** A fingerprint of the caller's credential; null without one. */
  readonly credential: string | null;
  readonly requestId: string;
  /** The caller's address as the socket has it; null in jobs. */
  readonly ipAddress: string | null;
  readonly log: Logger;
}

export interface Services extends Ports {
  readonly em: EntityManager;
  readonly pool: BoundPool;
  readonly log: Logger;
}

export interface Caller {
  readonly actor: Actor;
  /** Left out where the actor is no caller but ourselves. */
  readonly actorNow?: () => Promise<Actor>;
  readonly credential?: string | null;
  readonly requestId: string;
  readonly ipAddress?: string | null;
}

/** One fork per request or job, already narrowed to the rows its actor may see. It is made when it is asked for:
 *  most requests only read rows and need none. */
export function contextFor(
  services: Services,
  { actor, actorNow, credential = null, requestId, ipAddress = null }: Caller,
): Context {
  let fork: { readonly em: EntityManager; readonly of: Actor } | null = null;
  let asked: Promise<Actor> | null = null; // once a request, however many operations it has
  const context: Context = {
    clock: services.clock,
    feed: services.feed,
    outbound: services.outbound,
    ownDomains: services.ownDomains,
    environment: services.environment,
    mailer: services.mailer,
    portalUrl: services.portalUrl,
    derive: services.derive,
    keys: services.keys,
    rail: services.rail,
    seals: services.seals,
    policy: services.policy,
    pseudonym: services.pseudonym,
    pool: services.pool,
    log: services.log,
    actor,
    actorNow() {
      asked ??= actorNow?.() ?? Promise.resolve(actor);
      return asked;
    },
    credential,
    requestId,
    ipAddress,
    get em() {
      const of = context.actor; // whoever asks again may find that it has become somebody else
      if (fork?.of !== of) fork = { em: forkFor(services.em, of), of };
      return fork.em;
    },
  };
  return context;
}

function forkFor(em: EntityManager, actor: Actor): EntityManager {
  const fork = em.fork({ session: { variables: settingsOf(actor) } }); // its transactions begin by setting them
  fork.setFilterParams('mine', {
    tenantId: actor.everyTenant ? { $ne: null } : (actor.tenantId ?? ''), // '' matches no tenant
    partnerId: actor.partnerId ?? { $ne: null },
  });
  return fork;
}
