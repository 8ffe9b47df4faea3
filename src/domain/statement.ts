/** What moved a partner's account. */
export const StatementCause = {
  COMMISSION_ACCRUED: 'COMMISSION_ACCRUED',
  COMMISSION_REVERSED: 'COMMISSION_REVERSED',
  COMMISSION_WITHDRAWN: 'COMMISSION_WITHDRAWN',
  PAYOUT_SENT: 'PAYOUT_SENT',
  PAYOUT_FAILED: 'PAYOUT_FAILED',
  PAYOUT_RETURNED: 'PAYOUT_RETURNED',
} as const;
export type StatementCause = (typeof StatementCause)[keyof typeof StatementCause];

const endings: Readonly<Record<string, StatementCause>> = {
  accrued: 'COMMISSION_ACCRUED',
  withdrawn: 'COMMISSION_WITHDRAWN',
  sent: 'PAYOUT_SENT',
  failed: 'PAYOUT_FAILED',
  returned: 'PAYOUT_RETURNED',
};

/** The cause that a posting's reference names, e.g. `payout:<id>:attempt:1:sent`. */
export function causeOf(reference: string, refund: boolean): { kind: StatementCause; id: string } {
  const parts = reference.split(':');
  const kind = endings[parts.at(-1) ?? ''];
  if (!kind) throw new Error(`${reference} is no cause that a statement knows`);
  return { kind: refund && kind === 'COMMISSION_ACCRUED' ? 'COMMISSION_REVERSED' : kind, id: parts[1] ?? '' };
}

export interface Told {
  readonly kind: StatementCause;
  /** Of the sale or refund, as text with its currency; null for payouts. */
  readonly base: string | null;
  readonly type: string | null;
  readonly orderId: string | null;
  /** Of a refund: nobody asked for it, the customer's bank took the money back. */
  readonly lostDispute: boolean;
  /** Of a payout: how it goes, and its days. */
  readonly method: string | null;
  readonly period: string | null;
}

/** Lines that are not a sale's own. */
const BESIDE: Readonly<Record<string, string>> = {
  TRUE_UP: 'True-up of a period',
  BONUS: 'Bonus',
  ADJUSTMENT: 'Reinstatement after a dispute',
};

/** One sentence on what moved the account. */
export function sentenceOf({ kind, base, type, orderId, lostDispute, method, period }: Told): string {
  const sale = orderId === null ? `a sale of ${base}` : `order ${orderId}, a sale of ${base}`;
  const earned = (type && BESIDE[type]) || `Commission on ${sale}`;
  const refund = `${lostDispute ? 'lost dispute over' : 'refund of'} ${base?.replace('-', '')}`;
  switch (kind) {
    case 'COMMISSION_ACCRUED':
      return `${earned} approved.`;
    case 'COMMISSION_REVERSED':
      return `Share of a ${refund} taken back.`;
    case 'COMMISSION_WITHDRAWN':
      return type === 'REVERSAL'
        ? `Share of a ${refund} given back: its line was rejected.`
        : `${earned} rejected after its approval.`;
    case 'PAYOUT_SENT':
      return `Payout by ${method} for ${period} sent.`;
    case 'PAYOUT_FAILED':
      return `Payout by ${method} for ${period} failed: it is owed again.`;
    case 'PAYOUT_RETURNED':
      return `Payout by ${method} for ${period} came back: it is owed again.`;
  }
}
