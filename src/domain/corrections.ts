/** A commission of an item that adds to what the item earns: the commission of the sale, a TRUE_UP, or an ADJUSTMENT that
 *  restored the sale after a dispute. */
export interface Earned {
  readonly id: string;
  readonly amount: bigint;
  /** The amount less the lines that correct it. */
  readonly net: bigint;
}

/** A refund of the base of one of these commissions. */
export interface RefundedBase {
  readonly of: string;
  /** The base of the commission, and the part that was refunded before and now. */
  readonly base: bigint;
  readonly refunded: bigint;
}

export interface Corrections {
  /** The amount that the refund itself takes from its commission. */
  readonly reversal: bigint;
  /** Further amounts to take, by commission. */
  readonly less: readonly { readonly of: string; readonly amount: bigint }[];
  /** The amount to add. */
  readonly more: bigint;
}

/** Returns how the commissions of an item, oldest first, are brought to `target`. A refund takes its share of the
 *  commission that it refunds, at most the amount to take; the rest is taken from the newest commission first. */
export function corrections(
  earned: readonly Earned[],
  target: bigint,
  divide: (numerator: bigint, denominator: bigint) => bigint,
  refund: RefundedBase | null = null,
): Corrections {
  let due = earned.reduce((sum, { net }) => sum + net, 0n) - target;
  const left = new Map(earned.map(({ id, net }) => [id, net]));
  const take = (id: string, wanted: bigint): bigint => {
    const net = left.get(id) ?? 0n;
    const taken = [wanted, net, due].reduce((least, each) => (each < least ? each : least));
    if (taken <= 0n) return 0n;
    left.set(id, net - taken);
    due -= taken;
    return taken;
  };
  let reversal = 0n;
  const refunded = refund && earned.find(({ id }) => id === refund.of);
  if (refund && refunded) {
    const { amount, net } = refunded;
    const stays =
      refund.refunded >= refund.base ? 0n : amount - divide(amount * refund.refunded, refund.base);
    reversal = take(refund.of, net - stays);
  }
  const less: { of: string; amount: bigint }[] = [];
  for (const { id } of earned.toReversed()) {
    const amount = take(id, due);
    if (amount === 0n) continue;
    if (id === refund?.of) reversal += amount;
    else less.push({ of: id, amount });
  }
  return { reversal, less, more: due < 0n ? -due : 0n };
}
