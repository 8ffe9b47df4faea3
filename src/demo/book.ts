import type { CommissionMethod, CommissionStatus, CommissionType } from '../domain/commission.ts';
import type { StoredComputed } from '../domain/computed.ts';
import type { RoundingMode } from '../domain/money.ts';
import type { PartnerTier } from '../domain/partner.ts';
import type { Posting } from '../domain/posting.ts';
import type { Random } from './random.ts';

export const FINANCE = 'tom.finance@demo';
export const APPROVER = 'maria.finance@demo';
export const MANAGER = 'manager@demo';
export const SYSTEM = 'tom.finance@demo';

/** A row of the table `commissions`. */
export interface Line {
  readonly id: string;
  readonly tenantId: string;
  readonly createdAt: Date;
  readonly partnerId: string;
  readonly customerId: string;
  readonly referralId: string | null;
  readonly conversionId: string | null;
  readonly reversesId: string | null;
  readonly itemId: string | null;
  readonly computation: StoredComputed | null;
  readonly type: CommissionType;
  readonly method: CommissionMethod;
  status: CommissionStatus;
  readonly baseMinor: bigint;
  readonly baseCurrency: string;
  readonly rateBps: number | null;
  readonly rateSource: 'LINE' | 'PARTNER' | 'TIER' | null;
  readonly tier: PartnerTier;
  readonly perUnitMinor: bigint | null;
  readonly quantity: number | null;
  readonly roundingMode: RoundingMode;
  readonly amountMinor: bigint;
  readonly amountCurrency: string;
  readonly revenueMinor: bigint;
  readonly source: string;
  readonly subscriptionId: string | null;
  readonly occurredAt: Date;
  readonly holdUntil: Date | null;
  approvedAt: Date | null;
  approvedBy: string | null;
  reason: string | null;
  readonly createdBy: string | null;
  readonly metadata: object;
  updatedAt: Date;
}

/** The commissions of the year and their postings. */
export class Book {
  readonly tenantId: string;
  readonly random: Random;
  readonly now: Date;
  readonly lines: Line[] = [];
  readonly postings: object[] = [];

  constructor(tenantId: string, random: Random, now: Date) {
    this.tenantId = tenantId;
    this.random = random;
    this.now = now;
  }

  /** Adds a posting, except for an amount of 0. */
  post(partnerId: string, reference: string, { from, to, amount }: Posting, at: Date): void {
    if (amount.minor === 0n) return;
    this.postings.push({
      id: this.random.id(at),
      tenantId: this.tenantId,
      createdAt: at,
      occurredAt: at,
      partnerId,
      reference,
      fromAccount: from,
      toAccount: to,
      amountMinor: amount.minor,
      amountCurrency: amount.currency,
    });
  }
}
