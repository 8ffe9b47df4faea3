import { commissionBase } from './commission.ts';
import { money, split } from './money.ts';
import type { SaleLine } from './plan.ts';
import type { SaleParts } from './terms.ts';

/** One billed line item of an invoice. A credit is negative. */
interface InvoiceLine {
  readonly product: string | null;
  readonly quantity: number;
  /** Minor units, without tax. */
  readonly amount: bigint;
}

export interface Invoice {
  readonly lines: readonly InvoiceLine[];
  /** Discount on the whole invoice, divided over the line items in proportion. */
  readonly discount: bigint;
  readonly tax: bigint;
  /** The collected part of the total, with tax. A part that was paid by credit earns nothing. */
  readonly collected: bigint;
}

/** The whole order as it was sold: net of discount and tax, with the part that is not collected yet. */
export const netOf = ({ lines, discount }: Invoice): bigint =>
  lines.reduce((sum, { amount }) => sum + amount, 0n) - discount;

/** The parts into which an amount per unit is split: the collected part of the total, and the rest. */
export const collectedPart = (invoice: Invoice): SaleParts => {
  const total = netOf(invoice) + invoice.tax;
  return { of: 'COLLECTED', parts: [invoice.collected, total - invoice.collected], index: 0 };
};

/** Returns the part of each product that is not collected yet, in the order of `saleLines`. */
export const openOf = (invoice: Invoice, lines: readonly SaleLine[]): bigint[] => {
  const billed = saleLines({ ...invoice, collected: netOf(invoice) + invoice.tax });
  return lines.map(({ base }, index) => {
    const open = (billed[index]?.base ?? 0n) - base;
    return open > 0n ? open : 0n;
  });
};

/** Returns the commission base of each product of an invoice: net of credits, discount and tax, in proportion to the
 *  collected part. The bases sum to the base of the invoice, by largest remainder. An invoice that is not positive earns
 *  nothing and reverses nothing, so the result is empty. */
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

/** Merges the line items of each product, in order of their first. A credit for a product reduces the billed amount. */
function byProduct(lines: readonly InvoiceLine[]): InvoiceLine[] {
  const products = new Map<string | null, InvoiceLine>();
  for (const line of lines) {
    const before = products.get(line.product);
    products.set(line.product, {
      product: line.product,
      // A credit returns money for units that stay sold, for example after a change of the plan.
      quantity: (before?.quantity ?? 0) + (line.amount > 0n ? line.quantity : 0),
      amount: (before?.amount ?? 0n) + line.amount,
    });
  }
  return [...products.values()];
}

/** Divides a refund over the commissions of an order, in proportion to the rest of each, by largest remainder. A share is
 *  never more than the rest. */
export function refundShares(refund: bigint, left: readonly bigint[]): bigint[] {
  const all = left.reduce((sum, each) => sum + each, 0n);
  if (all === 0n) return left.map(() => 0n);
  return split(money(refund > all ? all : refund, ''), left).map(({ minor }) => minor);
}

/** A reported refund of an order. */
export interface ReportedRefund {
  readonly at: Date;
  /** The amount of this refund alone. */
  readonly part: bigint;
  /** The sum of all refunds up to this one, this one included. Takes precedence over `part`. */
  readonly total?: bigint | null;
}

/** Returns the refunded amount of the order, at most `whole`. The order of the reports does not matter: a total includes
 *  the refunds that happened before it or at the same time. */
export function refundedInAll(reported: readonly ReportedRefund[], whole: bigint): bigint {
  const inOrder = reported.toSorted(
    (a, b) => +a.at - +b.at || Number(a.total != null) - Number(b.total != null),
  );
  const all = inOrder.reduce(
    (sum, { part, total }) => (total == null ? sum + part : total > sum ? total : sum),
    0n,
  );
  return all > whole ? whole : all;
}
