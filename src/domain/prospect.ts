/** Status of a registered deal. A deal expires only by time. */
export const DealStatus = { OPEN: 'OPEN', WON: 'WON', CLOSED: 'CLOSED', EXPIRED: 'EXPIRED' } as const;
export type DealStatus = (typeof DealStatus)[keyof typeof DealStatus];

export const LeadStatus = {
  SUBMITTED: 'SUBMITTED',
  ACCEPTED: 'ACCEPTED',
  REJECTED: 'REJECTED',
  CONVERTED: 'CONVERTED',
} as const;
export type LeadStatus = (typeof LeadStatus)[keyof typeof LeadStatus];

/** Whether a partner may still submit a prospect. */
export const ProspectState = { FREE: 'FREE', YOURS: 'YOURS', TAKEN: 'TAKEN' } as const;
export type ProspectState = (typeof ProspectState)[keyof typeof ProspectState];
