import { corrections } from '../../src/domain/corrections.ts';
import { divide } from '../../src/domain/money.ts';
import { isWindowed, type SaleItem } from '../../src/domain/owed.ts';
import {
  type Book,
  type Reckoning,
  reckonIn,
  sumsToStore,
  UNRECORDED,
  type Usage,
} from '../../src/modules/commissions/commission/reckon.ts';
import type { StoredItem } from '../../src/modules/commissions/commission/sale-item.ts';

type RuleKey = Parameters<Book['usage']>[0];
type Span = Parameters<Book['itemsOf']>[1];

/** A line of an item, with what the lines that correct it sum to. */
interface Line {
  readonly amount: bigint;
  corrected: bigint;
}

/** The items, the lines and the sums of rules in memory. Amounts are computed and brought up to date as in the product. */
export class MemoryBook implements Book {
  readonly #items = new Map<string, StoredItem>();
  readonly #lines = new Map<string, Line[]>();
  #usage: (Omit<Usage, 'base' | 'owed'> & { of: string; base: bigint; owed: bigint })[] = [];
  #seq = 0n;

  get stored(): Iterable<StoredItem> {
    return this.#items.values();
  }

  item(id: string): StoredItem {
    return this.#items.get(id) as StoredItem;
  }

  /** What the lines of an item sum to. */
  net(id: string): bigint {
    return (this.#lines.get(id) ?? []).reduce((sum, { amount, corrected }) => sum + amount - corrected, 0n);
  }

  async record(item: SaleItem, isNow = false): Promise<void> {
    const stored: StoredItem = {
      ...item,
      ...{ tenantId: 't', orderId: item.order, conversionId: null, lineNumber: 0, product: null },
      ...{ sold: item.base, soldCurrency: item.currency, soldRefunded: item.refunded, isRated: true },
      ...{ owed: 0n, isPurchase: true, refused: null, isReturning: false, limited: null, ruleKey: null },
      ...{ seq: UNRECORDED, isNow, draft: null, facts: null },
    };
    this.#store(await reckonIn(this, [stored]));
  }

  /** Changes recorded items in one step. */
  async change(items: readonly (Partial<SaleItem> & { readonly id: string })[]): Promise<void> {
    const changed = items.map((each): StoredItem => {
      const item = { ...this.item(each.id), ...each };
      return { ...item, soldRefunded: item.refunded };
    });
    this.#store(await reckonIn(this, changed));
  }

  /** A rejection takes the lines of an item with it. */
  async reject(id: string): Promise<void> {
    this.#lines.delete(id);
    this.#items.set(id, { ...this.item(id), owed: 0n });
    await this.change([{ id, out: true }]);
  }

  #store({ items, sums }: Reckoning): void {
    for (const { item, owed } of items.values()) {
      const before = this.#items.get(item.id);
      this.#correct(item, owed.amount, item.refunded > (before?.refunded ?? 0n));
      const seq = item.seq === UNRECORDED ? ++this.#seq : item.seq;
      this.#items.set(item.id, { ...item, seq, owed: owed.amount, isNow: false });
    }
    for (const each of sums) {
      const of = JSON.stringify(each.key);
      if (each.kind === 'WHOLE')
        this.#usage = this.#usage.filter(
          (row) => row.of !== of || row.start < each.span.from || row.start > each.span.until,
        );
      for (const { period, start, ruleId, base, owed } of sumsToStore(each)) {
        const known = this.#usage.find(
          (row) => row.of === of && row.period === period && row.start === start && row.ruleId === ruleId,
        );
        if (known) Object.assign(known, { base: known.base + base, owed: known.owed + owed });
        else this.#usage.push({ of, period, start, ruleId, base, owed, ...this.#bandsOf(ruleId) });
      }
    }
  }

  #bandsOf(ruleId: string): Pick<Usage, 'mode' | 'bands'> {
    for (const { terms, returning } of this.#items.values())
      for (const each of [terms, returning])
        if (each?.rule?.id === ruleId)
          return { mode: each.tiered?.mode ?? null, bands: each.tiered?.bands ?? null };
    return { mode: null, bands: null };
  }

  #correct({ id, base, refunded, roundingMode }: StoredItem, target: bigint, isRefund: boolean): void {
    const lines = this.#lines.get(id) ?? [];
    this.#lines.set(id, lines);
    const { reversal, less, more } = corrections(
      lines.map(({ amount, corrected }, index) => ({ id: `${index}`, amount, net: amount - corrected })),
      target,
      (numerator, denominator) => divide(numerator, denominator, roundingMode),
      isRefund && lines.length > 0 ? { of: '0', base, refunded } : null,
    );
    for (const { of, amount } of [...(reversal > 0n ? [{ of: '0', amount: reversal }] : []), ...less]) {
      const line = lines[Number(of)] as Line;
      line.corrected += amount;
      if (amount < 0n || line.corrected > line.amount)
        throw new Error(`line ${id} is taken back beyond itself`);
    }
    if (more > 0n) lines.push({ amount: more, corrected: 0n });
  }

  #under({ partnerId, ruleKey, currency }: RuleKey, { from, until }: Span): StoredItem[] {
    return [...this.#items.values()].filter(
      (item) =>
        item.partnerId === partnerId &&
        item.ruleKey === ruleKey &&
        item.currency === currency &&
        item.day >= from &&
        item.day <= until,
    );
  }

  async purchases(customerId: string) {
    return [...this.#items.values()]
      .filter((item) => item.customerId === customerId)
      .map((item) => ({ ...item, windowed: isWindowed(item) }));
  }
  async items(ids: readonly string[]) {
    return ids.map((id) => this.item(id));
  }
  async usage(key: RuleKey) {
    const rows = this.#usage.filter(({ of }) => of === JSON.stringify(key));
    return rows.map((row) => ({ ...row, base: `${row.base}`, owed: `${row.owed}` }));
  }
  async itemsOf(key: RuleKey, span: Span) {
    return this.#under(key, span);
  }
  async hasItems(key: RuleKey, span: Span) {
    return this.#under(key, span).length > 0;
  }
  async laterThan(at: Date, key: RuleKey, span: Span) {
    const times = this.#under(key, span).map((item) => +item.at);
    const last = Math.max(...times);
    return last > +at ? new Date(last) : null;
  }
  async usedBy(scope: 'SALE' | 'CUSTOMER', item: StoredItem, key: RuleKey, span: Span) {
    return this.#under(key, span)
      .filter((each) => (scope === 'SALE' ? each.order === item.order : each.customerId === item.customerId))
      .reduce((sum, { owed }) => sum + owed, 0n);
  }
}
