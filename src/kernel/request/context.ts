import type { EntityManager } from '@mikro-orm/postgresql';
import type { Logger } from 'pino';
import type { Ports } from '../../ports/ports.ts';
import type { Actor } from './actor.ts';
import { type StatementPool, settingsOf } from './bounds.ts';
import { memo } from './memo.ts';
import type { Tuning } from './tuning.ts';

/** All that a use case may touch. Its signature destructures only what it needs. */
export interface Context extends Ports {
  readonly em: EntityManager;
  /** For single queries outside a transaction: `rows.ts` reads with it. */
  readonly pool: StatementPool;
  readonly actor: Actor;
  /** The actor as the source of its credential describes it now. Refuses a revoked credential. */
  actorNow(): Promise<Actor>;
  /** A fingerprint of the caller's credential; null without one. */
  credential(): string | null;
  /** The end of the caller's credential, in milliseconds since 1970; null if it ends by revocation only. */
  credentialEnd(): number | null;
  readonly requestId: string;
  /** The network address of the caller; null in jobs. */
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
  /** Absent for the product's own actors. */
  readonly actorNow?: () => Promise<Actor>;
  readonly credential?: () => string | null;
  readonly credentialEnd?: () => number | null;
  readonly requestId: string;
  readonly ipAddress?: string | null;
}

/** A context that inherits the services and adds only the caller. */
export function contextFor(
  services: Services,
  {
    actor,
    actorNow,
    credential = () => null,
    credentialEnd = () => null,
    requestId,
    ipAddress = null,
  }: Caller,
): Context {
  let asked: Promise<Actor> | null = null; // once a request, however many operations it has
  return Object.assign(Object.create(memo(inherited, services, () => inheritedFrom(services))), {
    actor,
    actorNow() {
      asked ??= actorNow?.() ?? Promise.resolve(actor);
      return asked;
    },
    credential,
    credentialEnd,
    requestId,
    ipAddress,
  });
}

const inherited = new WeakMap<Services, object>();

/** One entity manager for each request or job, narrowed to the rows that its actor may see. It is created on first use,
 *  because most requests only read rows. The getter is inherited, because Apollo copies own properties of the context: a
 *  copy would create an entity manager for every request and keep the first actor. */
function inheritedFrom(services: Services): object {
  const forks = new WeakMap<object, { readonly em: EntityManager; readonly of: Actor }>();
  return Object.create(services, {
    em: {
      get(this: Context) {
        const { actor } = this; // a permission check may have replaced the actor
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
  const fork = em.fork({ session: { variables: settingsOf(actor) } }); // each transaction starts by setting them
  fork.setFilterParams('mine', {
    tenantId: actor.everyTenant ? { $ne: null } : (actor.tenantId ?? ''), // '' matches no tenant
    partnerId: actor.partnerId ?? { $ne: null },
  });
  return fork;
}
