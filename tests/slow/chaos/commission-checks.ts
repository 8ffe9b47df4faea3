import { isDeepStrictEqual } from 'node:util';
import type { Terms } from '../../../src/domain/owed.ts';
import type { PartnerTier } from '../../../src/domain/partner.ts';
import { NO_TERMS } from '../../../src/domain/terms.ts';
import { sql } from '../../../src/kernel/data/sql.ts';
import type { Run } from '../../../src/kernel/data/transact.ts';
import { itemsWhere, type StoredItem } from '../../../src/modules/commissions/commission/sale-item.ts';
import type { TestApp } from '../../support/app.ts';
import { naiveOwed, rounded } from '../../support/naive-owed.ts';
import { naiveTerms, type RuleVersion } from '../../support/naive-terms.ts';

/** A sale as it was sent. */
interface Told {
  /** Minor units, before the sale is split by products or partners. */
  readonly net: bigint;
  readonly type?: string | undefined;
  readonly country?: string | null | undefined;
  /** The rate given with the sale, in basis points. */
  readonly line?: number | null;
}

const BALANCES = `query ($p: ID!, $q: ID!) { p: partner(id: $p) { ...balances } q: partner(id: $q) { ...balances } }
  fragment balances on Partner { id balances { currency pending { amount } payable { amount } inTransit { amount } paid { amount } } }`;

interface Balances {
  readonly id: string;
  readonly balances: ({ readonly currency: string } & Record<string, { readonly amount: string }>)[];
}

/** The facts of a history that the naive computations read, and their comparison with the product. */
export class Checks {
  readonly versions: RuleVersion[] = [];
  /** By the id of the order, or of the commission that was created by hand. */
  readonly told = new Map<string, Told>();
  /** The partners' own rates, in basis points. */
  readonly partnerRates = new Map<string, number | null>();
  /** True when the tiers of the partners may have changed since the last comparison. */
  tiersMoved = true;
  readonly #chosen = new Map<string, { first: Terms; returning: Terms }>();
  #compared = 0;
  #tiers: { partnerId: string; tier: PartnerTier; at: number }[] = [];
  #tierRates = new Map<string, number>();

  constructor(
    private readonly app: TestApp,
    private readonly tenant: string,
    private readonly partners: readonly string[],
    private readonly reader: string,
  ) {}

  async rows<T>(text: string): Promise<T[]> {
    return (await this.app.database.pool.query(text, [this.tenant])).rows as T[];
  }

  /** Throws when a sale has other terms, or another amount, than the naive computations say. A balance keeps every error, so the
   *  graph is asked for the balances from time to time, and at the end. */
  async agree(isLast = false): Promise<void> {
    const { pool } = this.app.database;
    const run: Run = async ({ texts, values }) =>
      (
        await pool.query(
          texts.reduce((text, next, index) => `${text}$${index}${next}`),
          [...values],
        )
      ).rows;
    const [items, sums, balances] = await Promise.all([
      itemsWhere(run, sql`i.tenant_id = ${this.tenant}`),
      this.rows<{
        id: string;
        net: string;
      }>(`select coalesce(item_id, id) as id, sum(amount_minor)::text as net from commissions
        where tenant_id = $1 and carried_by is null and status not in ('REJECTED', 'REVERSED') group by 1`),
      isLast || this.#compared++ % 5 === 0
        ? this.app.ask<Record<string, Balances>>(this.reader, BALANCES, {
            p: this.partners[0],
            q: this.partners[1],
          })
        : ({} as Record<string, Balances>),
      this.tiersMoved ? this.#readTiers() : null,
    ]);
    for (const item of items) if (item.isRated && item.refused === null) this.#checkTerms(item);
    this.tiersMoved = false;
    this.#checkAmounts(items, new Map(sums.map(({ id, net }) => [id, BigInt(net)])));
    for (const { id, balances: rows } of Object.values(balances)) this.#checkBalances(id, rows, items);
  }

