/**
 * When a mutation needs a sign-in within the last 15 minutes: always, never, or if one of these arguments is given
 * (`input.email`, or `neverSubmitted=true` for one value of it). An API key signs in never, so it cannot do such an act.
 *
 * The rule of the list: a stolen session must not change access, the destination of money, earnings, or a control.
 * An act that another person approves later needs no fresh sign-in. An act that only takes access away never waits for one.
 */
export type StepUp = 'ALWAYS' | 'NEVER' | readonly string[];

// What decides the earnings of a partner, and who acts for it: the same when a partner is created and when it is changed.
const decisivePartnerFields = [
  'input.commissionRate',
  'input.tier',
  'input.reseller',
  'input.affiliate',
  'input.identityOrgId',
];

/** Every mutation of the schema; one that is missing here needs a fresh sign-in. */
export const stepUps: Readonly<Record<string, StepUp>> = {
  // Access.
  acceptInvitation: 'NEVER', // the link is the proof
  changeMemberRole: 'ALWAYS',
  createApiKey: 'ALWAYS',
  inviteMember: 'ALWAYS',
  removeMember: 'NEVER', // takes access away
  resendInvitation: 'ALWAYS',
  revokeApiKey: 'NEVER', // takes access away
  rotateApiKey: 'ALWAYS',
  signOut: 'NEVER', // takes access away

  // The destination of money.
  approveBankFile: 'ALWAYS',
  cancelBankFile: ['neverSubmitted=true'], // else the file never left, and nothing can be paid twice
  confirmPayoutAccount: 'ALWAYS',
  connectPayoutAccount: 'ALWAYS',
  downloadBankFile: 'ALWAYS',
  importBankStatus: 'ALWAYS',
  refreshPayoutAccount: 'NEVER', // reads from the provider
  removePayoutAccount: 'ALWAYS',
  resolvePayout: 'ALWAYS',
  setPayoutAccount: 'ALWAYS',
  setTaxId: 'ALWAYS',
  settleBankFile: 'ALWAYS',

  // Earnings and controls.
  addFraudListEntry: 'ALWAYS',
  assignCommissionPlan: 'ALWAYS',
  assignSponsor: 'ALWAYS',
  confirmExchangeRate: 'ALWAYS',
  createCommissionPlan: 'ALWAYS',
  createCommissionRule: 'ALWAYS',
  endCommissionRule: 'ALWAYS',
  endSponsorship: 'ALWAYS',
  importExchangeRates: 'ALWAYS',
  lockPartnerTier: 'ALWAYS',
  removeFraudListEntry: 'ALWAYS',
  setExchangeRates: 'ALWAYS',
  unlockPartnerTier: 'ALWAYS',
  updateCommissionRule: 'ALWAYS',
  updateFraudSettings: 'ALWAYS',
  updateProgram: 'ALWAYS',
  updateTierConfig: 'ALWAYS',

  // Partners. Their address finds purchases of their own, their terms decide what they earn, and only an ACTIVE one earns.
  createPartner: decisivePartnerFields,
  deletePartner: 'NEVER', // takes access away
  updatePartner: [...decisivePartnerFields, 'input.email', 'input.status=ACTIVE'],

  // Data of persons.
  erasePerson: 'ALWAYS',
  exportPerson: 'ALWAYS',
  takePersonExport: 'ALWAYS',

  // Another person decides before money moves.
  convertReferral: 'NEVER',
  createBankFile: 'NEVER',
  createCommission: 'NEVER',
  createPayout: 'NEVER',
  recordConversion: 'NEVER',
  recordSale: 'NEVER',
  recordSubscription: 'NEVER',
  runPayouts: 'NEVER',

  // The decision of the other person.
  approveAll: 'NEVER',
  approveCommission: 'NEVER',
  approveCommissions: 'NEVER',
  approvePayout: 'NEVER',
  approvePayoutRun: 'NEVER',
  confirmFraud: 'NEVER',
  decideReviews: 'NEVER',
  releaseReview: 'NEVER',
  retryPayout: 'NEVER',

  // Stops money or gives it back. Released money needs an approval.
  cancelPayout: 'NEVER',
  cancelPayoutRun: 'NEVER',
  holdCommission: 'NEVER',
  holdPayouts: 'NEVER',
  openDispute: 'NEVER',
  pausePayoutRun: 'NEVER',
  refundSale: 'NEVER',
  rejectCommission: 'NEVER',
  rejectExchangeRate: 'NEVER',
  rejectCommissions: 'NEVER',
  releaseHold: 'NEVER',
  releasePayouts: 'NEVER',
  resolveDispute: 'NEVER',
  resumePayoutRun: 'NEVER',
  reverseCommission: 'NEVER',

  // Daily work.
  acceptLead: 'NEVER',
  addAccountManager: 'NEVER',
  archiveTrackingLink: 'NEVER',
  assignAccountManager: 'NEVER',
  assignCustomer: 'NEVER',
  calculatePartnerMetrics: 'NEVER',
  cancelPlanSimulation: 'NEVER',
  closeDeal: 'NEVER',
  createCoupon: 'NEVER',
  createTrackingLink: 'NEVER',
  dismissRailEvent: 'NEVER',
  endAccountManager: 'NEVER',
  endCoupon: 'NEVER',
  evaluateTiers: 'NEVER',
  registerDeal: 'NEVER',
  rejectLead: 'NEVER',
  simulatePlan: 'NEVER',
  startReconciliation: 'NEVER',
  submitLead: 'NEVER',
  trackReferral: 'NEVER',
  updateTrackingLink: 'NEVER',
};

/** Mutations that only take access away: never counted against a budget of calls, and never refused by one. */
export const takesAccessAway: ReadonlySet<string> = new Set(['removeMember', 'revokeApiKey', 'signOut']);

/** Mutations that a member of a SUSPENDED partner may call: a person may always sign out, and anyone may follow a link. */
export const whileSuspended: ReadonlySet<string> = new Set(['signOut', 'trackReferral']);
