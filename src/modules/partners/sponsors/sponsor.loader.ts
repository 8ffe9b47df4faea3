import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';

const MAX_ENTRIES = 100;

export interface SponsorRow {
  readonly partnerId: string;
  readonly companyName: string;
  readonly assignedAt: Date;
  readonly endedAt: Date | null;
  readonly reason: string;
}

/** Loads the sponsors of each partner, newest first. Empty for a session of a partner, which must not read other partners. */
export function sponsorsOf(ctx: Context, info: GraphQLResolveInfo, id: string): Promise<SponsorRow[]> {
  return loaderFor<string, SponsorRow[]>(ctx, info, async (ids) => {
    const rows = await query(
      ctx,
      sql<SponsorRow & { of: string }>`
        select /* partners.sponsors */ o.id as of, p.id as "partnerId", p.company_name as "companyName", s.assigned_at as "assignedAt",
          s.ended_at as "endedAt", s.reason
        from unnest(${ids}::uuid[]) o(id)
        cross join lateral (select * from sponsorships s where s.partner_id = o.id
          order by s.assigned_at desc, s.ended_at desc nulls first limit ${sql.raw(MAX_ENTRIES)}) s
        join partners p on p.id = s.sponsor_id`,
    );
    const lists = Map.groupBy(rows, (row) => row.of);
    return ids.map((key) => lists.get(key) ?? []);
  }).load(id);
}
