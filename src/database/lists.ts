import { commissionMoves } from '../domain/commission.ts';
import { type Duty, duties } from '../domain/duties.ts';
import { freeMailDomains } from '../domain/free-mail-domains.ts';
import { FIGURES } from '../domain/metrics.ts';
import { payoutMoves } from '../domain/payout.ts';
import { account } from '../domain/posting.ts';
import { type OwnJob, ownJobs } from '../kernel/data/jobs.ts';

type Item = string | Readonly<Record<string, string>>;

/** What the files of this folder may repeat for each item. The facts are in TypeScript alone. */
const lists: Readonly<Record<string, readonly Item[]>> = {
  figures: FIGURES,
  commissionMoves: commissionMoves.map(({ from, to }) => ({ from, to })),
  payoutMoves: payoutMoves.map(({ from, to }) => ({ from, to })),
  // The names of accounts of the partner of a row `c`, between quotation marks.
  accountsOfLine: [
    { payable: account.payable(`' || c.partner_id || '`), held: account.held(`' || c.partner_id || '`) },
  ],
  duties: duties.flatMap(({ act, after, reason, ofSource = false }: Duty) =>
    after.map((earlier) => ({ act, after: earlier, reason, ofSource: `${ofSource}` })),
  ),
  freeMailDomains: [...freeMailDomains],
  ownJobs: Object.entries<OwnJob>(ownJobs).map(([name, job]) => ({
    name,
    about: job.about,
    isOwn: isOwn(job),
  })),
};

/** The condition on what a job is about, in the words of `enqueue_job`. */
function isOwn({ table, partner }: OwnJob): string {
  if (!table) return `about = own_tenant and own_partner = ''`;
  const ofPartner = partner ? `own_partner in ('', r.${partner}::text)` : `own_partner = ''`;
  return `exists (select from ${table} r where r.id = about::uuid and r.tenant_id = own_tenant and ${ofPartner})`;
}

// {{figures: sum(#) as #}}, or with what stands between the items: {{figures: sum(#) <> 0 | or}}
const REPEATED = /\{\{(\w+): (.+?)(?: \|(.*?))?\}\}/g;

/** Writes what a file repeats for each item of a list: `#` is the item, `#name` a part of it. */
export function expand(sql: string): string {
  return sql.replaceAll(REPEATED, (whole, name: string, each: string, between?: string) => {
    const items = lists[name];
    if (!items) throw new Error(`${whole} names no list of src/database/lists.ts`);
    const separator = between === undefined ? ', ' : ` ${between.trim()} `;
    return items.map((item) => write(each, item)).join(separator);
  });
}

const write = (each: string, item: Item): string =>
  typeof item === 'string'
    ? each.replaceAll('#', item)
    : each.replaceAll(/#(\w+)/g, (whole, part: string) => item[part] ?? whole);
