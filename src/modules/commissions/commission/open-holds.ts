import type { EntityManager } from '@mikro-orm/postgresql';
import type { CommissionStatus } from '../../../domain/commission.ts';
import { type AppError, conflict } from '../../../domain/errors.ts';
import type { Context } from '../../../kernel/request/context.ts';
import type { Commission } from './commission.entity.ts';
import { CommissionHold } from './commission-hold.entity.ts';

export const openHolds = (em: EntityManager, line: Commission): Promise<CommissionHold[]> =>
  em.find(CommissionHold, { commissionId: line.id, releasedAt: null }, { orderBy: { id: 'asc' } });

/** Whether a line of that status is in the ledger already. */
export const accruedIn = (status: CommissionStatus): boolean => status !== 'PENDING' && status !== 'HELD';

/** Why a held line is not approved: each hold that is open, by name. */
export async function refusedAsHeld(em: EntityManager, line: Commission): Promise<AppError> {
  const holds = await openHolds(em, line);
  const named = holds.map(({ kind, reason }) => `${kind} (${reason})`).join(', ');
  return conflict(`the commission is held: ${named}; release that first`, { reason: 'HELD' });
}

/** A line that has come to its end needs no hold any more. */
export async function endHolds(
  em: EntityManager,
  { actor, clock }: Pick<Context, 'actor' | 'clock'>,
  line: Commission,
  { reason, but }: { reason: string | null; but?: CommissionHold | undefined },
): Promise<void> {
  for (const hold of (await openHolds(em, line)).filter((each) => each !== but))
    Object.assign(hold, { releasedBy: actor.id, releasedAt: clock.now(), releaseReason: reason });
}
