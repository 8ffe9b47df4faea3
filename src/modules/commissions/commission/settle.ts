import { v7 } from 'uuid';
import { type Change, type ChangeCause, computedOf, serializeComputed } from '../../../domain/computed.ts';
import { corrections, type Earned } from '../../../domain/corrections.ts';
import { divide, money } from '../../../domain/money.ts';
import type { PartnerTier } from '../../../domain/partner.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { postAccruals } from '../../foundation/ledger/public.ts';
import type { Commission } from './commission.entity.ts';
import { insertCommissions, type NewLine } from './insert-commissions.ts';
import { type Reckoned, type Reckoning, reckon, storeSums } from './reckon.ts';
import { reviewLater } from './review-sale.ts';
import { type StoredItem, storeItems } from './sale-item.ts';

/** Why the amounts of items change. */
export interface Cause {
  readonly why: ChangeCause;
  /** The order that causes the change, for the explanation. */
  readonly order: string | null;
  /** SALE: the commission of the sale. */
  readonly causeId?: string | null;
  readonly at: Date;
  readonly holdUntil?: Date | null | undefined;
  readonly reason?: string | null | undefined;
  /** DISPUTE: when the dispute was lost that is won after all. Each commission that was closed then is restored with its own approval. */
  readonly lostAt?: Date;
  /** TIER: the tier that was reached. */
  readonly tier?: PartnerTier | undefined;
  /** The dispute whose hold the caller ends. */
  readonly dispute?: string | undefined;
}

/** A refund that a changed item contains: the part of the sale and of the base that is refunded now. Negative for a part
 *  that a won dispute restores. */
export interface RefundNow {
  readonly sold: bigint;
  readonly base: bigint;
  /** For a restored part: what the lost dispute took back, and whether it was owed before. */
  readonly lost?: { readonly amount: bigint; readonly approved: boolean };
}

type Actor = Pick<Context, 'actor' | 'clock'>;

export interface Settled {
  /** Ids of the new lines, by item. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
  /** The REVERSAL of each refund, by item. */
  readonly reversals: ReadonlyMap<string, string>;
}

/** Brings all commissions to the owed amounts after a change of some items, by linked lines. The single place that changes what
 *  a recorded sale earns. The partners of the items must be locked. */
export async function settle(
  run: Run,
  ctx: Actor,
  changed: readonly StoredItem[],
  cause: Cause,
  refunds: ReadonlyMap<string, RefundNow> = new Map(),
): Promise<Settled> {
  const reckoning = await reckon(run, changed);
  const own = new Set(changed.map(({ id }) => id));
  const settled = await correct(run, ctx, [...reckoning.items.values()], cause, refunds, own);
  await store(run, reckoning);
  return settled;
}

/** Stores a reckoning, except items that are new. */
export async function store(run: Run, reckoning: Reckoning, isNew?: string): Promise<void> {
  const items = [...reckoning.items.values()].filter(({ item }) => item.id !== isNew);
  await storeItems(
    run,
    items.map(({ item, owed }) => ({
      ...item,
      owed: owed.amount,
      draft: owed.amount > 0n ? null : item.draft,
    })),
  );
  await storeSums(run, reckoning);
}

type Line = Pick<
  Commission,
  | 'id'
  | 'tenantId'
  | 'partnerId'
  | 'type'
  | 'status'
  | 'method'
  | 'rateBps'
  | 'rateSource'
  | 'perUnitMinor'
  | 'quantity'
  | 'tier'
  | 'source'
  | 'subscriptionId'
  | 'referralId'
  | 'conversionId'
  | 'product'
  | 'country'
  | 'reversesId'
  | 'adjustsId'
  | 'ruleId'
  | 'exchange'
  | 'saleCurrency'
  | 'roundingMode'