  async #readTiers(): Promise<void> {
    const history = await this.rows<{ partnerId: string; tier: PartnerTier; at: Date }>(
      `select partner_id as "partnerId", tier, effective_at as at from partner_history
       where tenant_id = $1 order by effective_at, id`,
    );
    this.#tiers = history.map((each) => ({ ...each, at: +each.at }));
    const rates = await this.rows<{ tier: string; bps: number }>(
      'select tier, rate_bps as bps from tier_config_versions where tenant_id = $1 order by effective_at, id',
    );
    this.#tierRates = new Map(rates.map(({ tier, bps }) => [tier, bps]));
  }

  /** The partner's tier at a time, as its history says now. */
  #tierAt(partnerId: string, at: Date): PartnerTier | undefined {
    return this.#tiers.findLast((each) => each.partnerId === partnerId && each.at <= +at)?.tier;
  }

  #checkTerms(item: StoredItem): void {
    const tier = this.#tierAt(item.partnerId, item.at);
    const rate = this.#tierRates.get(tier ?? '') ?? 0;
    const chosen = this.#chosen.get(item.id);
    if (!chosen) this.#chosen.set(item.id, this.#choose(item, tier, rate));
    // A promotion that is dated back raises what was sold since. Nothing else changes terms.
    else if (this.tiersMoved)
      for (const terms of ['first', 'returning'] as const)
        if (chosen[terms].level === 'TIER' && (chosen[terms].rateBps ?? 0) < rate)
          chosen[terms] = { ...chosen[terms], rateBps: rate };
    const right = this.#chosen.get(item.id);
    const found = { first: plain(item.terms), returning: plain(item.returning ?? item.terms) };
    if (!isDeepStrictEqual(found, right))
      throw new Error(
        `terms of item ${item.id} of ${item.order}: ${textOf(found)}\nright: ${textOf(right)}\n${textOf(item)}`,
      );
  }

  /** The terms of a sale that is seen for the first time. */
  #choose(item: StoredItem, tier: PartnerTier | undefined, tierRate: number) {
    const { id, order, facts, sold, soldCurrency, currency, base, roundingMode: mode, terms } = item;
    const told = this.told.get(order);
    if (!facts || !told) throw new Error(`item ${id} of ${order} is not one of the sales that were sent`);
    const worth = soldCurrency === currency ? told.net : rounded(told.net * 1_085n, 1_000n, mode);
    const right = { tier, type: told.type ?? facts.type, country: told.country ?? null, whole: worth };
    const found = {
      ...{ tier: facts.tier, type: facts.type, country: facts.country },
      whole: facts.purchase ?? (told.net === sold ? base : worth),
    };
    if (!isDeepStrictEqual(found, right))
      throw new Error(`facts of item ${id} of ${order}: ${textOf(found)}, right: ${textOf(right)}`);
    if (terms.flat) {
      const { perUnit, quantity, part, whole, amount } = terms.flat;
      const off = amount * whole - perUnit * BigInt(quantity) * part;
      if (perUnit !== 999n || quantity !== facts.quantity || (off < 0n ? -off : off) >= whole)
        throw new Error(`item ${id} of ${order} has ${textOf(terms.flat)}`);
    }
    const rates = {
      ...{ line: told.line ?? null, partner: this.partnerRates.get(item.partnerId) ?? null, tier: tierRate },
    };
    const part = { ...item, facts: { ...facts, purchase: worth } };
    const first = naiveTerms(part, item.customerId === null ? null : 'NEW', this.versions, rates);
    return {
      first,
      returning: item.customerId === null ? first : naiveTerms(part, 'RETURNING', this.versions, rates),
    };
  }

  #checkAmounts(items: readonly StoredItem[], nets: ReadonlyMap<string, bigint>): void {
    const expected = naiveOwed(
      items
        .filter(({ isPurchase }) => isPurchase)
        .map((item) => {
          if (item.isRated && item.refused === null) return item;
          // It earns nothing, and is one of its customer's purchases all the same.
          return { ...item, base: item.sold, refunded: item.soldRefunded, terms: NO_TERMS, returning: null };
        }),
    );
    for (const { id, owed, order } of items) {
      const [right, net] = [expected.get(id) ?? 0n, nets.get(id) ?? 0n];
      if (owed !== right || net !== right)
        throw new Error(`item ${id} of ${order}: owed ${owed}, lines ${net}, right ${right}`);
    }
  }

  #checkBalances(id: string, rows: Balances['balances'], items: readonly StoredItem[]): void {
    for (const currency of ['USD', 'EUR']) {
      const all = rows
        .filter((row) => row.currency === currency)
        .flatMap((row) => [row['pending'], row['payable'], row['inTransit'], row['paid']])
        .reduce((sum, figure) => sum + BigInt(figure?.amount.replace('.', '') ?? 0), 0n);
      const owed = items
        .filter((item) => item.partnerId === id && item.currency === currency)
        .reduce((sum, item) => sum + item.owed, 0n);
      if (all !== owed) throw new Error(`balances of ${id} in ${currency} sum to ${all}, owed ${owed}`);
    }
  }
}

const plain = (terms: Terms): Terms => ({ ...terms, flat: null });
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}` : each));
