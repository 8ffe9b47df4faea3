import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { owedBy, type SaleItem, type Terms } from '../../src/domain/owed.ts';

const file = new URL('../../../shared/oracle-periods.json', import.meta.url);

interface Version {
  readonly method: Terms['method'];
  readonly bps?: number;
  readonly perUnit?: number;
  readonly bandMode?: 'PROGRESSIVE' | 'RETROACTIVE';
  readonly bands?: [number, number][];
  readonly cap?: { readonly amount: number; readonly per: 'SALE' | 'CUSTOMER' | 'PARTNER' };
  readonly firstPurchaseOnly?: boolean;
  readonly recurringCount?: number;
  readonly stepDownBps?: number;
  readonly minimum?: number;
}
interface Vector {
  readonly id: string;
  readonly versions: Record<string, Version>;
  readonly orders: { id: string; customer: string; at: string; seq: number; base: number; version: number }[];
  readonly states: {
    what: string;
    refunded: Record<string, number>;
    owed: Record<string, number>;
    total: number;
  }[];
}

const vectors: Vector[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).vectors : [];
if (vectors.length === 0) console.warn('oracle-periods.json is absent, so its histories are skipped');

function termsOf(id: string, version: Version): Terms {
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

describe.skipIf(vectors.length === 0)('the amounts owed for the orders that are left', () => {
  test.each(vectors)('$id', ({ versions, orders, states }) => {
    for (const { refunded, owed, what } of states) {
      const items = orders.map((order): SaleItem => {
        const version = versions[order.version] as Version;
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
