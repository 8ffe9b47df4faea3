/** Returns the time `months` months after `anchor`, at most on the last day of the month (31 Jan + 1 = 28 Feb). Always add
 *  to the anchor and never to an earlier result: 31 Jan + 3 = 30 Apr. */
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
  /** Months after the first purchase in which further purchases earn. Null without a limit. */
  readonly recurringMonths: number | null;
  /** The smallest purchase that earns, inclusive, in minor units. Null without a minimum. */
  readonly minimum: bigint | null;
}

/** Returns why a purchase earns nothing under an affiliate's terms, or null when it earns. `first` is the time of the
 *  customer's first earning purchase, or null when this is the first. */
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
