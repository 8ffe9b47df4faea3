import type { EntityManager } from '@mikro-orm/postgresql';
import { after, type CommissionStatus, refuseOwnLine } from '../../../domain/commission.ts';
import { AppError, conflict, forbidden } from '../../../domain/errors.ts';
import { money } from '../../../domain/money.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { hasSeenKey } from '../../access/api-keys/public.ts';
import { postAccruals } from '../../foundation/ledger/public.ts';
import type { Commission } from './commission.entity.ts';
import { refusedAsHeld } from './open-holds.ts';

/** An approved commission, and the refunds that were approved with it. */
export interface Approved {
  readonly id: string;
  readonly tenantId: string;
  readonly partnerId: string;
  readonly amount: MoneyColumn;
  readonly refunds: string[];
}

interface Candidate {
  readonly id: string;
  readonly status: CommissionStatus;
  readonly reversesId: string | null;
  readonly maker: string | null;
  readonly ofActor: boolean;
}

interface Updated {
  readonly id: string;
  readonly tenantId: string;
  readonly partnerId: string;
  readonly reversesId: string | null;
  readonly minor: string;
  readonly currency: string;
}

/** Approves one or many commissions with their pending refunds, and posts them to the ledger. Returns the approved commission
 *  or the refusal by id; an unknown id is missing. The caller records the audit entry. */
export async function approveLines(
  em: EntityManager,
  ctx: Context,
  ids: readonly string[],
): Promise<Map<string, Approved | AppError>> {
  const { actor, clock } = ctx;
  // The ids are arrays, whose length the planner sees. For a set of unknown size it may read the whole table for each batch.
  // Lock first and read afterwards, to see the rows of concurrent changes.
  await sql`select from commissions where id = any(${ids}::uuid[]) order by id for update`.execute(em);
  const candidates = await sql<Candidate>`
    select c.id, c.reverses_id as "reversesId", coalesce(c.created_by, c.stated_by) as maker, is_member_of(${actor.id}, c.partner_id) as "ofActor",
      case when c.status <> 'APPROVED' or o.id is null then c.status when o.status = 'PAID' then 'PAID' else 'ALLOCATED' end as status
    from commissions c left join payout_items i on i.commission_id = c.id and i.voided_at is null left join payouts o on o.id = i.payout_id
    where c.id = any(${ids}::uuid[])`.execute(em);
  const own = await ownMakers(
    em,
    ctx,
    candidates.map(({ maker }) => maker),
  );
  const outcomes = new Map<string, Approved | AppError>();
  const allowed: string[] = [];
  for (const candidate of candidates) {
    const refusal = await refusalOf(em, ctx, candidate, own);
    if (refusal) outcomes.set(candidate.id, refusal);
    else allowed.push(candidate.id);
  }
  if (allowed.length === 0) return outcomes;
  const refunds = await sql<{ id: string }>`
    select id from commissions where reverses_id = any(${allowed}::uuid[]) and status = 'PENDING' order by id`.execute(
    em,
  );
  const updated = await sql<Updated>`
    update commissions set status = 'APPROVED', approved_at = ${clock.now()}, approved_by = ${actor.id}
    where id = any(${[...allowed, ...refunds.map(({ id }) => id)]}::uuid[])
    returning id, tenant_id as "tenantId", partner_id as "partnerId", reverses_id as "reversesId", amount_minor::text as minor,
      amount_currency as currency`.execute(em);
  const lines = updated.map(({ minor, currency, ...line }) => ({
    ...line,
    amount: new MoneyColumn(money(BigInt(minor), currency)),
  }));
  await postAccruals(within(em), lines, clock.now());
  const refundsOf = Map.groupBy(lines, ({ reversesId }) => reversesId);
  for (const { reversesId, ...line } of lines)
    if (reversesId === null)
      outcomes.set(line.id, {
        ...line,
        refunds: (refundsOf.get(line.id) ?? []).map(({ id }) => id).sort(),
      });
  return outcomes;
}

async function refusalOf(
  em: EntityManager,
  { actor }: Context,
  { id, status, reversesId, maker, ofActor }: Candidate,
  own: ReadonlySet<string | null>,
): Promise<AppError | null> {
  if (reversesId)
    return conflict(
      'This commission is a refund. It is approved with the commission that the refund reverses.',
    );
  if (status === 'HELD') return refusedAsHeld(em, { id });
  try {
    after('approve', status);
    if (actor.role !== 'SYSTEM')
      requireOtherMaker({ maker: own.has(maker) ? actor.id : maker, ofActor }, actor.id, 'approve');
    return null;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** Throws FORBIDDEN for a conflict of interest: the actor belongs to the partner, created the commission, recorded its sale, or has seen
 *  the secret of the API key that did. */
export async function refuseMaker(
  em: EntityManager,
  ctx: Pick<Context, 'actor'>,
  { partnerId, createdBy, statedBy }: Commission,
  what: 'approve' | 'review',
): Promise<void> {
  const { id } = ctx.actor;
  const [member] = await sql<{ own: boolean }>`select is_member_of(${id}, ${partnerId}::uuid) as own`.execute(
    em,
  );
  const maker = createdBy ?? statedBy ?? null;
  const own = await ownMakers(em, ctx, [maker]);
  requireOtherMaker({ maker: own.has(maker) ? id : maker, ofActor: member?.own ?? false }, id, what);
}

function requireOtherMaker(
  { maker, ofActor }: Pick<Candidate, 'maker' | 'ofActor'>,
  actorId: string,
  what: 'approve' | 'review',
): void {
  if (ofActor)
    throw forbidden(`You belong to the partner of this commission, so another person must ${what} it.`, {
      reason: 'OWN_PARTNER',
    });
  refuseOwnLine(maker, actorId, what);
}

/** Returns the creators that count as the actor: the actor and the API keys whose secret the actor has seen. */
export async function ownMakers(
  em: EntityManager,
  { actor }: Pick<Context, 'actor'>,
  makers: readonly (string | null)[],
): Promise<Set<string | null>> {
  const own = new Set<string | null>();
  for (const maker of new Set(makers))
    if (maker !== null && (maker === actor.id || (await hasSeenKey(em, maker, actor.id)))) own.add(maker);
  return own;
}
