import type { QueryArrayConfig, QueryConfig } from 'pg';
import type { Actor } from './actor.ts';

/** The rows that the database lets a query touch, whatever the query says. The policy of each table (row-level security)
 *  compares them with its rows, so a query that lacks a condition still stays within its scope. */
export interface Bounds {
  /** `*`: every tenant; empty: none. */
  readonly tenant: string;
  /** Empty: every partner of the tenant. */
  readonly partner: string;
}

const EVERY_TENANT = '*';

const NO_TENANT = '';

export const nothing: Bounds = { tenant: NO_TENANT, partner: '' };

/** No rows for a tenant named `*`, or with a slash, which the policies would read as another scope. */
export const ofTenant = (tenantId: string | null): Bounds => ({
  tenant: tenantId === null || tenantId === EVERY_TENANT || tenantId.includes('/') ? NO_TENANT : tenantId,
  partner: '',
});

export const boundsOf = ({ everyTenant, tenantId, partnerId }: Actor): Bounds => ({
  ...(everyTenant ? { tenant: EVERY_TENANT } : ofTenant(tenantId)),
  partner: partnerId ?? '',
});

/** The bounds as settings of a session, which the policies read. The actor matters for writes only. */
export const settingsOf = (actor: Actor): Record<string, string> => {
  const { tenant, partner } = boundsOf(actor);
  return { 'portal.tenant': tenant, 'portal.partner': partner, 'portal.actor': actor.id };
};

/** Sends a query of a transaction. Queries sent together are answered in order: await them with `Promise.all`. With `last`
 *  the commit follows in the same packet, so the caller must not refuse after its answer. */
export type Send = (statement: QueryConfig, last?: boolean) => Promise<object[]>;

/** The database of a request: single queries and transactions of queries, each within its bounds. */
export interface StatementPool {
  /** A query with a connection of its own, for counts, exports, analytics and everything else that may take long. */
  query<Row>(bounds: Bounds, statement: QueryConfig | QueryArrayConfig): Promise<Row[]>;
  /** A short query, sent behind others on a shared connection. */
  read<Row>(bounds: Bounds, statement: QueryConfig | QueryArrayConfig): Promise<Row[]>;
  /** One transaction of statements; an error rolls all of it back. */
  transact<T>(actor: Actor, work: (send: Send) => Promise<T>): Promise<T>;
}
