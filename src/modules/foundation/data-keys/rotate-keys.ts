import { randomBytes } from 'node:crypto';
import { type DataKey, type Place, seal } from '../../../kernel/data/field-cipher.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { query } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import {
  contextOf,
  dataKeyOf,
  keep,
  newKey,
  type Owner,
  openAll,
  type StoredKey,
  storedKeys,
} from './data-keys.ts';

const BATCH = 200;
const AT_ONCE = 8;
/** Seconds before a replaced key is deleted: a request that read a row before its re-encryption needs the old key. */
const GRACE_SECONDS = 600;

export interface Progress {
  readonly step: 'data keys wrapped' | 'replaced' | 'rows encrypted again' | 'retired';
  readonly done: number;
  readonly total: number;
}

interface Rotation {
  /** Data keys created before this time are replaced. Null replaces no data key: only their wrapping is renewed. */
  readonly replaceBefore: Date | null;
  readonly progress?: (progress: Progress) => void;
  readonly graceSeconds?: number;
}

/** Wraps every data key with the newest key of the key service. With `replaceBefore`, also replaces data keys and
 *  encrypts all values again with the new ones. Works in small transactions beside readers and writers. The same call
 *  continues an interrupted rotation. */
export async function rotateKeys(
  ctx: Context,
  { replaceBefore, progress = () => {}, graceSeconds = GRACE_SECONDS }: Rotation,
): Promise<void> {
  await wrapAnew(ctx, progress);
  if (replaceBefore) await replace(ctx, replaceBefore, progress);
  await sealAnew(ctx, progress);
  const left = await retire(ctx, graceSeconds, progress);
  if (left)
    await transact(ctx, (em) =>
      enqueue(em, 'rotate_keys', { replaceBefore: null }, { key: 'retire_keys', delaySeconds: graceSeconds }),
    );
}

type Report = (progress: Progress) => void;

async function wrapAnew(ctx: Context, progress: Report): Promise<void> {
  const { kekId } = await ctx.keys.wrap(randomBytes(32), { purpose: 'newest key' });
  const old = sql`wrapped is not null and kek_id <> ${kekId}`;
  const total = await count(ctx, sql`from data_keys where ${old}`);
  for (let last = '00000000-0000-0000-0000-000000000000', done = 0; ; ) {
    const page = await storedKeys(ctx, sql`${old} and id > ${last}`, BATCH);
    await each(page, (key) => wrapOne(ctx, key));
    done += page.length;
    if (total) progress({ step: 'data keys wrapped', done, total });
    if (page.length < BATCH) return;
    last = page.at(-1)?.id ?? last;
  }
}

async function wrapOne(ctx: Context, key: StoredKey): Promise<void> {
  const bytes = await ctx.keys.unwrap(
    { kekId: key.kekId, bytes: Buffer.from(key.wrapped ?? '', 'base64') },
    contextOf(key),
  );
  const { kekId, bytes: wrapped } = await ctx.keys.wrap(bytes, contextOf(key));
  bytes.fill(0);
  const text = Buffer.from(wrapped).toString('base64');
  // A key that was shredded meanwhile is skipped: it must never come back.
  await transact(ctx, (em) =>
    sql`update data_keys set wrapped = ${text}, kek_id = ${kekId} where id = ${key.id} and wrapped = ${key.wrapped}
    `.execute(em),
  );
}

/** Gives every owner a new key. Replacing the old key waits for the transactions that lock it; afterwards no value is
 *  encrypted with it. */
async function replace(ctx: Context, before: Date, progress: Report): Promise<void> {
  // The keys that this rotation creates are never replaced by it.
  const [{ until } = { until: before }] = await query(
    ctx,
    sql<{ until: Date }>`select least(${before}::timestamptz, now()) as until`,
  );
  const old = sql`purpose = 'FIELDS' and replaced_at is null and shredded_at is null and created_at < ${until}`;
  const total = await count(ctx, sql`from data_keys where ${old}`);
  for (let done = 0; ; ) {
    const page = await storedKeys(ctx, old, BATCH);
    if (page.length === 0) return;
    await each(page, async (key) => {
      const fresh = await newKey(ctx, key);
      await transact(ctx, async (em) => {
        const [taken] = await sql`
          update data_keys set replaced_at = now()
          where id = ${key.id} and replaced_at is null and shredded_at is null returning id`.execute(em);
        if (taken) await keep(em, fresh, 'FIELDS');
      });
    });
    done += page.length;
    progress({ step: 'replaced', done, total: Math.max(total, done) });
  }
}

interface SealedTable {
  readonly table: string;
  readonly columns: readonly string[];
}

/** Lists every table with a column of the type `envelope`, so that none is forgotten. Each has an id, a tenant and a
 *  data key. */
