import type { EntityManager } from '@mikro-orm/postgresql';
import { invalid, notFound } from '../../../domain/errors.ts';
import { authorize } from '../../../kernel/data/authorize.ts';
import type { PersonKind } from '../../../kernel/data/personal.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Actor } from '../../../kernel/request/actor.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, isId } from '../../../kernel/request/input.ts';
import type { Place } from './data-map.ts';
import type { PersonInput } from './privacy.inputs.ts';

/** A person in the records: a partner, member or customer, with the id of its row. */
export interface Person {
  readonly kind: PersonKind;
  readonly id: string;
  readonly tenantId: string;
}

/** Requires that the policies allow the caller this action on a person's data. */
export const authorizePerson = (ctx: Context, { tenantId }: PersonInput): Promise<void> =>
  authorize(ctx, 'manage', {
    kind: 'privacy',
    id: '(person)',
    attributes: { tenantId: tenantId ?? ctx.actor.tenantId },
  });

/** Returns the persons that the input names; an e-mail address can belong to several. Includes partners that left. */
export async function personsOf(em: EntityManager, actor: Actor, input: PersonInput): Promise<Person[]> {
  const { partnerId, memberId, customerId, email } = input;
  const named = Object.entries({ partnerId, memberId, customerId, email }).filter(
    ([, value]) => value != null,
  );
  if (named.length !== 1)
    throw invalid('input', 'must contain exactly one of partnerId, memberId, customerId and email');
  const field = `input.${named[0]?.[0]}`;
  const byOurId = partnerId != null || memberId != null;
  const tenantId = input.tenantId ?? (byOurId ? null : actor.tenantId);
  const inTenant = actor.everyTenant
    ? sql`(${tenantId}::text is null or tenant_id = ${tenantId})`
    : sql`tenant_id = ${actor.tenantId}`;
  const address = email?.toLowerCase() ?? null;
  const partner = partnerId == null ? null : idOf(partnerId, 'input.partnerId');
  const member = memberId == null ? null : idOf(memberId, 'input.memberId');
  const customer = customerId != null && isId(customerId) ? customerId : null;
  const found = await sql<{ kind: PersonKind; id: string; tenant_id: string }>`
    select 'PARTNER' as kind, id, tenant_id from partners
    where ${inTenant} and (id = ${partner} or lower(email) = ${address})
    union all
    select 'MEMBER', id, tenant_id from members
    where ${inTenant} and (id = ${member} or lower(email) = ${address})
    union all
    select 'CUSTOMER', id, tenant_id from customers
    where ${inTenant} and (id = ${customer} or external_id = ${customerId ?? null} or lower(email) = ${address})
    order by kind, id`.execute(em);
  if (found.length === 0) throw notFound('person', { field });
  return found.map(({ kind, id, tenant_id }) => ({ kind, id, tenantId: tenant_id }));
}

/** The condition of a place's rows that are about a person. */
export function ofPerson({ rows }: Place, id: string): Sql {
  const [first = '', ...rest] = rows.split('$');
  return rest.reduce<Sql>((before, after) => sql`${before}${[id]}::uuid[]${sql.raw(after)}`, sql.raw(first));
}
