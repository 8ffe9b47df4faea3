import {
  type AttributionModel,
  type AttributionTerms,
  type AttributionUnit,
  attribute,
  barOf,
  isBarred,
  type PathTouch,
  pathOf,
  type TouchExcluded,
  type TouchFacts,
} from '../../../domain/attribution.ts';
import type { FlatRefund } from '../../../domain/commission.ts';
import { type Computed, parseComputed, type StoredComputed } from '../../../domain/computed.ts';
import { invalid } from '../../../domain/errors.ts';
import { type EnteredRate, exchange, rateInto } from '../../../domain/exchange.ts';
import { divide, MAX_MINOR, money, split } from '../../../domain/money.ts';
import {
  type Before,
  isLeft,
  owedFor,
  type Placed,
  placedAsSettled,
  type SaleItem,
  type Terms,
} from '../../../domain/owed.ts';
import type { PartnerTier } from '../../../domain/partner.ts';
import { decideFor, type Facts, rescaled, type SaleParts, termsOf } from '../../../domain/terms.ts';
import { query } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import { transact, within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { digits } from '../../../kernel/request/currency.ts';
import { rateOn } from '../../programs/exchange-rates/public.ts';
import { type Program, programOf } from '../../programs/program/public.ts';

import { isCustomerSql } from '../../tracking/attribution/public.ts';
import { itemsWhere, type StoredItem, UNRECORDED } from '../commission/public.ts';
import { type SimulatedTerms, simulatedTerms } from '../simulations/public.ts';

export interface ReplayInput {
  readonly from: string;
  readonly to: string;
  readonly model?: AttributionModel | null;
  readonly unit?: AttributionUnit | null;
  readonly windowDays?: number | null;
}

export interface ReplayedPartner {
  readonly partnerId: string;
  readonly currency: string;
  readonly now: bigint;
  readonly replayed: bigint;
}

export interface Replay {
  readonly terms: AttributionTerms;
  readonly sales: number;
  readonly changed: number;
  readonly late: number;
  readonly unknown: number;
  /** By currency, largest gain first. */
  readonly partners: readonly ReplayedPartner[];
}

const PAGE = 500;
const MOST = 20_000;
const DAY_MS = 86_400_000;
const LOOK_BACK_DAYS = 400;
const TOUCHES = 1_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

/** Computes the commissions of past sales by partner under another model, unit or window. Writes nothing. An unchanged
 *  share keeps its commission and refunds. A changed share is computed by the terms of its day; bands and caps start from the
 *  sums that were stored with its commission. A share that was refused or rejected earns nothing. Late clicks are included. */
export async function replayAttribution(ctx: Context, input: ReplayInput): Promise<Replay> {
  if (input.to < input.from) throw invalid('input.to', 'must not be before from');
  const tenantId = ctx.actor.tenantId ?? '';
  const next = dayAfter(input.to);
  const { program, terms } = await transact(ctx, async (em) => {
    const program = await programOf(em, tenantId);
    return { program, terms: await simulatedTerms(em, program, {}, { month: input.from, next }) };
  });
  const model = input.model ?? program.attributionModel;
  const unit = input.unit ?? program.attributionUnit;
  const span: Span = { tenantId, timeZone: program.timeZone, from: input.from, next };
  const [counted] = await query(ctx, sql<{ count: number }>`select count(*)::int as count ${inSpan(span)}`);
  if (counted && counted.count > MOST)
    throw invalid('input.to', `must be earlier: the period has more than ${MOST} sales`);

  const sums = new Map<string, { now: bigint; replayed: bigint }>();
  const weighing = new Weighing(ctx, program, terms);
  let [sales, changed, late, unknown] = [0, 0, 0, 0];
  for (let last = FIRST; ; ) {
    const page = await pageOf(ctx, span, last);
    const end = page.at(-1);
    if (!end) break;
    last = end.id;
    await weighing.know(page);
    for (const sale of page) {
      sales++;
      if (sale.basis === null) unknown++;
      if (sale.touches.some((touch) => touch.late)) late++;
      const then = sharesOf(sale, { model, unit }, input.windowDays ?? null);
      const differs = [...new Set([...sale.shares.keys(), ...then.keys()])].filter(
        (partner) => (sale.shares.get(partner) ?? 0n) !== (then.get(partner) ?? 0n),
      );
      if (differs.length) changed++;
      const refunds = refundsOf(sale, then);
      for (const partner of new Set([...sale.lines.map(({ item }) => item.partnerId), ...then.keys()])) {
        const items = sale.lines.flatMap(({ item }) => (item.partnerId === partner ? [item] : []));
        for (const { currency, owed } of items) add(sums, partner, currency, { now: owed });
        if (!differs.includes(partner))
          for (const { currency, owed } of items) add(sums, partner, currency, { replayed: owed });
        else {
          const made = then.has(partner)
            ? await weighing.earn(sale, partner, then, refunds.get(partner) ?? 0n)
            : null;
          if (made) add(sums, partner, made.currency, { replayed: made.minor });
        }
      }
    }
  }
  const partners = [...sums].map(([key, sum]) => {
    const [partnerId = '', currency = ''] = key.split(' ');
    return { partnerId, currency, ...sum };
  });
  const gain = (each: ReplayedPartner) => each.replayed - each.now;
  partners.sort((x, y) => {
    if (x.currency !== y.currency) return x.currency < y.currency ? -1 : 1;
    if (gain(x) !== gain(y)) return gain(x) < gain(y) ? 1 : -1;
    return x.partnerId < y.partnerId ? -1 : 1;
  });
  return { terms: { model, unit }, sales, changed, late, unknown, partners };
}

function add(
  sums: Map<string, { now: bigint; replayed: bigint }>,
  partnerId: string,
  currency: string,
  { now = 0n, replayed = 0n }: { now?: bigint; replayed?: bigint },
): void {
  const key = `${partnerId} ${currency}`;
  const sum = sums.get(key) ?? { now: 0n, replayed: 0n };
  sums.set(key, { now: sum.now + now, replayed: sum.replayed + replayed });
}

/** What a partner earned on a sale. */
interface Line {
  readonly item: StoredItem;
  readonly exchange: EnteredRate | null;
  /** The newest computation of the commission. Null when the item has no commission. */
  readonly computed: Computed | null;
}

interface ReplayedTouch extends PathTouch {
  readonly late: boolean;
}

interface PastSale {
  readonly id: string;
  readonly partnerId: string;
  readonly at: Date;
  readonly day: string;
  readonly minor: bigint;
  readonly currency: string;
  /** Null when the path was not stored. */
  readonly basis: string | null;
  readonly named: string | null;
  readonly shares: ReadonlyMap<string, bigint>;
  readonly touches: readonly ReplayedTouch[];
  readonly lines: readonly Line[];
}

interface Span {
  readonly tenantId: string;
  readonly timeZone: string;
  readonly from: string;
  readonly next: string;
}

const inSpan = ({ tenantId, timeZone, from, next }: Span): Sql => sql`
  from conversions v where v.tenant_id = ${tenantId} and v.part_of is null and not v.is_trial
    and v.occurred_at >= ${from}::date::timestamp at time zone ${timeZone} and v.occurred_at < ${next}::date::timestamp at time zone ${timeZone}`;

/** Returns the next sales, each with its stored path, its late clicks and its commissions. */
async function pageOf(ctx: Context, span: Span, last: string): Promise<PastSale[]> {
  const rows = await query(
    ctx,
    sql<Row>`
    with /* attribution.replayed */ sale as (
      select v.*, (v.occurred_at at time zone ${span.timeZone})::date as day ${inSpan(span)}
        and v.id > ${last} order by v.id limit ${sql.raw(PAGE)})
    select s.id, s.partner_id as "partnerId", s.occurred_at as at, s.day, s.amount_currency as currency, a.sale_minor as "saleMinor",
      s.amount_minor as minor, a.basis, a.named_touch as named, coalesce(a.shares, '{}') as shares, coalesce(a.touches, '[]') as touches,
      coalesce(late.touches, '[]') as late, coalesce(l.lines, '[]') as lines
    from sale s
    join customers k on k.id = s.customer_id
    join referrals f on f.id = s.referral_id
    left join lateral (
      select max(a.sale_minor) as sale_minor, max(a.basis) as basis, max(a.named_touch::text) as named_touch,
        jsonb_object_agg(a.partner_id, a.share_minor::text) as shares,
        (select jsonb_agg(t || jsonb_build_object('partnerId', x.partner_id)) from attribution_shares x, jsonb_array_elements(x.touches) t
          where x.sale_id = s.id) as touches
      from attribution_shares a where a.sale_id = s.id having count(*) > 0) a on true
    left join lateral (
      select jsonb_agg(jsonb_build_object('id', t.id, 'partnerId', t.partner_id, 'clickedAt', t.clicked_at, 'bot', t.bot,
          'self', ${isCustomerSql(sql`t.partner_id`, { customerId: sql`k.external_id` })},
          'until', coalesce(r.expires_at, t.clicked_at + coalesce(c.cookie_days, 30) * interval '24 hours'),
          'outside', sells_outside(t.partner_id, (select min(c.country) from commissions c where c.conversion_id = s.id)),
          'active', partner_was_active(t.partner_id, t.clicked_at) and partner_was_active(t.partner_id, s.occurred_at))) as touches
      from (select * from touches t where t.tenant_id = s.tenant_id and t.visitor_id = f.visitor_id and t.clicked_at <= s.occurred_at
          and t.clicked_at > s.occurred_at - ${sql.raw(LOOK_BACK_DAYS)} * interval '1 day' and t.created_at > s.created_at - interval '1 minute'
        order by t.clicked_at desc, t.id desc limit ${sql.raw(TOUCHES)}) t
      left join affiliate_configs c on c.partner_id = t.partner_id left join referrals r on r.id = t.id
      where a.basis in ('CLICK', 'REPEAT')) late on true
    left join lateral (
      select jsonb_agg(jsonb_build_object('id', i.id, 'exchange', coalesce(c.exchange, i.draft->'exchange'), 'computed', n.computation)
          order by i.seq) as lines
      from conversions v join sale_items i on i.conversion_id = v.id left join commissions c on c.id = i.id
      left join lateral (select x.computation from commissions x where (x.id = i.id or x.item_id = i.id) and x.computation is not null
        order by x.id desc limit 1) n on true
      where v.id = s.id or v.part_of = s.id) l on true
    order by s.id`,
  );
  const ids = rows.flatMap(({ lines }) => lines.map(({ id }) => id));
  const items = ids.length
    ? await itemsWhere((statement) => query(ctx, statement), sql`i.id = any(${ids}::uuid[])`)
    : [];
  const byId = new Map(items.map((item) => [item.id, item]));
  return rows.map((row) => read(row, byId));
}

interface KeptTouch {
  readonly id: string;
  readonly partnerId: string;
  readonly clickedAt: string;
  readonly until: string;
  readonly excluded: TouchExcluded | null;
}

type LateTouch = Omit<KeptTouch, 'excluded'> & TouchFacts;

interface StoredLine {
  readonly id: string;
  readonly exchange: EnteredRate | null;
  readonly computed: StoredComputed | null;
}

interface Row
  extends Pick<PastSale, 'id' | 'partnerId' | 'at' | 'day' | 'currency' | 'minor' | 'basis' | 'named'> {
  readonly saleMinor: bigint | null;
  readonly shares: Record<string, string>;
  readonly touches: KeptTouch[];
  readonly late: LateTouch[];
  readonly lines: StoredLine[];
}

function read(row: Row, items: ReadonlyMap<string, StoredItem>): PastSale {
  const { id, partnerId, at, day, currency, saleMinor, minor, basis, named, shares, touches, late, lines } =
    row;
  const known = new Set(touches.map((touch) => touch.id));
  const touch = (each: Pick<KeptTouch, 'id' | 'partnerId' | 'clickedAt' | 'until'>) => ({
    id: each.id,
    partnerId: each.partnerId,
    at: new Date(each.clickedAt),
    until: new Date(each.until),
  });
  return {
    ...{ id, partnerId, at, day, currency, basis, named, minor: saleMinor ?? minor },
    shares: new Map(
      basis === null
        ? [[partnerId, minor]]
        : Object.entries(shares).map(([key, value]) => [key, BigInt(value)]),
    ),
    touches: [
      ...touches.map((each) => ({
        ...touch(each),
        late: false,
        // The time of the touch is checked again under the new window.
        excluded: each.excluded === 'WINDOW' || each.excluded === 'AFTER' ? null : each.excluded,
      })),
      ...late
        .filter((each) => !known.has(each.id))
        .map((each) => ({
          ...touch(each),
          late: true,
          excluded: barOf(each),
        })),
    ],
    lines: lines.flatMap(({ id, exchange, computed }) => {
      const item = items.get(id);
      return item ? [{ item, exchange, computed: computed && parseComputed(computed) }] : [];
    }),
  };
}

/** Returns the shares of a sale under other terms. A sale that is not attributed by clicks keeps its shares. */
function sharesOf(
  sale: PastSale,
  terms: AttributionTerms,
  windowDays: number | null,
): ReadonlyMap<string, bigint> {
  if (sale.basis !== 'CLICK' && sale.basis !== 'REPEAT') return sale.shares;
  const touches = sale.touches.map((touch) =>
    windowDays === null ? touch : { ...touch, until: new Date(touch.at.getTime() + windowDays * DAY_MS) },
  );
  const { shares, closing } = attribute(sale.minor, pathOf(touches, sale.at, sale.named), terms);
  const named = touches.find(({ id }) => id === sale.named);
  if (!closing || (terms.model === 'LAST' && named && !isBarred(named.excluded)))
    return new Map([[sale.partnerId, sale.minor]]);
  return new Map(shares.filter(({ minor }) => minor > 0n).map(({ partnerId, minor }) => [partnerId, minor]));
}

/** Divides the refunded amount of the sale over its shares. */
function refundsOf(sale: PastSale, shares: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const refunded = sale.lines.reduce((sum, { item }) => sum + item.soldRefunded, 0n);
  const partners = [...shares.keys()];
  const parts = split(
    money(refunded, ''),
    partners.map((partner) => shares.get(partner) ?? 0n),
  );
  return new Map(partners.map((partner, index) => [partner, parts[index]?.minor ?? 0n]));
}

interface Standing {
  readonly tier: PartnerTier;
  readonly from: Date;
}

interface Known {
  readonly currency: string;
  readonly minimum: { readonly minor: bigint; readonly currency: string } | null;
  readonly standings: readonly Standing[];
}

/** Computes the commission of a share of a sale by the partner's terms of that day. */
class Weighing {
  readonly #ctx: Context;
  readonly #program: Program;
  readonly #terms: SimulatedTerms;
  readonly #partners = new Map<string, Known>();
  readonly #rates = new Map<string, EnteredRate | null>();

  constructor(ctx: Context, program: Program, terms: SimulatedTerms) {
    this.#ctx = ctx;
    this.#program = program;
    this.#terms = terms;
  }

  /** Reads the terms of the partners of a page. */
  async know(page: readonly PastSale[]): Promise<void> {
    const asked = new Set(
      page.flatMap(({ touches, partnerId }) => [partnerId, ...touches.map((t) => t.partnerId)]),
    );
    const ids = [...asked].filter((id) => !this.#partners.has(id));
    if (ids.length === 0) return;
    const rows = await query(
      this.#ctx,
      sql<{
        id: string;
        currency: string;
        minor: bigint | null;
        of: string;
        standings: { tier: PartnerTier; from: string }[];
      }>`
        select p.id, p.currency, c.minimum_purchase_minor as minor, c.minimum_purchase_currency as of,
          (select jsonb_agg(jsonb_build_object('tier', h.tier, 'from', h.effective_at) order by h.effective_at, h.id)
            from partner_history h where h.partner_id = p.id) as standings
        from partners p left join affiliate_configs c on c.partner_id = p.id and p.partner_type = 'AFFILIATE' where p.id = any(${ids})`,
    );
    for (const { id, currency, minor, of, standings } of rows)
      this.#partners.set(id, {
        currency,
        minimum: minor === null ? null : { minor, currency: of },
        standings: standings.map(({ tier, from }) => ({ tier, from: new Date(from) })),
      });
  }

  /** Returns what a partner earns on its share of a sale. */
  async earn(
    sale: PastSale,
    partnerId: string,
    shares: ReadonlyMap<string, bigint>,
    refunded: bigint,
  ): Promise<{ minor: bigint; currency: string } | null> {
    const partner = this.#partners.get(partnerId);
    if (!partner) return null;
    const line = sale.lines.find(({ item }) => item.partnerId === partnerId);
    if (line && (line.item.refused !== null || line.item.out || !line.item.isRated)) return null;
    const currency =
      line?.item.currency ?? (this.#program.settlement === 'PARTNER' ? partner.currency : sale.currency);
    const mode = line?.item.roundingMode ?? this.#program.roundingMode;
    const worth = async (to: string): Promise<bigint | null> => {
      if (to === sale.currency) return sale.minor;
      const rate = (to === currency && line?.exchange) || (await this.#rate(sale, to));
      const of = { currency: to, digits: digits(to), fromDigits: digits(sale.currency) };
      if (!rate) return null;
      const { minor } = exchange(money(sale.minor, sale.currency), rateInto(rate, to), of, mode);
      return minor > MAX_MINOR ? null : minor;
    };
    const purchase = await worth(currency);
    if (purchase === null) return null; // without a usable exchange rate the share has no amount
    if (!line && partner.minimum) {
      const compared = await worth(partner.minimum.currency);
      if (compared === null || compared < partner.minimum.minor) return null;
    }

    // The partner of the referral comes first, as in the sale.
    const others = [...shares].filter(([id]) => id !== sale.partnerId);
    const parts = [[sale.partnerId, shares.get(sale.partnerId) ?? 0n] as const, ...others];
    const scale: SaleParts = {
      of: 'PARTNERS',
      parts: parts.map(([, minor]) => minor),
      index: parts.findIndex(([id]) => id === partnerId),
    };
    const sold = shares.get(partnerId) ?? 0n;
    const base = split(money(purchase, currency), scale.parts)[scale.index]?.minor ?? 0n;
    const taken = sold === 0n ? 0n : divide(base * refunded, sold, mode);
    const placed = line
      ? placedAsSettled(line.item)
      : this.#place(sale, partnerId, partner, { base, currency, purchase, scale });
    const item = { ...placed.item, base, refunded: taken < base ? taken : base };
    const terms = rescaled(placed.terms, scale);
    return {
      minor: owedFor({ ...placed, item, terms }, before(item, terms, line?.computed)).amount,
      currency,
    };
  }

  /** Returns the share of a partner who had none, by the terms of that day. */
  #place(
    sale: PastSale,
    partnerId: string,
    { standings }: Known,
    {
      base,
      currency,
      purchase,
      scale,
    }: Pick<Facts, 'purchase' | 'scale'> & { base: bigint; currency: string },
  ): Placed {
    const { at, day, id } = sale;
    const { timeZone, roundingMode, flatRefund } = this.#program;
    const { now } = this.#terms;
    const like = sale.lines[0]?.item;
    const facts: Facts = {
      ...{ type: 'SIGNUP', country: like?.facts?.country ?? null, quantity: like?.facts?.quantity ?? 1 },
      ...{ tier: standings.findLast(({ from }) => from <= at)?.tier ?? 'BRONZE', purchase, scale },
    };
    const decided = decideFor(
      { facts, product: like?.product ?? null, base, currency, at, hasCustomer: true },
      now.rulesFor(partnerId, at),
      { line: null, partner: now.partnerRate(partnerId), tier: now.tierRate(facts.tier, at) },
    );
    const terms = termsOf(decided.first, facts, []); // only a first purchase is split
    const item = {
      ...{ id, partnerId, customerId: null, order: id, at, seq: UNRECORDED, day, timeZone },
      ...{ currency, base, refunded: 0n, out: false, roundingMode, flatRefund: flatRefund as FlatRefund },
      ...{ terms, returning: null },
    };
    return { item, terms, limited: null };
  }

  async #rate({ currency, day }: PastSale, to: string): Promise<EnteredRate | null> {
    const key = `${currency} ${to} ${day}`;
    let rate = this.#rates.get(key);
    if (rate === undefined) {
      rate =
        (await rateOn(within(this.#ctx.em), this.#program.tenantId, { from: currency, to, day })) ?? null;
      this.#rates.set(key, rate);
    }
    return rate;
  }
}

/** Returns the sums before an item, as they were stored with its commission. */
function before(item: SaleItem, { rule, tiered }: Terms, computed: Computed | null | undefined): Before {
  const left = isLeft(item) ? item.base - item.refunded : 0n;
  const was = computed?.bands ? computed.base - computed.refunded : 0n;
  const base = computed?.bands?.before ?? 0n;
  return {
    sums: () => ({ base, owed: 0n, versions: new Map([[rule?.id ?? '', { base, owed: 0n, tiered }]]) }),
    total: () => (computed?.bands?.total ?? 0n) - was + left,
    used: () => computed?.cap?.used ?? 0n,
  };
}

function dayAfter(day: string): string {
  const next = new Date(`${day}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().slice(0, 10);
}