> & {
  readonly itemId: string;
  readonly amount: string;
  readonly base: string;
  readonly sale: string | null;
  readonly revenue: string;
  readonly customerId: string | null;
  readonly holdUntil: string | Date | null;
  readonly claimed: boolean;
  readonly approvedAt: string | Date | null;
  readonly createdAt: string | Date;
};

const linesOf = (run: Run, items: readonly string[]): Promise<Line[]> =>
  run(sql<Line>`
    with /* commissions.of_items */ locked as materialized (
      select c.id from commissions c where (c.id = any(${items}::uuid[]) or c.item_id = any(${items}::uuid[])) and c.carried_by is null
      order by c.id for no key update)
    select c.id, coalesce(c.item_id, c.id) as "itemId", c.tenant_id as "tenantId", c.partner_id as "partnerId", c.type, c.status, c.method,
      c.rate_bps as "rateBps", c.rate_source as "rateSource", c.per_unit_minor as "perUnitMinor", c.quantity, c.tier, c.source,
      c.subscription_id as "subscriptionId", c.referral_id as "referralId", c.conversion_id as "conversionId", c.product, c.country,
      c.reverses_id as "reversesId", c.adjusts_id as "adjustsId", c.rule_id as "ruleId", c.exchange, c.sale_currency as "saleCurrency",
      c.rounding_mode as "roundingMode", c.amount_minor::text as amount, c.base_minor::text as base, c.sale_minor::text as sale,
      c.revenue_minor::text as revenue, c.customer_id as "customerId", c.hold_until as "holdUntil", c.approved_at as "approvedAt",
      c.created_at as "createdAt",
      exists (select from payout_items p where p.commission_id = c.id and p.voided_at is null) as claimed
    from locked l join commissions c on c.id = l.id order by c.id`);

/** Writes the lines that bring items to what they are owed. `own` are the items that the cause concerns itself. */
export async function correct(
  run: Run,
  ctx: Actor,
  reckoned: readonly Reckoned[],
  cause: Cause,
  refunds: ReadonlyMap<string, RefundNow> = new Map(),
  own: ReadonlySet<string> = new Set(),
): Promise<Settled> {
  const changes = reckoned
    .filter(({ item, owed }) => owed.amount !== item.owed || refunds.has(item.id))
    .sort((a, b) => Number(refunds.has(b.item.id)) - Number(refunds.has(a.item.id)));
  const settled = { lines: new Map<string, string[]>(), reversals: new Map<string, string>() };
  if (changes.length === 0) return settled;
  const partners = [...new Set(changes.map(({ item }) => item.partnerId))];
  await run(sql`select 1 from partners where id = any(${partners}::uuid[]) order by id for share`);
  const lines = Map.groupBy(
    await linesOf(
      run,
      changes.map(({ item }) => item.id),
    ),
    ({ itemId }) => itemId,
  );
  const numbered = await ordersWithCommissions(run, changes);
  const made: NewLine[] = [];
  const closed: string[] = [];
  let restored: string | null = null; // the first changed item is the one that a won dispute restores
  for (const change of changes) {
    const { item } = change;
    const of = { ...cause, own: own.has(item.id), causeId: cause.causeId ?? restored };
    const drawn = draw(ctx, change, lines.get(item.id) ?? [], of, refunds.get(item.id));
    for (const line of drawn.made)
      if (line.id === item.id && !numbered.has(item.order)) {
        Object.assign(line, { lineNumber: 0 }); // metrics count an order by its first commission
        numbered.add(item.order);
      }
    restored ??= drawn.made.find(({ type }) => type === 'ADJUSTMENT')?.id ?? null;
    made.push(...drawn.made);
    closed.push(...drawn.closed);
    settled.lines.set(
      item.id,
      drawn.made.map(({ id }) => id as string),
    );
    const reversal = drawn.made.find(({ type }) => type === 'REVERSAL');
    if (reversal) settled.reversals.set(item.id, reversal.id as string);
  }
  const items = new Set(changes.map(({ item }) => item.id));
  const review = await reviewLater(
    run,
    ctx,
    made.filter(({ id }) => items.has(id ?? '')), // the first commissions of sales that earned nothing until now
  );
  for (let i = 0; i < made.length; i += 500) await insertCommissions(run, made.slice(i, i + 500));
  await review();
  const accrued = made.filter(({ approvedAt }) => approvedAt);
  await postAccruals(
    run,
    accrued.map(({ id, tenantId, partnerId, amount }) => ({ id: id as string, tenantId, partnerId, amount })),
    ctx.clock.now(),
  );
  if (closed.length > 0) {
    await run(sql`
      update commissions set status = 'REVERSED', updated_at = now(), reason = coalesce(${cause.reason ?? null}, reason)
      where id = any(${closed}::uuid[]) and status <> 'REVERSED'`);
    await run(sql`
      update commission_holds set released_by = ${ctx.actor.id}, released_at = ${ctx.clock.now()}::timestamptz, release_reason = ${cause.reason ?? null},
        ended_with_line = true
      where commission_id = any(${closed}::uuid[]) and released_at is null and id is distinct from ${cause.dispute ?? null}::uuid`);
  }
  return settled;
}