const sealedTables = (ctx: Context): Promise<SealedTable[]> =>
  query(
    ctx,
    sql<SealedTable>`
      select quote_ident(table_name) as table, array_agg(quote_ident(column_name) order by column_name) as columns
      from information_schema.columns where domain_name = 'envelope' and table_schema = current_schema()
      group by table_name order by table_name`,
  );

const underReplaced = ({ table }: SealedTable): Sql => sql`
  from ${sql.raw(table)} t join data_keys k on k.tenant_id = t.tenant_id and k.id = t.data_key_id
  where k.replaced_at is not null and k.wrapped is not null`;

async function sealAnew(ctx: Context, progress: Report): Promise<void> {
  const tables = await sealedTables(ctx);
  const counts = await Promise.all(tables.map((table) => count(ctx, underReplaced(table))));
  const total = counts.reduce((sum, each) => sum + each, 0);
  let done = 0;
  for (const table of tables) {
    for (let rows = await page(ctx, table); rows.length > 0; rows = await page(ctx, table)) {
      await sealRows(ctx, table, rows);
      done += rows.length;
      progress({ step: 'rows encrypted again', done, total: Math.max(total, done) });
    }
  }
}

interface SealedRow extends Owner {
  readonly id: string;
  readonly envelopes: readonly string[];
}

const page = (ctx: Context, table: SealedTable): Promise<SealedRow[]> =>
  query(
    ctx,
    sql<SealedRow>`
      select t.id, k.tenant_id as "tenantId", k.partner_id as "partnerId",
        jsonb_build_array(${sql.raw(table.columns.map((column) => `t.${column}`).join(', '))}) as envelopes
      ${underReplaced(table)} order by t.id limit ${sql.raw(BATCH)}`,
  );

async function sealRows(
  ctx: Context,
  { table, columns }: SealedTable,
  rows: readonly SealedRow[],
): Promise<void> {
  const places = rows.flatMap(({ id, tenantId, envelopes }) =>
    envelopes.map((envelope, i) => ({
      place: { tenantId, table, column: columns[i] as string, rowId: id } satisfies Place,
      envelope,
    })),
  );
  const values = await openAll(ctx, places);
  const keys = new Map<string, DataKey>();
  for (const { tenantId, partnerId } of rows) {
    const owner = `${tenantId} ${partnerId}`;
    if (!keys.has(owner)) keys.set(owner, await dataKeyOf(ctx, { tenantId, partnerId }, 'FIELDS'));
  }
  const sealed = rows.map(({ tenantId, partnerId, envelopes }, row) => {
    const key = keys.get(`${tenantId} ${partnerId}`) as DataKey;
    return envelopes.map((_, i) => {
      const at = row * columns.length + i;
      const value = values[at];
      // The key was shredded between the two reads: the row stays unchanged.
      return value == null ? null : seal(key, (places[at] as (typeof places)[number]).place, value);
    });
  });
  const changes = rows.flatMap(({ id, envelopes }, i) => {
    const fresh = sealed[i] as (string | null)[];
    return fresh.includes(null) ? [] : [{ id, before: envelopes, after: fresh }];
  });
  const set = columns.map((column, i) => `${column} = new.after->>${i}`).join(', ');
  // Only unchanged rows are updated: a value that was written meanwhile already uses the new key.
  const same = columns.map((column, i) => ` and t.${column} = new.before->>${i}`).join('');
  await transact(ctx, (em) =>
    sql`
      update ${sql.raw(table)} t set ${sql.raw(set)}
      from jsonb_to_recordset(${JSON.stringify(changes)}::jsonb) as new(id uuid, before jsonb, after jsonb)
      where t.id = new.id${sql.raw(same)}`.execute(em),
  );
}

/** Deletes the replaced keys that no value uses. Returns the number of keys that must wait. */
async function retire(ctx: Context, graceSeconds: number, progress: Report): Promise<number> {
  const tables = await sealedTables(ctx);
  const unused = tables
    .map(({ table }) => ` and not exists (select from ${table} t where t.data_key_id = k.id)`)
    .join('');
  const done = await transact(ctx, (em) =>
    sql`
      delete from data_keys k where replaced_at < now() - make_interval(secs => ${graceSeconds}) and wrapped is not null${sql.raw(unused)}
      returning id`.execute(em),
  );
  const left = await count(ctx, sql`from data_keys where replaced_at is not null and wrapped is not null`);
  if (done.length) progress({ step: 'retired', done: done.length, total: done.length + left });
  return left;
}

async function count(ctx: Context, rows: Sql): Promise<number> {
  const [row] = await query(ctx, sql<{ count: number }>`select count(*)::int as count ${rows}`);
  return row?.count ?? 0;
}

/** Runs some calls in parallel, because the key service may be slow. No call is left running when one fails. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += AT_ONCE) {
    const results = await Promise.allSettled(items.slice(i, i + AT_ONCE).map(work));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
