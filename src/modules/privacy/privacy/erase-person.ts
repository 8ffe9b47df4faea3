import type { EntityManager } from '@mikro-orm/postgresql';
import { conflict } from '../../../domain/errors.ts';
import { account } from '../../../domain/posting.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { CREDENTIALS } from '../../../kernel/request/credentials-topic.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import { reasonOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { shredDataKeys } from '../../foundation/data-keys/public.ts';
import { dataMap, type Place } from './data-map.ts';
import { Erasure, type KeptRecord } from './erasure.entity.ts';
import { authorizePerson, ofPerson, type Person, personsOf } from './person.ts';
import type { PersonInput } from './privacy.inputs.ts';
import { FORGOTTEN } from './retention.ts';

const BATCH = 2_000;

/** Erases the data of a person, except data that a law requires. Refused while money is owed or a payout is under way,
 *  because the payee must be known until the payment is final. */
export async function erasePerson(ctx: Context, input: PersonInput, reason: string): Promise<Erasure[]> {
  const why = reasonOf(reason);
  const at = ctx.clock.now();
  await authorizePerson(ctx, input);
  const erasures = await transact(ctx, async (em) => {
    const persons = await personsOf(em, ctx.actor, input);
    const erasures: Erasure[] = [];
    for (const person of persons) {
      if (person.kind === 'PARTNER') await refuseWhileOwed(em, person.id);
      const { id: personId, kind, tenantId } = person;
      const kept = await keptOf(em, person, at);
      await erase(em, person);
      erasures.push(
        em.create(Erasure, {
          tenantId,
          kind,
          personId,
          erasedAt: at,
          erasedBy: ctx.actor.id,
          reason: why,
          kept,
        }),
      );
    }
    await em.flush();
    for (const { id } of erasures.filter(({ kind }) => kind !== 'MEMBER'))
      await enqueue(em, 'forget_clicks', { erasureId: id }, { key: `forget_clicks:${id}` });
    const [first] = persons as [Person];
    record(
      em,
      ctx,
      'person.erased',
      { id: first.id, tenantId: first.tenantId, partnerId: first.kind === 'PARTNER' ? first.id : null },
      {
        reason: why,
        subjects: persons.map(({ id }) => id),
        after: { kinds: persons.map(({ kind }) => kind) },
      },
    );
    return erasures;
  });
  ctx.feed.publish(CREDENTIALS); // number of ended API keys and members
  return erasures;
}

async function refuseWhileOwed(em: EntityManager, id: string): Promise<void> {
  await sql`select 1 from partners where id = ${id} for no key update`.execute(em);
  const [underWay] = await sql`
    select 1 from payouts where partner_id = ${id} and status in ('PENDING', 'APPROVED', 'PROCESSING', 'FAILED') limit 1
  `.execute(em);
  if (underWay)
    throw conflict(
      'A payout of this partner is under way. Wait until the payout has ended, or cancel it first.',
      {
        reason: 'PAYOUT_UNDER_WAY',
      },
    );
  const [undecided] =
    await sql`select 1 from commissions where partner_id = ${id} and status in ('PENDING', 'HELD') limit 1
    `.execute(em);
  if (undecided)
    throw conflict('This partner has undecided commissions. Approve or reject them first.', {
      reason: 'COMMISSIONS_PENDING',
    });
  const owed = [account.payable(id), account.held(id)];
  const [balance] = await sql<{ currency: string; minor: string }>`
    select currency, sum(minor)::text as minor from (
      select amount_currency as currency, to_account as account, amount_minor as minor from postings where partner_id = ${id}
      union all select amount_currency, from_account, -amount_minor from postings where partner_id = ${id}) m
    where account = any(${owed}::text[]) group by currency having sum(minor) <> 0 limit 1`.execute(em);
  if (!balance) return;
  const amount = { minor: BigInt(balance.minor), currency: balance.currency };
  const text = `${amountText(amount)} ${amount.currency}`;
  throw amount.minor > 0n
    ? conflict(`The program owes this partner ${text}. Pay the amount or reverse its commissions first.`, {
        reason: 'MONEY_OWED',
      })
    : conflict(
        `The balance of this partner is ${text}. Write it off with an approved BONUS of that amount first.`,
        {
          reason: 'BALANCE_NEGATIVE',
        },
      );
}

/** Returns the data that must stay, each with a reason and a last day: the end of the year, `years` years ahead. */
async function keptOf(em: EntityManager, { kind, id }: Person, at: Date): Promise<KeptRecord[]> {
  const kept = new Map<string, KeptRecord>();
  for (const place of dataMap().filter(({ of, keeps }) => of === kind && keeps)) {
    const { what, reason, years } = place.keeps as NonNullable<Place['keeps']>;
    const [found] = await sql`
      select 1 from ${sql.raw(place.table)} where ${ofPerson(place, id)} limit 1`.execute(em);
    if (found) kept.set(what, { what, reason, until: `${at.getUTCFullYear() + years}-12-31` });
  }
  return [...kept.values()];
}

/** Erases the rows of a person. A repetition changes nothing, so an erasure can be repeated on a restored backup. */
async function erase(em: EntityManager, person: Person): Promise<void> {
  const { kind, id, tenantId } = person;
  if (kind === 'PARTNER') {
    await shredDataKeys(em, id);
    await sql`
      with gone as (
        update partners set status = 'INACTIVE', deleted_at = coalesce(deleted_at, now())
        where id = ${id} and (status <> 'INACTIVE' or deleted_at is null) returning id, tenant_id, status, tier)
      insert into partner_history (id, tenant_id, partner_id, status, tier, effective_at)
      select new_id(), tenant_id, id, status, tier, now() from gone`.execute(em);
    await sql`select erase_audit_personal(${tenantId}, ${id})`.execute(em);
  } else {
    await sql`
      select erase_audit_personal_about(${tenantId}, array(
        select ${id}::uuid union all select id from invitations where member_id = ${id}
        union all select id from commissions where customer_id = ${id}
        union all select id from referrals where customer_id = ${id}))`.execute(em);
  }
  for (const place of dataMap().filter(({ of }) => of === kind)) {
    const changes = Object.entries(place.erases ?? {});
    if (changes.length === 0) continue;
    const set = changes.map(([column, value]) => `"${column}" = ${value}`).join(', ');
    const differs = changes.map(([column, value]) => `"${column}" is distinct from ${value}`).join(' or ');
    await sql`update ${sql.raw(place.table)} set ${sql.raw(set)} where ${ofPerson(place, id)} and (${sql.raw(differs)})`.execute(
      em,
    );
  }
}

/** Removes the visitors from the clicks of an erased person. A partner can have millions, so this is a job of its own. */
export async function forgetClicks(ctx: Context, erasureId: string): Promise<void> {
  const erasure = await ctx.em.findOne(Erasure, erasureId);
  if (!erasure) return;
  const { kind, personId } = erasure;
  if (kind === 'MEMBER') return;
  if (kind === 'CUSTOMER') {
    // In one query: an anonymous click no longer leads to the other clicks of its visitor.
    const place = dataMap().find(({ table, of }) => table === 'referrals' && of === kind) as Place;
    await transact(ctx, (em) =>
      sql`update referrals r set ${FORGOTTEN} where ${ofPerson(place, personId)} and visitor_id <> id`.execute(
        em,
      ),
    );
    return;
  }
  for (let count = BATCH; count === BATCH; ) {
    const [forgotten] = await transact(ctx, (em) =>
      sql<{ count: number }>`
        with left_over as (
          select f.id, p.referral_code as code from referrals f join partners p on p.id = f.partner_id
          where f.partner_id = ${personId} and (f.visitor_id <> f.id or f.referral_code <> p.referral_code)
          limit ${BATCH} for update of f),
        forgotten as (
          update referrals r set ${FORGOTTEN}, referral_code = code from left_over l where r.id = l.id returning 1)
        select count(*)::int as count from forgotten`.execute(em),
    );
    count = forgotten?.count ?? 0;
  }
}

/** A line of the erase log, as written by `erasureLog`. */
interface LoggedErasure {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: Person['kind'];
  readonly personId: string;
  readonly erasedAt: string;
  readonly erasedBy: string;
  readonly reason: string;
  readonly kept: KeptRecord[];
}

/** Returns every erasure, oldest first, as lines with ids and reasons only. Keep them beside the backups. */
export async function erasureLog({ em }: Context): Promise<string[]> {
  const erasures = await em.find(Erasure, {}, { orderBy: { id: 'asc' } });
  return erasures.map(({ id, tenantId, kind, personId, erasedAt, erasedBy, reason, kept }) =>
    JSON.stringify({ id, tenantId, kind, personId, erasedAt, erasedBy, reason, kept }),
  );
}

/** Repeats erasures after a backup was restored. Owed amounts are not checked again: the first erasure checked them. */
export async function replayErasure(ctx: Context, line: string): Promise<void> {
  const { id, tenantId, kind, personId, erasedAt, ...rest } = JSON.parse(line) as LoggedErasure;
  await transact(ctx, async (em) => {
    await erase(em, { kind, id: personId, tenantId });
    if (await em.findOne(Erasure, id)) return;
    em.create(Erasure, { id, tenantId, kind, personId, erasedAt: new Date(erasedAt), ...rest });
    record(em, ctx, 'person.erased_again', { id: personId, tenantId }, { after: { kind } });
  });
  await forgetClicks(ctx, id);
}
