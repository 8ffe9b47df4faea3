import type { QueryArrayConfig, QueryConfig } from 'pg';
import type { Actor } from './actor.ts';

/** The rows that the database lets a statement touch, whatever the statement says. It is the second wall: each table's
 *  policy holds it against the rows, also where the application forgot its own conditions. */
export interface Bounds {
  /** `*`: every tenant; empty: none. */
  readonly tenant: string;
  /** Empty: every partner of the tenant. */
  readonly partner: string;
}

const EVERY_TENANT = '*';

const NO_TENANT = '';

export const nothing: Bounds = { tenant: NO_TENANT, partner: '' };

/** A tenant that calls itself `*`, or by a partner of another as the policies compare it, is nobody's. */
export const ofTenant = (tenantId: string | null): Bounds => ({
  tenant: tenantId === null || tenantId === EVERY_TENANT || tenantId.includes('/') ? NO_TENANT : tenantId,
  partner: '',
});

export const boundsOf = ({ everyTenant, tenantId, partnerId }: Actor): Bounds => ({
  ...(everyTenant ? { tenant: EVERY_TENANT } : ofTenant(tenantId)),
  partner: partnerId ?? '',
});

/** The same as settings of a session, which the policies read. The actor counts only where it writes. */
export const settingsOf = (actor: Actor): Record<string, string> => {
  const { tenant, partner } = boundsOf(actor);
  return { 'portal.tenant': tenant, 'portal.partner': partner, 'portal.actor': actor.id };
};

/** Sends a statement of a transaction. What is sent together is answered in order: await all of it with `Promise.all`. The last
 *  one takes the commit along, so nothing may be refused once it is answered. */
export type Send = (statement: QueryConfig, last?: boolean) => Promise<object[]>;

/** The database of a request: single statements and transactions of statements, each within its bounds. */
export interface StatementPool {
  query<Row>(bounds: Bounds, statement: QueryConfig | QueryArrayConfig): Promise<Row[]>;
  /** One transaction of statements; an error rolls all of it back. */
  transact<T>(actor: Actor, work: (send: Send) => Promise<T>): Promise<T>;
}
