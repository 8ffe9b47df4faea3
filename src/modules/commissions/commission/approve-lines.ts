import type { EntityManager } from '@mikro-orm/postgresql';
import { after, type CommissionStatus } from '../../../domain/commission.ts';
import { type Act, type DutyReason, refusedBy } from '../../../domain/duties.ts';
import { AppError, conflict, forbidden } from '../../../domain/errors.ts';
import { money } from '../../../domain/money.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import { within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { postAccruals } from '../../foundation/ledger/public.ts';
import type { Commission } from './commission.entity.ts';
import { refusedAsHeld } from './open-holds.ts';

/** SQL of the commission that a commission takes an amount back from. Null for other commissions. */
const CORRECTS = sql.raw(
  `coalesce(c.reverses_id, case when c.type = 'TRUE_UP' and c.amount_minor < 0 then c.adjusts_id end)`,
);

/** An approved commission, and the refunds and other corrections that were approved with it. */
export interface Approved {
  readonly id: string;
  readonly tenantId: string;
  readonly partnerId: string;
  readonly amount: MoneyColumn;
  readonly refunds: string[];
}

interface Candidate {
  readonly id: string;
  readonly status: CommissionStatus;
  /** For a commission that takes an amount back: the commission that it corrects. */
  readonly correctsId: string | null;
  readonly barred: Barred | null;
}

/** Why the actor must not decide about a commission: a duty, or a membership in its partner. */
type Barred = DutyReason | 'OWN_PARTNER';

interface Updated {
  readonly id: string;
  readonly tenantId: string;
  readonly partnerId: string;
  readonly correctsId: string | null;
  readonly minor: string;
  readonly currency: string;
}

/** Approves one or many commissions with their pending refunds, and posts them to the ledger. Returns the approved commission
 *  or the refusal by id; an unknown id is missing. The caller records the audit entry. */
export async function approveLines(
  em: EntityManager,
  ctx: Context,
  ids: readonly string[],
): Promise<Map<string, Approved | AppError>> {
  const { actor, clock } = ctx;
  // The ids are arrays, whose length the planner sees. For a set of unknown size it may read the whole table for each batch.
  // Lock first and read afterwards, to see the rows of concurrent changes.
  await sql`select from commissions where id = any(${ids}::uuid[]) order by id for update`.execute(em);
  const candidates = await sql<Candidate>`
    select c.id, ${CORRECTS} as "correctsId", ${actor.role === 'SYSTEM' ? sql`null` : barredFrom(actor.id, 'APPROVE')} as barred,
      case when c.status = 'PENDING' and is_held(c.id) then 'HELD' when c.status <> 'APPROVED' or o.id is null then c.status
        when o.status = 'PAID' then 'PAID' else 'ALLOCATED' end as status
    from commissions c left join payout_items i on i.commission_id = c.id and i.voided_at is null left join payouts o on o.id = i.payout_id
    where c.id = any(${ids}::uuid[])`.execute(em);
  const outcomes = new Map<string, Approved | AppError>();
  const allowed: string[] = [];
  for (const candidate of candidates) {
    const refusal = await refusalOf(em, candidate);
    if (refusal) outcomes.set(candidate.id, refusal);
    else allowed.push(candidate.id);
  }
  if (allowed.length === 0) return outcomes;
  const refunds = await sql<{ id: string }>`
    select c.id from commissions c where (c.reverses_id = any(${allowed}::uuid[]) or c.adjusts_id = any(${allowed}::uuid[]))
      and ${CORRECTS} is not null and c.status = 'PENDING' order by c.id`.execute(em);
  const updated = await sql<Updated>`
    update commissions c set status = 'APPROVED', approved_at = ${clock.now()}, approved_by = ${actor.id}
    where c.id = any(${[...allowed, ...refunds.map(({ id }) => id)]}::uuid[])
    returning id, tenant_id as "tenantId", partner_id as "partnerId", ${CORRECTS} as "correctsId", amount_minor::text as minor,
      amount_currency as currency`.execute(em);
  const lines = updated.map(({ minor, currency, ...line }) => ({
    ...line,
    amount: new MoneyColumn(money(BigInt(minor), currency)),
  }));
  await postAccruals(within(em), lines, clock.now());
  const refundsOf = Map.groupBy(lines, ({ correctsId }) => correctsId);
  for (const { correctsId, ...line } of lines)
    if (correctsId === null)
      outcomes.set(line.id, {
        ...line,
        refunds: (refundsOf.get(line.id) ?? []).map(({ id }) => id).sort(),
      });
  return outcomes;
}

async function refusalOf(
  em: EntityManager,
  { id, status, correctsId, barred }: Candidate,
): Promise<AppError | null> {
  if (correctsId)
    return conflict(
      'This commission takes an amount back. It is approved with the commission that it corrects.',
    );
  if (status === 'HELD') return refusedAsHeld(em, { id });
  try {
    after('approve', status);
    return barred === null ? null : refusalFor('APPROVE', barred);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** SQL that is the reason why a person must not do an act on the commission `c`. Null when the person may. */
const barredFrom = (actorId: string, act: Act): Sql => sql`
  case when is_member_of(${actorId}, c.partner_id) then 'OWN_PARTNER' else commission_conflict(c, ${act}, ${actorId}) end`;

/** Throws FORBIDDEN when a duty, or a membership in the partner, keeps the actor from the release of a hold. */
export async function requireOtherReleaser(
  em: EntityManager,
  { actor }: Pick<Context, 'actor'>,
  { id }: Pick<Commission, 'id'>,
): Promise<void> {
  if (actor.role === 'SYSTEM') return;
  const [found] = await sql<{ barred: Barred | null }>`
    select ${barredFrom(actor.id, 'RELEASE')} as barred from commissions c where c.id = ${id}`.execute(em);
  if (found?.barred) throw refusalFor('RELEASE', found.barred);
}

function refusalFor(act: 'APPROVE' | 'RELEASE', barred: Barred): AppError {
  if (barred !== 'OWN_PARTNER') return refusedBy(act, barred);
  const what = act === 'APPROVE' ? 'approve' : 'review';
  return forbidden(`You belong to the partner of this commission, so another person must ${what} it.`, {
    reason: 'OWN_PARTNER',
  });
}
