import type { FlatRefund } from '../../../domain/commission.ts';
import type { RoundingMode } from '../../../domain/money.ts';
import {
  isCounting,
  isWindowed,
  type Purchase,
  placedAsSettled,
  type Settled,
  type Terms,
} from '../../../domain/owed.ts';
import { type Facts, NO_TERMS, type OrderProducts } from '../../../domain/terms.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import type { Commission, UnratedSale } from './commission.entity.ts';
import type { NewLine } from './insert-commissions.ts';

/** The commission of an item that earns nothing yet, without its amounts. */
type Draft = Omit<NewLine, 'amount' | 'baseAmount' | 'revenueMinor' | 'computation' | 'id'>;

/** A stored item: its facts, and how it stands since it was last settled. */
export interface StoredItem extends Settled {
  readonly tenantId: string;
  readonly orderId: string | null;
  readonly conversionId: string | null;
  readonly lineNumber: number;
  readonly product: string | null;
  /** The sale in its own currency, and its refunded part. */
  readonly sold: bigint;
  readonly soldCurrency: string;
  readonly soldRefunded: bigint;
  /** False while the exchange rate is missing. */
  readonly isRated: boolean;
  /** What the commissions of the item sum to. */
  readonly owed: bigint;
  /** True when the item counts as a purchase of its customer. */
  readonly isPurchase: boolean;
  /** Why the item never earns. Null: it may earn. */
  readonly refused: string | null;
  /** What its terms were decided by. Null for an item that never earns, and while the exchange rate is missing. */
  readonly facts: Facts | null;
  readonly ruleKey: string | null;
  /** True for a new sale without a given time: it is later than the recorded ones. */
  readonly isNow?: boolean;
  readonly draft: Draft | null;
}

const AMOUNTS = new Set(['limit', 'perUnit', 'amount', 'from', 'part', 'whole']);

/** Returns JSON with amounts as text. */
const jsonOf = (value: object): string =>
  JSON.stringify(value, (_, value) => (typeof value === 'bigint' ? `${value}` : value));

const readTerms = (text: string): Terms =>
  JSON.parse(text, (key, value) => (AMOUNTS.has(key) && typeof value === 'string' ? BigInt(value) : value));

/** Returns an item as one of its customer's purchases, which are compared by the amounts of the sale. */
export const asPurchase = (item: StoredItem): Purchase => ({
  ...{ id: item.id, order: item.order, partnerId: item.partnerId, at: item.at, seq: item.seq },
  ...{ base: item.sold, refunded: item.soldRefunded, out: item.out },
});

/** Returns the insert of new items, as part of a query. */
export function insertItems(items: readonly StoredItem[]): Sql {
  const rows = items.map((item) => ({
    ...{ id: item.id, tenant_id: item.tenantId, created_at: new Date(), partner_id: item.partnerId },
    ...{ customer_id: item.customerId, purchase: item.order, order_id: item.orderId },
    ...{ conversion_id: item.conversionId, line_number: item.lineNumber, product: item.product },
    ...{ occurred_at: item.at, day: item.day, time_zone: item.timeZone, sold_minor: `${item.sold}` },
    ...{ sold_currency: item.soldCurrency, refunded_minor: `${item.soldRefunded}` },
    base_minor: item.isRated ? `${item.base}` : null,
    ...{ base_refunded: `${item.refunded}`, owed_currency: item.currency, owed_minor: `${item.owed}` },
    ...{ rounding_mode: item.roundingMode, flat_refund: item.flatRefund, is_purchase: item.isPurchase },
    ...{ is_out: item.out, refused: item.refused, is_returning: item.isReturning, limited: item.limited },
    ...{ rule_key: item.ruleKey, is_windowed: isWindowed(item), is_counting: countsNow(item) },
    terms: item.isRated ? item.terms : null,
    ...{ returning_terms: item.returning, facts: item.facts, draft: item.draft },
  }));
  const names = sql.raw(Object.keys(rows[0] ?? {}).join(', '));
  return sql`insert into sale_items (${names}) select ${names}
    from jsonb_populate_recordset(null::sale_items, ${jsonOf(rows)}::jsonb)`;
}

const countsNow = (item: StoredItem): boolean => isCounting(placedAsSettled(item).terms);

interface Row
  extends Omit<StoredItem, 'at' | 'seq' | 'base' | 'refunded' | 'terms' | 'returning' | 'isRated' | Big> {
  readonly at: string | Date;
  readonly seq: string;
  readonly base: string | null;
  readonly refunded: string;
  readonly sold: string;
  readonly soldRefunded: string;
  readonly owed: string;
  readonly flatRefund: FlatRefund;
  readonly roundingMode: RoundingMode;
  /** Empty without terms. */
  readonly termsKey: string;
  readonly returningKey: string | null;
  /** Null where an earlier row has the same terms. */
  readonly termsText: string | null;
  readonly returningText: string | null;
}
type Big = 'sold' | 'soldRefunded' | 'owed';