/** The cause as it concerns one item. */
type CauseOf = Cause & Pick<Change, 'own'>;

/** Returns the orders that have a first commission already. */
async function ordersWithCommissions(run: Run, changes: readonly Reckoned[]): Promise<Set<string>> {
  const orders = changes.filter(({ item }) => item.draft !== null).map(({ item }) => item.order);
  if (orders.length === 0) return new Set();
  const partners = changes.map(({ item }) => item.partnerId);
  const rows = await run(sql<{ order: string }>`
    select distinct i.purchase as "order" from sale_items i join commissions c on c.id = i.id and c.line_number = 0
    where i.purchase = any(${orders}::text[]) and i.partner_id = any(${partners}::uuid[])`);
  return new Set(rows.map(({ order }) => order));
}

const GONE = new Set(['REJECTED', 'REVERSED']);
const isCorrection = ({ reversesId, type, amount }: Line): boolean =>
  reversesId !== null || (type === 'TRUE_UP' && BigInt(amount) < 0n);

/** Returns the new lines of one item, and the lines that they cancel whole. */
function draw(
  { actor, clock }: Actor,
  { item, owed }: Reckoned,
  lines: readonly Line[],
  cause: CauseOf,
  refund: RefundNow | undefined,
): { made: NewLine[]; closed: string[] } {
  const adding = lines.filter((line) => !isCorrection(line));
  const own = lines.find(({ id }) => id === item.id);
  const correctionsOf = (id: string) =>
    lines.filter((line) => isCorrection(line) && (line.reversesId ?? line.adjustsId) === id);
  const live = adding.filter(({ status }) => !GONE.has(status));
  const netOf = (line: Line) =>
    correctionsOf(line.id).reduce(
      (sum, { amount, status }) => (GONE.has(status) ? sum : sum + BigInt(amount)),
      BigInt(line.amount),
    );
  const earned: Earned[] = live.map((line) => ({
    id: line.id,
    amount: BigInt(line.amount),
    net: netOf(line),
  }));
  // A won dispute is restored by an ADJUSTMENT, which is refunded in place of the commission from then on.
  const standing = adding.findLast(({ type, status }) => type !== 'TRUE_UP' && status !== 'REJECTED');
  const before = standing ? correctionsOf(standing.id).reduce((sum, { base }) => sum - BigInt(base), 0n) : 0n;
  const refunded =
    refund && refund.sold > 0n && standing
      ? { of: standing.id, base: BigInt(standing.base), refunded: before + refund.base }
      : null;
  const { reversal, less, more } = corrections(
    earned,
    owed.amount,
    (numerator, denominator) => divide(numerator, denominator, item.roundingMode),
    refunded,
  );

  const made: NewLine[] = [];
  const closed: string[] = [];
  const computation = ({ quantity }: Line) =>
    serializeComputed(
      computedOf(item, owed, { product: item.product, quantity: quantity ?? 1 }),
      changeOf(cause, item.owed, owed.amount),
    );
  const add = (of: Line, minor: bigint, columns: Partial<NewLine> & Pick<NewLine, 'type'>) => {
    const isLess = columns.type === 'REVERSAL' || minor < 0n;
    const mates = correctionsOf(of.id);
    const isOwed = of.status === 'APPROVED';
    const isGone = GONE.has(of.status);
    const wholly =
      columns.type === 'REVERSAL' ? refunded !== null && refunded.refunded >= refunded.base : true;
    const closes =
      isLess &&
      (isGone || (wholly && netOf(of) + minor === 0n && ![of, ...mates].some(({ claimed }) => claimed)));
    if (closes && !isGone)
      closed.push(of.id, ...mates.filter(({ status }) => !GONE.has(status)).map(({ id }) => id));
    const approved = isOwed && isLess;
    made.push({
      ...baseLine(item, of, cause, actor.id),
      computation: computation(of),
      amount: money(minor, item.currency),
      status: closes ? 'REVERSED' : approved ? 'APPROVED' : 'PENDING',
      approvedAt: approved ? clock.now() : null,
      approvedBy: approved ? actor.id : null,
      holdUntil: isLess || approved ? null : laterOf(of.holdUntil, cause.holdUntil),
      ...columns,
    });
  };
  if (refund && standing && refund.sold > 0n)
    add(standing, -reversal, {
      ...{ type: 'REVERSAL', reversesId: standing.id, adjustsId: null },
      ...partOfSale(item, standing, refund),
      reason: cause.reason ?? null,
    });
  for (const { of, amount } of less) {
    const line = lines.find(({ id }) => id === of) as Line;
    add(line, -amount, { type: 'TRUE_UP', adjustsId: of });
  }
  let added = more;
  let raised = standing ?? own;
  const restore = (of: Line, taken: bigint, isOwed: boolean, columns: Partial<NewLine>): string => {
    const minor = taken < added ? taken : added;
    added -= minor;
    const line = {
      ...baseLine(item, of, cause, actor.id),
      computation: computation(of),
      ...{ type: 'TRUE_UP' as const, status: isOwed ? ('APPROVED' as const) : ('PENDING' as const) },
      ...{ adjustsId: of.id, amount: money(minor, item.currency) },
      approvedAt: isOwed ? clock.now() : null,
      approvedBy: isOwed ? actor.id : null,
      holdUntil: isOwed || of.holdUntil === null ? null : new Date(of.holdUntil),
      ...columns,
    };
    made.push(line);
    return line.id;
  };
  if (refund?.lost && standing) {
    const columns = { ...partOfSale(item, standing, refund), reason: cause.reason ?? null };
    const id = restore(standing, refund.lost.amount, refund.lost.approved, {
      type: 'ADJUSTMENT',
      ...columns,
    });
    raised = { ...standing, id };
  }
  // Each commission has an approval and holds of its own, so it is restored by a commission of its own.
  for (const of of cause.lostAt ? adding : []) {
    if (of.id === standing?.id && refund?.lost) continue;
    const amount = correctionsOf(of.id)
      .filter(({ createdAt }) => new Date(createdAt).getTime() === cause.lostAt?.getTime())
      .reduce((sum, each) => sum - BigInt(each.amount), 0n);
    if (amount > 0n && added > 0n) restore(of, amount, of.approvedAt !== null, {});
  }
  if (added > 0n) {
    if (own && raised)
      add(raised, added, {
        ...{ type: 'TRUE_UP', adjustsId: raised.id },
        ...(cause.tier && { tier: cause.tier, rateBps: owed.terms.rateBps }),
      });
    else if (item.draft) made.push(firstLine(item, owed, cause, actor.id));
  }
  return { made, closed };
}

