import { commissionBase } from './commission.ts';
import { money, split } from './money.ts';
import type { SaleLine } from './plan.ts';

/** One line of an invoice as it was billed; a credit is negative. */
interface InvoiceLine {
  readonly product: string | null;
  readonly quantity: number;
  /** Minor units, tax not included. */
  readonly amount: bigint;
}

export interface Invoice {
  readonly lines: readonly InvoiceLine[];
  /** Taken off the whole invoice; shared by its lines in proportion. */
  readonly discount: bigint;
  readonly tax: bigint;
  /** What was paid of the total, tax included; a part that was paid by credit earns nothing. */
  readonly collected: bigint;
}

/** What each product of an invoice contributes to the commission base: net of credits, discount and tax, scaled to what
 *  was collected; the bases sum to the invoice's own (DOMAIN M3, M5 and proration). An invoice that is not positive
 *  earns nothing and takes nothing back: no lines. */
export function saleLines({ lines, discount, tax, collected }: Invoice): SaleLine[] {
  const subtotal = lines.reduce((sum, { amount }) => sum + amount, 0n);
  if (subtotal - discount <= 0n || collected <= 0n) return [];
  const base = commissionBase({ subtotal, discount, tax, collected });
  const earning = byProduct(lines).filter(({ amount }) => amount > 0n);
  const bases = split(
    money(base, ''),
    earning.map(({ amount }) => amount),
  );
  return earning.map(({ product, quantity }, index) => ({
    product,
    quantity,
    base: bases[index]?.minor ?? 0n,
  }));
}

/** One line a product, in order of their first: a credit for a product counts against what is billed for it. */
function byProduct(lines: readonly InvoiceLine[]): InvoiceLine[] {
  const products = new Map<string | null, InvoiceLine>();
  for (const line of lines) {
    const before = products.get(line.product);
    products.set(line.product, {
      product: line.product,
      // A credit is money back for units that stay sold, as in a change of plan.
      quantity: (before?.quantity ?? 0) + (line.amount > 0n ? line.quantity : 0),
      amount: (before?.amount ?? 0n) + line.amount,
    });
  }
  return [...products.values()];
}

/** What a refund takes from each line of an order: in proportion to what is left of them by largest remainder (M3), and
 *  never more than that. */
export function refundShares(refund: bigint, left: readonly bigint[]): bigint[] {
  const all = left.reduce((sum, each) => sum + each, 0n);
  if (all === 0n) return left.map(() => 0n);
  return split(money(refund > all ? all : refund, ''), left).map(({ minor }) => minor);
}

/** What was told to be refunded of an order. */
export interface ToldRefund {
  readonly at: Date;
  /** What it gave back itself. */
  readonly part: bigint;
  /** Or: what all refunds up to it gave back, itself included. */
  readonly total?: bigint | null;
}

/** What all of it comes to, in whatever order it was told: a total includes the refunds that happened before it or with it. */
export function refundedInAll(told: readonly ToldRefund[], whole: bigint): bigint {
  const inOrder = told.toSorted((a, b) => +a.at - +b.at || Number(a.total != null) - Number(b.total != null));
  const all = inOrder.reduce(
    (sum, { part, total }) => (total == null ? sum + part : total > sum ? total : sum),
    0n,
  );
  return all > whole ? whole : all;
}
