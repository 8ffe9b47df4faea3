/** Kind of a hold on a commission. */
export const HoldKind = { RISK: 'RISK', MANUAL: 'MANUAL', DISPUTE: 'DISPUTE', FX: 'FX' } as const;
export type HoldKind = (typeof HoldKind)[keyof typeof HoldKind];

/** Outcome of a customer's dispute, from the program's view. */
export const DisputeOutcome = { WON: 'WON', LOST: 'LOST' } as const;
export type DisputeOutcome = (typeof DisputeOutcome)[keyof typeof DisputeOutcome];
