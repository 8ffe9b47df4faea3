import {
  bySale,
  groupName,
  isLeft,
  noPurchaseBefore,
  type Placed,
  type Purchase,
  place,
  placedAsSettled,
  RuleItems,
  type SaleItem,
  type Settled,
  type Standing,
  type Window,
} from './owed.ts';
import type { PartnerTier } from './partner.ts';
import type { Rule } from './plan.ts';
import { type Decisions, decideFor, type Facts, sameDecision, termsOf } from './terms.ts';

/** An item of a recorded sale, as the books have it. */
export interface PastItem extends Settled {
  readonly product: string | null;
  readonly facts: Facts | null;
  readonly owed: bigint;
}

/** The rules and rates by which the terms of past sales are decided. */
export interface TermsInForce {
  /** Rules of the partner and of the partner's plan at that time, in all versions. */
  rulesFor(partnerId: string, at: Date): readonly Rule[];
  /** The partner's current own rate. */
  partnerRate(partnerId: string): number | null;
  tierRate(tier: PartnerTier, at: Date): number;
  /** The tier of a partner under changed thresholds. Null when the thresholds are unchanged. */
  tierAt(partnerId: string, at: Date): PartnerTier | null;
  /** One rate for every sale, instead of all rules and rates. */
  readonly flatRateBps: number | null;
}

/** Terms that a simulation decided, for a new and for a returning customer. */
export type TriedTerms = Pick<SaleItem, 'terms' | 'returning'>;

/** Returns the terms of an item under changed rules and rates. Null when the decision is the same, so that the item keeps
 *  its stored terms. `windows` are the partner's own, without those of the rule. */
export function decideAgain(
  item: PastItem,
  { now, changed }: { readonly now: TermsInForce; readonly changed: TermsInForce },
  windows: readonly Window[],
): TriedTerms | null {
  const { facts, terms } = item;
  if (facts === null || terms.level === 'LINE') return null; // given by hand, so no rule changes it
  const [was, is] = [decideBy(now, item, facts), decideBy(changed, item, facts)];
  if (sameDecision(was.first, is.first) && sameDecision(was.returning ?? was.first, is.returning ?? is.first))
    return null;
  return {
    terms: termsOf(is.first, facts, windows),
    returning: is.returning && termsOf(is.returning, facts, windows),
  };
}

function decideBy(by: TermsInForce, item: PastItem, facts: Facts): Decisions {
  const { partnerId, customerId, at, terms } = item;
  if (by.flatRateBps !== null)
    return { first: { level: 'TIER', rule: null, rateBps: by.flatRateBps }, returning: null };
  const { level, rule, rateBps } = terms;
  // A partner's rate has no date. The item shows the rate at that time, because it takes precedence over plan and tier.
  const partner =
    level === 'PLAN' || level === 'TIER'
      ? null
      : level === 'PARTNER' && rule === null
        ? rateBps
        : by.partnerRate(partnerId);
  const tier = by.tierRate(by.tierAt(partnerId, at) ?? facts.tier, at);
  return decideFor({ ...item, facts, hasCustomer: customerId !== null }, by.rulesFor(partnerId, at), {
    line: null,
    partner,
    tier,
  });
}

/** Returns the standings of items of one customer among its purchases, like `standingOf` for each item. Both may come in
 *  any order. */
export function standingsOf(
  items: readonly Omit<Purchase, 'base' | 'refunded' | 'out'>[],
  purchases: readonly Purchase[],
): Map<string, Standing> {
  const left = purchases.filter(isLeft).toSorted(bySale);
  const orders = new Set<string>();
  const firsts = new Map<string, Map<string, Date>>(); // the first purchase of each order, by partner
  const standings = new Map<string, Standing>();
  let next = 0;
  for (const item of items.toSorted(bySale)) {
    for (let each = left[next]; each && bySale(each, item) < 0; each = left[++next]) {
      const own = firsts.get(each.partnerId) ?? new Map<string, Date>();
      firsts.set(each.partnerId, own);
      if (!own.has(each.order)) own.set(each.order, each.at);
      orders.add(each.order);
    }
    const own = firsts.get(item.partnerId);
    let firstAt: Date | null = null;
    for (const [order, at] of own ?? []) {
      if (order === item.order) continue;
      firstAt = at;
      break;
    }
    standings.set(item.id, {
      before: own ? own.size - Number(own.has(item.order)) : 0,
      firstAt,
      returning: orders.size > Number(orders.has(item.order)),
    });
  }
  return standings;
}

/** The items that one rule counts for one partner in one currency, or a single item without a rule. */
export interface TriedRule {
  readonly partnerId: string;
  readonly currency: string;
  /** Null for a single item without a rule. */
  readonly key: string | null;
  readonly placed: Placed[];
}

/** Places items under their tried terms, and returns the rules whose amounts may change: those that gain or lose an item. An
 *  item of any other rule is owed what the books say. */
export function changedRules(
  items: readonly PastItem[],
  tried: ReadonlyMap<string, TriedTerms>,
  standings: ReadonlyMap<string, Standing>,
): TriedRule[] {
  const rules = new Map<string, TriedRule>();
  const changed = new Set<string>();
  for (const item of items) {
    const terms = tried.get(item.id);
    const was = placedAsSettled(item);
    const placed = terms ? place({ ...item, ...terms }, standings.get(item.id) ?? noPurchaseBefore) : was;
    const name = nameOf(placed);
    const rule = rules.get(name) ?? {
      partnerId: item.partnerId,
      currency: item.currency,
      key: placed.terms.rule?.key ?? null,
      placed: [],
    };
    rules.set(name, rule);
    rule.placed.push(placed);
    if (terms) changed.add(name).add(nameOf(was));
  }
  return [...rules].flatMap(([name, rule]) => (changed.has(name) ? [rule] : []));
}

const nameOf = ({ item, terms }: Placed): string =>
  terms.rule === null ? item.id : groupName(item, terms.rule.key);

/** Returns what the items of a rule would be owed. `others` are sales under the rule outside the simulated months. They keep
 *  their terms and count in the rule's periods. */
export function owedUnder({ placed }: TriedRule, others: readonly PastItem[]): Map<string, bigint> {
  const { owed } = RuleItems.owed([...placed, ...others.map(placedAsSettled)]);
  return new Map(placed.map(({ item }) => [item.id, owed.get(item.id)?.amount ?? 0n]));
}