const changeOf = ({ why, order, own }: CauseOf, from: bigint, to: bigint): Change => ({
  from,
  to,
  why,
  order,
  own,
});

/** Returns the columns of the part of a sale that a refund takes back, or that a won dispute restores. */
const partOfSale = (item: StoredItem, standing: Line, { base, sold }: RefundNow) => ({
  baseAmount: money(-base, item.currency),
  revenueMinor: hasRevenue(standing) ? -sold : 0n,
  saleMinor: standing.saleCurrency == null ? null : -sold,
  saleCurrency: standing.saleCurrency ?? null,
  exchange: standing.exchange ?? null,
  referralId: standing.referralId ?? null,
  conversionId: standing.conversionId ?? null,
});

/** A BONUS has no revenue. The revenue of a conversion is counted with the conversion, and its refunds here. */
const hasRevenue = ({ revenue, conversionId }: Line): boolean => revenue !== '0' || conversionId !== null;

const laterOf = (a: string | Date | null, b: Date | null | undefined): Date | null => {
  if (a === null) return b ?? null;
  const first = new Date(a);
  return b && b > first ? b : first;
};

const baseLine = (item: StoredItem, of: Line, cause: Cause, actorId: string) => ({
  ...{ id: v7(), itemId: item.id, tenantId: item.tenantId, partnerId: item.partnerId, causedBy: actorId },
  causeId: cause.causeId ?? null,
  customerId: of.customerId,
  ...{ method: of.method, rateBps: of.rateBps ?? null, rateSource: of.rateSource ?? null, tier: of.tier },
  ...{ perUnitMinor: of.perUnitMinor ?? null, quantity: of.quantity ?? null, source: of.source },
  ...{ subscriptionId: of.subscriptionId ?? null, ruleId: of.ruleId ?? null, roundingMode: of.roundingMode },
  ...{ product: of.product ?? null, country: of.country ?? null },
  baseAmount: money(0n, item.currency),
  revenueMinor: 0n,
  occurredAt: cause.at < item.at ? item.at : cause.at,
  reason: sentenceOf(cause),
});

