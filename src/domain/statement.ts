/** The cause of a line in a partner's statement. */
export const StatementCause = {
  COMMISSION_ACCRUED: 'COMMISSION_ACCRUED',
  COMMISSION_REVERSED: 'COMMISSION_REVERSED',
  COMMISSION_WITHDRAWN: 'COMMISSION_WITHDRAWN',
  COMMISSION_HELD: 'COMMISSION_HELD',
  COMMISSION_RELEASED: 'COMMISSION_RELEASED',
  PAYOUT_SENT: 'PAYOUT_SENT',
  PAYOUT_FAILED: 'PAYOUT_FAILED',
  PAYOUT_RETURNED: 'PAYOUT_RETURNED',
} as const;
export type StatementCause = (typeof StatementCause)[keyof typeof StatementCause];

const endings: Readonly<Record<string, StatementCause>> = {
  accrued: 'COMMISSION_ACCRUED',
  withdrawn: 'COMMISSION_WITHDRAWN',
  held: 'COMMISSION_HELD',
  released: 'COMMISSION_RELEASED',
  sent: 'PAYOUT_SENT',
  failed: 'PAYOUT_FAILED',
  returned: 'PAYOUT_RETURNED',
};

/** Returns the cause of a posting by its reference, for example `payout:<id>:attempt:1:sent`. */
export function causeOf(reference: string, refund: boolean): { kind: StatementCause; id: string } {
  const parts = reference.split(':');
  const kind = endings[parts.at(-1) ?? ''];
  if (!kind) throw new Error(`The posting reference ${reference} has no statement cause.`);
  return { kind: refund && kind === 'COMMISSION_ACCRUED' ? 'COMMISSION_REVERSED' : kind, id: parts[1] ?? '' };
}

export interface StatementFacts {
  readonly kind: StatementCause;
  /** Amount of the sale or refund, as text with its currency. Null for payouts. */
  readonly base: string | null;
  readonly type: string | null;
  readonly orderId: string | null;
  /** True for a refund by a lost dispute. */
  readonly lostDispute: boolean;
  /** Method and period of a payout. Null for commissions. */
  readonly method: string | null;
  readonly period: string | null;
}

/** Names of commissions that are not the commission of a sale itself. */
const BESIDE: Readonly<Record<string, string>> = {
  TRUE_UP: 'True-up of a period',
  BONUS: 'Bonus',
  ADJUSTMENT: 'Reinstatement after a dispute',
};

/** Returns one sentence that describes a line of the statement. */
export function sentenceOf({
  kind,
  base,
  type,
  orderId,
  lostDispute,
  method,
  period,
}: StatementFacts): string {
  const sale = orderId === null ? `a sale of ${base}` : `order ${orderId}, a sale of ${base}`;
  const earned = (type && BESIDE[type]) || `Commission on ${sale}`;
  const refund = `${lostDispute ? 'lost dispute over' : 'refund of'} ${base?.replace('-', '')}`;
  switch (kind) {
    case 'COMMISSION_ACCRUED':
      return `${earned} approved.`;
    case 'COMMISSION_REVERSED':
      return `Commission reversed for a ${refund}.`;
    case 'COMMISSION_WITHDRAWN':
      return type === 'REVERSAL'
        ? `Reversal for a ${refund} withdrawn, because the commission was rejected.`
        : `${earned} rejected after its approval.`;
    case 'COMMISSION_HELD':
      return type === 'REVERSAL'
        ? `Reversal for a ${refund} held with its commission, for a dispute.`
        : `${earned} held for a dispute.`;
    case 'COMMISSION_RELEASED':
      return type === 'REVERSAL'
        ? `Reversal for a ${refund} released with its commission, after a dispute.`
        : `${earned} released after a dispute.`;
    case 'PAYOUT_SENT':
      return `Payout by ${method} for ${period} sent.`;
    case 'PAYOUT_FAILED':
      return `Payout by ${method} for ${period} failed. The amount is owed again.`;
    case 'PAYOUT_RETURNED':
      return `Payout by ${method} for ${period} was returned. The amount is owed again.`;
  }
}
