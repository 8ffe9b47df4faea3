import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { Commission } from './commission.entity.ts';

/** Locks and returns the commission that is in force: the commission itself, or the ADJUSTMENT that restored it after a
 *  dispute. */
export async function lockInForce(em: EntityManager, line: Commission): Promise<Commission> {
  for (let standing = line; ; ) {
    const back = await em.findOne(
      Commission,
      { adjustsId: standing.id, type: 'ADJUSTMENT', carriedBy: null },
      { lockMode: LockMode.PESSIMISTIC_WRITE },
    );
    if (!back) return standing;
    standing = back;
  }
}
