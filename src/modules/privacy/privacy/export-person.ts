import { LockMode } from '@mikro-orm/core';
import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { openAll } from '../../foundation/data-keys/public.ts';
import { dataMap, type Place } from './data-map.ts';
import { authorizePerson, ofPerson, type Person, personsOf } from './person.ts';
import { PersonExport, statusOf } from './person-export.entity.ts';
import type { PersonInput } from './privacy.inputs.ts';
import { newToken, openWith, publicKeyOf, sealTo } from './sealed-box.ts';

const KEPT_MS = 24 * 60 * 60 * 1_000;

/** Starts an export. Returns the token, which is stored nowhere: without it no person can open the export. */
export async function requestExport(
  ctx: Context,
  input: PersonInput,
): Promise<{ id: string; token: string }> {
  const { token, publicKey } = newToken();
  await authorizePerson(ctx, input);
  return transact(ctx, async (em) => {
    const persons = await personsOf(em, ctx.actor, input);
    const [{ tenantId }] = persons as [Person];
    const wanted = em.create(PersonExport, {
      tenantId,
      requestedBy: ctx.actor.id,
      persons,
      publicKey,
      expiresAt: new Date(ctx.clock.now().getTime() + KEPT_MS),
    });
    await em.flush();
    await enqueue(em, 'export_person', { exportId: wanted.id }, { key: `export_person:${wanted.id}` });
    record(em, ctx, 'person.export_requested', wanted, {
      after: { expiresAt: wanted.expiresAt },
      subjects: persons.map((person) => person.id),
    });
    return { id: wanted.id, token };
  });
}

/** Loads an export of the caller. An export of another caller gives NOT_FOUND, as if it did not exist. */
export async function personExport({ em, actor, clock }: Context, id: string): Promise<PersonExport> {
  const found = await em.findOne(PersonExport, { id: idOf(id), requestedBy: actor.id });
  if (!found) throw notFound('export');
  found.status = statusOf(found, clock.now());
  return found;
}

/** Writes the export of a person, as the data map defines it. */
export async function writeExport(ctx: Context, id: string): Promise<void> {
  const wanted = await ctx.em.findOne(PersonExport, id);
  if (!wanted || statusOf(wanted, ctx.clock.now()) !== 'PENDING') return;
  const persons = await Promise.all(wanted.persons.map((person) => everythingOf(ctx, person)));
  const text = `{"format":"partner-portal/person/1","exportedAt":"${ctx.clock.now().toISOString()}","persons":[${persons.join(',')}]}`;
  const content = sealTo(wanted.publicKey, text);
  await transact(ctx, (em) =>
    em.nativeUpdate(PersonExport, { id, takenAt: null }, { content, readyAt: ctx.clock.now() }),
  );
}

/** Returns rows as JSON text from the database, so that large amounts keep all digits. */
async function everythingOf(ctx: Context, { kind, id }: Person): Promise<string> {
  const parts: string[] = [];
  for (const place of dataMap().filter(({ of }) => of === kind)) {
    const rows = await rowsAt(ctx, place, id);
    const { table, purpose, kept } = place;
    parts.push(`${JSON.stringify({ table, purpose, kept }).slice(0, -1)},"rows":[${rows.join(',')}]}`);
  }
  return `{"kind":"${kind}","id":"${id}","data":[${parts.join(',')}]}`;
}

async function rowsAt(ctx: Context, place: Place, personId: string): Promise<string[]> {
  const { table, shows, sealed } = place;
  const columns = shows.map((column) => `"${column}"`).join(', ');
  const found = await query(
    ctx,
    sql<{ text: string }>`
      select row_to_json(x)::text as text from (
        select ${sql.raw(columns)} from ${sql.raw(table)} where ${ofPerson(place, personId)} order by 1) x`,
  );
  const texts = found.map(({ text }) => text);
  return sealed ? opened(ctx, table, sealed, texts) : texts;
}

async function opened(
  ctx: Context,
  table: string,
  sealed: readonly string[],
  texts: readonly string[],
): Promise<string[]> {
  const rows = texts.map((text) => JSON.parse(text) as Record<string, string>);
  for (const column of sealed) {
    const values = await openAll(
      ctx,
      rows.map((row) => ({
        place: { tenantId: row['tenant_id'] as string, table, column, rowId: row['id'] as string },
        envelope: row[column] as string,
      })),
    );
    for (const [at, row] of rows.entries()) Object.assign(row, { [column]: values[at] });
  }
  return rows.map((row) => JSON.stringify(row));
}

/** Returns the export to the caller who requested it and has its token, then deletes it. */
export async function takeExport(ctx: Context, id: string, token: string): Promise<string> {
  const { actor, clock } = ctx;
  return transact(ctx, async (em) => {
    const wanted = await em.findOne(
      PersonExport,
      { id: idOf(id), requestedBy: actor.id },
      { lockMode: LockMode.PESSIMISTIC_WRITE, populate: ['content'] },
    );
    if (!wanted) throw notFound('export');
    const status = statusOf(wanted, clock.now());
    if (status !== 'READY' || !wanted.content)
      throw conflict(`The export is ${status}. Only a READY export can be taken.`, { reason: status });
    if (publicKeyOf(token) !== wanted.publicKey) throw invalid('token', 'must be the token of this export');
    const text = openWith(token, wanted.content);
    wanted.content = null;
    wanted.takenAt = clock.now();
    record(em, ctx, 'person.export_taken', wanted, {
      after: { takenAt: wanted.takenAt },
      subjects: wanted.persons.map((person) => person.id),
    });
    return text;
  });
}
