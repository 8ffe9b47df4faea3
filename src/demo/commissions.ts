import { rateInForce } from '../domain/commission.ts';
import { type Money, money } from '../domain/money.ts';
import { defaultTiers } from '../domain/partner.ts';
import { monthsLater } from '../domain/recurring.ts';
import { type Book, type Line, MANAGER } from './book.ts';
import { activeSpan, momentIn, type Purchase } from './clicks.ts';
import { enterLine, type NewLine } from './lines.ts';
import { type DemoPartner, standingAt } from './partners.ts';
import { saleOf } from './sales.ts';

const NO_SOURCE = '(none)'; // of a commission without a click
const DIRECT_TYPES = { ONE_TIME: 45, RENEWAL: 27, UPGRADE: 18, BONUS: 10 } as const;
const directSales = { RESELLER: 9, WHITE_LABEL: 7, REFERRAL: 2, AFFILIATE: 1 };
const rates = new Map(defaultTiers.map(({ tier, rateBps }) => [tier, rateBps]));

/** Enters the commissions of a converted click: the first purchase, then the months of the subscription. */
export function earnFromPurchase(book: Book, purchase: Purchase, conversionId: string): void {
  const { partner, sale, at, click, subscriptionId } = purchase;
  const first = earn(book, purchase, 'SIGNUP', sale, at, {
    conversionId,
    referralId: click?.id ?? null,
    source: click?.source ?? NO_SOURCE,
    revenueMinor: 0n, // the conversion counts this sale
  });
  if (subscriptionId === null || (first?.status !== 'APPROVED' && first?.status !== 'PENDING')) return;
  let price = sale;
  for (let month = 1; ; month++) {
    const due = monthsLater(at, month, 'UTC');
    if (due > book.now || book.random.chance(0.06)) return; // in the future, or the customer has left
    if (standingAt(partner, due).status !== 'ACTIVE') return;
    const grows = book.random.chance(0.04);
    if (grows) price = money(price.minor * 2n, price.currency);
    if (!earn(book, purchase, grows ? 'UPGRADE' : 'RECURRING', price, due, {})) return;
  }
}

/** Enters sales without a click, recorded by hand or by the billing system. */
export function earnDirectly(book: Book, partner: DemoPartner): Purchase[] {
  const { random, now } = book;
  const span = activeSpan(partner, now);
  if (!span) return [];
  const purchases: Purchase[] = [];
  for (let left = random.int(0, directSales[partner.partnerType]); left > 0; left--) {
    const at = momentIn(random, span);
    const { tier } = standingAt(partner, at);
    const type = random.weighted(DIRECT_TYPES);
    const month = saleOf(random, partner, tier);
    const sale = type === 'RENEWAL' ? money(month.minor * 12n, month.currency) : month;
    const purchase: Purchase = {
      partner,
      customerId: random.id(at),
      externalId: random.token('cust'),
      subscriptionId: type === 'ONE_TIME' ? null : random.token('sub'),
      click: null,
      sale,
      at,
    };
    purchases.push(purchase);
    const byHand = random.chance(0.5) ? { createdBy: MANAGER } : {};
    if (type === 'BONUS' || (type === 'ONE_TIME' && random.chance(0.3))) {
      earn(book, purchase, type, sale, at, {
        method: 'FLAT',
        rateBps: null,
        rateSource: null,
        perUnitMinor: partner.region.bonus,
        quantity: random.int(1, 4),
        createdBy: MANAGER,
        ...(type === 'BONUS' && { revenueMinor: 0n }),
      });
    } else if (random.chance(0.15)) {
      const rateBps = random.pick([500, 1_250, 2_000, 2_750]);
      earn(book, purchase, type, sale, at, { rateBps, rateSource: 'LINE', createdBy: MANAGER });
    } else earn(book, purchase, type, sale, at, byHand);
  }
  return purchases;
}

/** Enters the commission of a sale. Returns null if the sale earns nothing by the affiliate's terms. */
function earn(
  book: Book,
  { partner, customerId, subscriptionId, at: purchasedAt }: Purchase,
  type: Line['type'],
  sale: Money,
  at: Date,
  rest: Partial<NewLine>,
): Line | null {
  const { tier } = standingAt(partner, at);
  const first = purchasedAt === at ? null : purchasedAt;
  if (partner.affiliate && type !== 'BONUS' && earnsNothing(partner.affiliate, sale.minor, at, first))
    return null;
  return enterLine(book, {
    partnerId: partner.id,
    customerId,
    referralId: null,
    conversionId: null,
    type,
    method: 'PERCENTAGE',
    baseMinor: sale.minor,
    baseCurrency: sale.currency,
    rateBps: rateInForce(null, partner.rateBps, rates.get(tier) ?? 0),
    rateSource: partner.rateBps === null ? 'TIER' : 'PARTNER',
    tier,
    perUnitMinor: null,
    quantity: null,
    revenueMinor: sale.minor,
    source: NO_SOURCE,
    subscriptionId,
    occurredAt: at,
    createdBy: null,
    ...rest,
  });
}

/** True when an affiliate's own terms exclude a purchase. `first` is the time of the customer's first one. */
function earnsNothing(
  { minimum, firstPurchaseOnly, recurringMonths }: NonNullable<DemoPartner['affiliate']>,
  amount: bigint,
  at: Date,
  first: Date | null,
): boolean {
  if (minimum !== null && amount < minimum) return true;
  if (first === null) return false;
  return firstPurchaseOnly || (recurringMonths !== null && at >= monthsLater(first, recurringMonths, 'UTC'));
}
