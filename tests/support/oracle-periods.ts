import { existsSync, readFileSync } from 'node:fs';

const file = new URL('../../../shared/oracle-periods.json', import.meta.url);

/** The terms of one version of a rule. Amounts are minor units. */
export interface OracleVersion {
  readonly method: 'PERCENTAGE' | 'FLAT' | 'TIERED';
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

interface OracleOrder {
  readonly id: string;
  readonly customer: string;
  readonly at: string;
  readonly seq: number;
  readonly base: number;
  readonly version: number;
}

/** A history: the orders of one partner under one rule, and what each is worth after every refund. */
export interface OracleHistory {
  readonly id: string;
  readonly versions: Record<string, OracleVersion>;
  readonly orders: readonly OracleOrder[];
  readonly states: readonly {
    readonly what: string;
    readonly refunded: Record<string, number>;
    readonly owed: Record<string, number>;
    readonly total: number;
  }[];
}

/** Returns the histories, or none with a printed reason where the file is absent. */
export function oracleHistories(): OracleHistory[] {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).vectors;
  console.warn('oracle-periods.json is absent, so its histories are skipped');
  return [];
}