/** Returns the items that meet a condition on `sale_items i`. Each form of terms is sent and read once. */
export async function itemsWhere(run: Run, condition: Sql): Promise<StoredItem[]> {
  const rows = await run(sql<Row>`
    select /* sale_items.read */ i.id, i.tenant_id as "tenantId", i.partner_id as "partnerId", i.customer_id as "customerId", i.purchase as "order",
      i.order_id as "orderId", i.conversion_id as "conversionId", i.line_number as "lineNumber", i.product, i.occurred_at as at,
      i.seq::text as seq, i.day::text as day, i.time_zone as "timeZone", i.sold_minor::text as sold, i.sold_currency as "soldCurrency",
      i.refunded_minor::text as "soldRefunded", i.base_minor::text as base, i.base_refunded::text as refunded,
      i.owed_currency as currency, i.owed_minor::text as owed, i.rounding_mode as "roundingMode", i.flat_refund as "flatRefund",
      i.is_purchase as "isPurchase", i.is_out as "out", i.refused, i.is_returning as "isReturning", i.limited, i.rule_key as "ruleKey",
      i.draft, i.facts, i.terms_key as "termsKey", i.returning_key as "returningKey",
      case when row_number() over (partition by i.terms_key) = 1 then i.terms::text end as "termsText",
      case when row_number() over (partition by i.returning_key) = 1 then i.returning_terms::text end as "returningText"
    from (select i.*, coalesce(md5(i.terms::text), '') as terms_key, md5(i.returning_terms::text) as returning_key
      from sale_items i where ${condition}) i
    order by i.occurred_at, i.seq`);
  const known = new Map<string, Terms>();
  for (const { termsKey, termsText, returningKey, returningText } of rows) {
    if (termsText !== null) known.set(termsKey, readTerms(termsText));
    if (returningKey !== null && returningText !== null) known.set(returningKey, readTerms(returningText));
  }
  const termsOf = (key: string): Terms => known.get(key) ?? NO_TERMS;
  return rows.map(({ termsKey, termsText, returningKey, returningText, ...row }) => ({
    ...row,
    at: new Date(row.at),
    seq: BigInt(row.seq),
    base: BigInt(row.base ?? 0),
    isRated: row.base !== null,
    refunded: BigInt(row.refunded),
    sold: BigInt(row.sold),
    soldRefunded: BigInt(row.soldRefunded),
    owed: BigInt(row.owed),
    terms: termsOf(termsKey),
    returning: returningKey === null ? null : termsOf(returningKey),
    facts: row.facts && factsOf(row.facts),
    draft: row.draft && draftOf(row.draft),
  }));
}

/** Returns the item of a commission, or of a line that follows its commission. A payout remainder has none. */
export const findItem = async (
  run: Run,
  { id, itemId }: Pick<Commission, 'id' | 'itemId'>,
): Promise<StoredItem | undefined> => (await itemsWhere(run, sql`i.id = ${itemId ?? id}::uuid`))[0];

/** Reads the products of an order, with amounts as text or as numbers. */
export const productsOf = ({
  index,
  all,
}: NonNullable<UnratedSale['products']> | OrderProducts): OrderProducts => ({
  index,
  all: all.map(({ product, base, open }) => ({ product, base: BigInt(base), open: BigInt(open) })),
});

const factsOf = ({ purchase, scale, products, ...facts }: Facts): Facts => ({
  ...facts,
  purchase: purchase === null ? null : BigInt(purchase),
  scale: scale && { ...scale, parts: scale.parts.map(BigInt) },
  products: products ? productsOf(products) : null,
});

const draftOf = (draft: Draft): Draft => ({
  ...draft,
  occurredAt: new Date(draft.occurredAt),
  holdUntil: draft.holdUntil ? new Date(draft.holdUntil) : null,
  perUnitMinor: draft.perUnitMinor == null ? null : BigInt(draft.perUnitMinor),
});

/** Stores how items stand now. `terms` is stored too, because a tier that is reached later changes the rate. */
export async function storeItems(run: Run, items: readonly StoredItem[]): Promise<void> {
  if (items.length === 0) return;
  const rows = items.map((item) => ({
    ...{ id: item.id, refunded_minor: `${item.soldRefunded}`, base_refunded: `${item.refunded}` },
    ...{ base_minor: item.isRated ? `${item.base}` : null, owed_minor: `${item.owed}`, is_out: item.out },
    ...{ is_returning: item.isReturning, limited: item.limited, rule_key: item.ruleKey },
    ...{ is_windowed: isWindowed(item), is_counting: countsNow(item) },
    terms: item.isRated && item.refused === null ? item.terms : null,
    ...{ returning_terms: item.returning, facts: item.facts, draft: item.draft },
  }));
  await run(sql`
    update sale_items i set refunded_minor = n.refunded_minor, base_refunded = n.base_refunded, base_minor = n.base_minor, owed_minor = n.owed_minor,
      is_out = n.is_out, is_returning = n.is_returning, limited = n.limited, rule_key = n.rule_key, is_windowed = n.is_windowed,
      is_counting = n.is_counting, terms = n.terms, returning_terms = n.returning_terms, facts = n.facts, draft = n.draft
    from jsonb_populate_recordset(null::sale_items, ${jsonOf(rows)}::jsonb) n where i.id = n.id`);
}
