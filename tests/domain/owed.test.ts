import { describe, expect, test } from 'vitest';
import { owedBy, type SaleItem, type Terms } from '../../src/domain/owed.ts';
import { type OracleVersion, oracleHistories } from '../support/oracle-periods.ts';

const histories = oracleHistories();

function termsOf(id: string, version: OracleVersion): Terms {
  const { method, bps, perUnit, bands, bandMode, cap } = version;
  return {
    level: 'PARTNER',
    rule: { id, key: 'rule', name: 'rule', version: Number(id) },
    method,
    rateBps: bps ?? null,
    flat:
      perUnit == null
        ? null
        : { perUnit: BigInt(perUnit), quantity: 1, part: 1n, whole: 1n, amount: BigInt(perUnit) },
    tiered:
      bands && bandMode
        ? {
            mode: bandMode,
            period: 'MONTH',
            bands: bands.map(([from, rateBps]) => ({ from: BigInt(from), rateBps })),
          }
        : null,
    windows:
      version.firstPurchaseOnly || version.recurringCount != null
        ? [
            {
              firstPurchaseOnly: version.firstPurchaseOnly ?? false,
              months: null,
              count: version.recurringCount ?? null,
              stepDownRateBps: version.stepDownBps ?? null,
            },
          ]
        : [],
    cap: cap ? { limit: BigInt(cap.amount), per: cap.per, period: 'MONTH' } : null,
  };
}

/** A sale below the rule's minimum is not under the rule. */
const nothing: Terms = {
  level: 'TIER',
  rule: null,
  method: 'PERCENTAGE',
  rateBps: 0,
  flat: null,
  tiered: null,
  windows: [],
  cap: null,
};

describe.skipIf(histories.length === 0)('the amounts owed for the orders that are left', () => {
  test.each(histories)('$id', ({ versions, orders, states }) => {
    for (const { refunded, owed, what } of states) {
      const items = orders.map((order): SaleItem => {
        const version = versions[order.version] as OracleVersion;
        return {
          ...{
            id: order.id,
            partnerId: 'p',
            customerId: order.customer,
            order: order.id,
            at: new Date(order.at),
          },
          ...{
            seq: BigInt(order.seq),
            day: order.at.slice(0, 10),
            timeZone: 'UTC',
            currency: 'USD',
            base: BigInt(order.base),
          },
          ...{
            refunded: BigInt(refunded[order.id] ?? 0),
            out: false,
            roundingMode: 'HALF_UP',
            flatRefund: 'PROPORTIONAL',
          },
          terms: order.base < (version.minimum ?? 0) ? nothing : termsOf(String(order.version), version),
          returning: null,
        };
      });
      const found = Object.fromEntries([...owedBy(items)].map(([id, { amount }]) => [id, Number(amount)]));
      expect(found, what).toEqual(owed);
    }
  });
});
