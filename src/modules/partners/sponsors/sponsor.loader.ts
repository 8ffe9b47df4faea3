import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { query, Statement } from '../../../kernel/data/rows.ts';
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
    const statement = new Statement().add(
      `select o.id, p.id, p.company_name, s.assigned_at, s.ended_at, s.reason from unnest($::uuid[]) o(id)
       cross join lateral (select * from sponsorships s where s.partner_id = o.id
         order by s.assigned_at desc, s.ended_at desc nulls first limit ${MAX_ENTRIES}) s
       join partners p on p.id = s.sponsor_id`,
      ids,
    );
    const lists = Map.groupBy(await query(ctx, statement), ([of]) => of as string);
    return ids.map((key) =>
      (lists.get(key) ?? []).map(
        ([, partnerId, companyName, assignedAt, endedAt, reason]) =>
          ({ partnerId, companyName, assignedAt, endedAt, reason }) as SponsorRow,
      ),
    );
  }).load(id);
}
