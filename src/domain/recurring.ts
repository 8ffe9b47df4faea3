/** So many months after `anchor`, the day clamped to the month's last (31 Jan + 1 = 28 Feb). Always from the anchor,
 *  never chained: 31 Jan + 3 = 30 Apr (DOMAIN section 2). */
export function monthsLater(anchor: Date, months: number): Date {
  const later = new Date(anchor);
  const day = later.getUTCDate();
  later.setUTCDate(1);
  later.setUTCMonth(later.getUTCMonth() + months);
  const last = new Date(Date.UTC(later.getUTCFullYear(), later.getUTCMonth() + 1, 0)).getUTCDate();
  later.setUTCDate(Math.min(day, last));
  return later;
}

export interface PurchaseTerms {
  readonly firstPurchaseOnly: boolean;
  /** Months from the first purchase during which further ones earn; null: no end. */
  readonly recurringMonths: number | null;
  /** Inclusive; null: none. */
  readonly minimum: bigint | null;
}

/** Why a purchase earns nothing under an affiliate's terms, or null when it earns. `first` is the customer's first
 *  earning purchase, null when this is it. */
export function whyNotEarning(
  { firstPurchaseOnly, recurringMonths, minimum }: PurchaseTerms,
  purchase: { readonly amount: bigint; readonly at: Date; readonly first: Date | null },
): 'BELOW_MINIMUM_PURCHASE' | 'NOT_FIRST_PURCHASE' | 'RECURRING_WINDOW_OVER' | null {
  const { amount, at, first } = purchase;
  if (minimum !== null && amount < minimum) return 'BELOW_MINIMUM_PURCHASE';
  if (first === null) return null;
  if (firstPurchaseOnly) return 'NOT_FIRST_PURCHASE';
  if (recurringMonths !== null && at >= monthsLater(first, recurringMonths)) return 'RECURRING_WINDOW_OVER';
  return null;
}