/** Returns the commission of an item that earned nothing until now. */
function firstLine(item: StoredItem, owed: Reckoned['owed'], cause: CauseOf, actorId: string): NewLine {
  const draft = item.draft as NonNullable<StoredItem['draft']>;
  const base = item.base - item.refunded;
  const { amount } = owed;
  const computed = computedOf(item, owed, { product: item.product, quantity: draft.quantity ?? 1 });
  const { method, rateBps, flat, level } = computed;
  return {
    ...draft,
    ...{ id: item.id, causedBy: actorId, causeId: cause.causeId ?? null },
    saleMinor: draft.saleCurrency == null ? null : item.sold - item.soldRefunded,
    baseAmount: money(base, item.currency),
    amount: money(amount, item.currency),
    revenueMinor: draft.conversionId ? 0n : item.sold - item.soldRefunded,
    ...{
      method,
      rateBps: method === 'PERCENTAGE' ? rateBps : null,
      rateSource: draft.rateSource ? level : null,
    },
    ...{ perUnitMinor: flat?.perUnit ?? null, quantity: flat?.quantity ?? null },
    ruleId: owed.terms.rule?.id ?? null,
    computation: serializeComputed(computed, changeOf(cause, 0n, amount)),
    reason: sentenceOf(cause),
  };
}

const OF_ORDER = {
  SALE: 'recorded',
  REFUND: 'refunded',
  REJECTION: 'rejected',
  DISPUTE: 'disputed',
} as const;

/** Returns why the amount of another order's commission changes. */
function sentenceOf({ why, order }: Cause): string | null {
  if (why === 'TIER') return 'The partner reached another tier, with effect for this sale.';
  if (why === 'RATE') return 'The exchange rate of this sale was entered.';
  const what = order === null ? 'another sale' : `order ${order}`;
  return `What this sale earns changed, because ${what} was ${OF_ORDER[why]}.`;
}
