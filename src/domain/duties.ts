import { type AppError, conflict, forbidden } from './errors.ts';

/** Acts that move money or decide how much. One person must not do two of them on the same money where `duties` says so. */
export const acts = {
  MAKE: 'creates a commission by hand',
  TELL: 'records a sale',
  HOLD: 'places a hold on a commission',
  RELEASE: 'releases a hold or a fraud review',
  DISPUTE: 'opens a dispute',
  RESOLVE: 'resolves a dispute',
  TAKE_BACK: 'rejects, reverses or refunds a commission',
  APPROVE: 'approves a commission',
  MAKE_PAYOUT: 'creates a payout',
  APPROVE_PAYOUT: 'approves a payout',
  SECOND_APPROVAL: 'gives the second approval of a payout',
  SEND: 'retries or cancels a payout that failed',
  STATE_OUTCOME: 'states the unknown outcome of a payout',
  RESOLVE_OUTCOME: 'confirms the stated outcome of a payout',
  SET_ACCOUNT: 'sets a payout account',
  CONFIRM_ACCOUNT: 'confirms a payout account after a returned payment',
  SET_RATE: 'enters an exchange rate',
  CONFIRM_RATE: 'confirms an exchange rate that moved far',
  EDIT_RULE: 'creates, edits or ends a commission rule',
  EDIT_SETTING:
    'sets the rate, the tier or the plan of a partner, or the rate of a tier, or creates the default plan',
  RAISE_LIMIT: 'raises or removes the limit for second approvals, or shortens its days',
  MAKE_FILE: 'creates a bank file',
  SIGN_FILE: 'approves a bank file',
  DOWNLOAD_FILE: 'downloads a bank file',
  WITHDRAW_FILE: 'cancels a downloaded bank file, because the bank never received it',
  IMPORT_STATUS: 'imports a bank status',
} as const;
export type Act = keyof typeof acts;

/** An act that a person must not do, because the same person did another act on the same money before. */
export interface Duty {
  readonly act: Act;
  readonly after: readonly Act[];
  /** True when the earlier act counts only on another commission: the one from which this commission comes, or another one
   *  that comes from it. */
  readonly ofSource?: boolean;
  /** How both acts are found to be about the same money. */
  readonly money: string;
  readonly reason: string;
  readonly sentence: string;
  /** Code of the refusal. FORBIDDEN unless another act of the same kind was already accepted from this person. */
  readonly code?: 'CONFLICT';
  /** The policy that refuses the act as well, and the attribute of the row with the people whom the duty keeps from it. */
  readonly policy?: { readonly kind: string; readonly action: string; readonly attribute: string };
  /** When the duty does not apply. */
  readonly unless?: string;
  /** What happens in place of a refusal. The reason and the sentence are then empty. */
  readonly instead?: string;
}

const commission =
  'the commission, the commission of the sale from which it comes, and the sale that raised it';
const payout = 'the payout';

/** Separation of duties. The transaction and a trigger of the database refuse each of them, and the policies those with
 *  `policy`. Every pair of acts that is not listed is allowed: taking money back and stopping a payment need no second
 *  person. docs/concepts/duties.md shows this table. */
