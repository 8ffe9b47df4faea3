import type { EntityManager } from '@mikro-orm/postgresql';
import type { CommissionStatus } from '../../../domain/commission.ts';
import { type AppError, conflict } from '../../../domain/errors.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import type { Commission } from './commission.entity.ts';
import { CommissionHold } from './commission-hold.entity.ts';

export const openHolds = (em: EntityManager, line: Pick<Commission, 'id'>): Promise<CommissionHold[]> =>
  em.find(CommissionHold, { commissionId: line.id, releasedAt: null }, { orderBy: { id: 'asc' } });

/** True when a commission with that status is already in the ledger. */
export const accruedIn = (status: CommissionStatus): boolean => status !== 'PENDING' && status !== 'HELD';

/** Returns the error for the approval of a held commission. It names each open hold. */
export async function refusedAsHeld(em: EntityManager, line: Pick<Commission, 'id'>): Promise<AppError> {
  // A commission that comes from a held one is held with it.
  const holds = await sql<{ kind: string; reason: string }>`
    with recursive sources as (
      select c.id, c.adjusts_id, c.cause_id from commissions c where c.id = ${line.id}
      union all
      select c.id, c.adjusts_id, c.cause_id from sources s join commissions c on c.id = s.adjusts_id)
    select h.kind, h.reason from commission_holds h join sources s on h.commission_id in (s.id, s.cause_id)
    where h.released_at is null order by h.id`.execute(em);
  const named = holds.map(({ kind, reason }) => `${kind} (${reason})`).join(', ');
  return conflict(`This commission is held: ${named}. Release the hold first.`, { reason: 'HELD' });
}

/** Releases the open holds of a commission that was rejected or reversed. */
export async function endHolds(
  em: EntityManager,
  { actor, clock }: Pick<Context, 'actor' | 'clock'>,
  line: Commission,
  { reason, but }: { reason: string | null; but?: CommissionHold | undefined },
): Promise<void> {
  for (const hold of (await openHolds(em, line)).filter((each) => each !== but))
    Object.assign(hold, {
      ...{ releasedBy: actor.id, releasedAt: clock.now(), releaseReason: reason, endedWithLine: true },
    });
}
