import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { partnerOfTopic, ratesTopic } from '../../../kernel/request/metrics-topic.ts';
import { partnerTable } from '../../partners/partner/public.ts';

const MANY = 20_000;

/** Notifies of each change of metrics or exchange rates in the caller's program. Returns a function that unsubscribes. */
export function programChanges(ctx: Context, changed: () => void): () => void {
  const { feed, actor, pool } = ctx;
  const rates = ratesTopic(actor.tenantId ?? '');
  const known = new Map<string, boolean>();

  async function isOurs(id: string): Promise<boolean> {
    const rows = await query(
      { pool, actor },
      sql`select 1 from partners p where p.id = ${id} and p.tenant_id = ${actor.tenantId} and ${scopeOf(actor, partnerTable)}`,
    );
    const ours = rows.length > 0;
    if (known.size >= MANY) known.clear();
    known.set(id, ours);
    return ours;
  }

  return feed.subscribeToAll((topic) => {
    const id = topic && partnerOfTopic(topic);
    if (topic === null || topic === rates) changed();
    else if (id) {
      const ours = known.get(id);
      if (ours) changed();
      else if (ours === undefined)
        isOurs(id).then(
          (found) => found && changed(),
          () => changed(), // the listener reads only rows that it has access to
        );
    }
  });
}