export const duties = [
  {
    act: 'APPROVE',
    after: ['MAKE', 'TELL'],
    money: commission,
    reason: 'OWN_LINE',
    sentence: 'You created this commission or recorded its sale, so another person must approve it.',
    policy: { kind: 'commission', action: 'approve', attribute: 'makers' },
  },
  {
    act: 'APPROVE',
    after: ['RELEASE', 'DISPUTE', 'RESOLVE', 'TAKE_BACK'],
    ofSource: true,
    money:
      'the commission of the sale, every adjustment, true-up and reversal that comes from it, and the sale that raised it',
    reason: 'DECIDED_SOURCE',
    sentence:
      'You disputed, decided or took back the commission that this one comes from, so another person must approve this one.',
    policy: { kind: 'commission', action: 'approve', attribute: 'deciders' },
  },
  {
    act: 'APPROVE',
    after: ['SET_RATE', 'CONFIRM_RATE', 'EDIT_RULE', 'EDIT_SETTING'],
    money:
      'the terms of the commission: the rule, the rate, the tier, the plan and the exchange rate that its sale has, and a lower one that came first before',
    reason: 'OWN_TERMS',
    sentence: 'You set the rule or rate that computed this commission, so another person must approve it.',
    policy: { kind: 'commission', action: 'approve', attribute: 'pricers' },
  },
  {
    act: 'RELEASE',
    after: ['MAKE', 'TELL'],
    money: commission,
    reason: 'OWN_LINE',
    sentence: 'You created this commission or recorded its sale, so another person must review it.',
    policy: { kind: 'commission', action: 'review', attribute: 'makers' },
  },
  {
    act: 'APPROVE_PAYOUT',
    after: ['MAKE_PAYOUT'],
    money: payout,
    reason: 'OWN_PAYOUT',
    sentence: 'You created this payout, so another person must approve it.',
    policy: { kind: 'payout', action: 'approve', attribute: 'createdBy' },
  },
  {
    act: 'APPROVE_PAYOUT',
    after: ['SET_ACCOUNT', 'CONFIRM_ACCOUNT'],
    money: 'the account that the payout goes to',
    reason: 'OWN_ACCOUNT',
    sentence: 'You set the payout account of this payout, so another person must approve it.',
  },
  {
    act: 'SECOND_APPROVAL',
    after: ['MAKE_PAYOUT'],
    money: payout,
    reason: 'OWN_PAYOUT',
    sentence: 'You created this payout, so another person must approve it.',
    policy: { kind: 'payout', action: 'approve', attribute: 'createdBy' },
  },
  {
    act: 'SECOND_APPROVAL',
    after: ['SET_ACCOUNT', 'CONFIRM_ACCOUNT'],
    money: 'the account that the payout goes to',
    reason: 'OWN_ACCOUNT',
    sentence: 'You set the payout account of this payout, so another person must approve it.',
  },
  {
    act: 'SECOND_APPROVAL',
    after: ['APPROVE_PAYOUT'],
    money: payout,
    reason: 'SECOND_APPROVER_NEEDED',
    code: 'CONFLICT',
    sentence: 'You already approved this payout, so another person must give the second approval.',
  },
  {
    act: 'CONFIRM_RATE',
    after: ['SET_RATE'],
    money: 'the exchange rate',
    reason: 'OWN_RATE',
    sentence: 'You entered this exchange rate, so another person must confirm it.',
    policy: { kind: 'program', action: 'confirmRate', attribute: 'createdBy' },
  },
  {
    act: 'CONFIRM_ACCOUNT',
    after: ['SET_ACCOUNT'],
    money: 'the payout account',
    reason: 'OWN_ACCOUNT',
    sentence: 'You set this payout account, so another person must confirm it.',
    unless: 'the person is a member of the partner: the partner itself knows whether its account is right',
  },
  {
    act: 'APPROVE_PAYOUT',
    after: ['RAISE_LIMIT'],
    money:
      'a payout without a second approval, when the person raised the limit for second approvals and it was not below the amount since',
    reason: 'OWN_LIMIT',
    sentence: 'You raised the limit for second approvals, so another person must approve this payout.',
  },
  {
    act: 'SEND',
    after: ['IMPORT_STATUS'],
    money: 'the payment of the payout that the imported bank status rejects',
    reason: 'TOLD_BY_YOU',
    sentence: "You imported the bank's rejection, so another approver must retry or cancel this payout.",
  },
  {
    act: 'RESOLVE_OUTCOME',
    after: ['STATE_OUTCOME'],
    money: 'the last attempt of the payout',
    reason: '',
    sentence: '',
    instead:
      'A repeated statement of the same person replaces the first statement. The payout stays unresolved.',
  },
  {
    act: 'SIGN_FILE',
    after: ['MAKE_FILE'],
    money: 'the bank file',
    reason: 'OWN_FILE',
    sentence: 'You created this bank file, so another person must approve it.',
  },
  {
    act: 'SIGN_FILE',
    after: ['SET_ACCOUNT', 'CONFIRM_ACCOUNT'],
    money: 'an account that a payment of the file goes to',
    reason: 'OWN_ACCOUNT',
    sentence:
      'You set a payout account that this bank file pays to, so another person must approve the file.',
  },
  {
    act: 'WITHDRAW_FILE',
    after: ['DOWNLOAD_FILE'],
    money: 'the bank file',
    reason: 'DOWNLOADED_BY_YOU',
    sentence: 'You downloaded this bank file, so another person must state that the bank never received it.',
  },
] as const satisfies readonly Duty[];

export type DutyReason = (typeof duties)[number]['reason'];

/** Returns the error for an act that a duty forbids. */
export function refusedBy(act: Act, reason: DutyReason): AppError {
  const duty: Duty | undefined = duties.find((each) => each.act === act && each.reason === reason);
  if (!duty) throw new Error(`no duty forbids ${act} by ${reason}`);
  return (duty.code === 'CONFLICT' ? conflict : forbidden)(duty.sentence, { reason });
}
