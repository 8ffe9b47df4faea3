/** Why a line is held back. */
export const HoldKind = { RISK: 'RISK', MANUAL: 'MANUAL', DISPUTE: 'DISPUTE', FX: 'FX' } as const;
export type HoldKind = (typeof HoldKind)[keyof typeof HoldKind];

/** How a dispute of a customer with the program ended. */
export const DisputeOutcome = { WON: 'WON', LOST: 'LOST' } as const;
export type DisputeOutcome = (typeof DisputeOutcome)[keyof typeof DisputeOutcome];
