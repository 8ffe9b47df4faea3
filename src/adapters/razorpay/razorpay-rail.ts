import { money } from '../../domain/money.ts';
import type { PayoutInstruction, PayoutRail, RailOutcome, RailTransfer } from '../../ports/payout-rail.ts';
import { latinText } from '../latin-text.ts';
import { agree, type Fields, fieldsOf, isFields, textField } from '../rail-call.ts';
import { type RazorpayAccess, razorpayApi } from './razorpay-api.ts';
import { razorpayEvents } from './razorpay-events.ts';
import { ACTIONS, refusalFor, returnedFor } from './reasons.ts';

/** Limits in paise, as of 2026. Banks may change them. */
interface RazorpayLimits {
  readonly impsMaximum: bigint;
  readonly rtgsMinimum: bigint;
  readonly upiMaximum: bigint;
}

export interface RazorpayOptions extends RazorpayAccess {
  /** Our account at RazorpayX. */
  readonly accountNumber: string;
  /** The webhook secret and the previous one, because events signed before a rotation may still arrive. */
  readonly webhookSecrets: readonly string[];
  /** Text on the partner's bank statement: at most 30 letters, digits and spaces. */
  readonly narration?: string;
  readonly limits?: Partial<RazorpayLimits>;
  readonly now?: () => Date;
}

const LAKH = 10_000_000n; // 100,000 rupees in paise
const LIMITS: RazorpayLimits = { impsMaximum: 5n * LAKH, rtgsMinimum: 2n * LAKH, upiMaximum: LAKH };
const MINIMUM = 100n;
const DAY = 86_400;
const PAGE = 100;

const WAITING = new Set(['pending', 'queued', 'scheduled', 'processing']);
const FAILED = new Set(['failed', 'rejected', 'cancelled']);

/** RazorpayX, in rupees. The same key pays once within seven days. Our key is the `reference_id`, which finds the payout again. */
export function razorpayRail(options: RazorpayOptions): PayoutRail {
  const { accountNumber, webhookSecrets, now = () => new Date() } = options;
  const narration = plainWords(options.narration ?? 'Partner payout');
  const limits = { ...LIMITS, ...options.limits };
  const api = razorpayApi(options);
  // A fund account never changes its kind.
  const kinds = new Map<string, FundAccountKind>();

  async function kindOf(fundAccount: string): Promise<FundAccountKind> {
    const known = kinds.get(fundAccount);
    if (known) return known;
    const { status, body } = await api.get(`/fund_accounts/${encodeURIComponent(fundAccount)}`);
    if (status === 400 || status === 404) return 'missing';
    agree('the fund account', status === 200 && body['id'] === fundAccount);
    if (body['active'] === false) return 'missing';
    const kind = body['account_type'];
    if (kind !== 'bank_account' && kind !== 'vpa')
      throw new Error('the kind of the fund account is not supported');
    if (kinds.size >= 10_000) kinds.clear();
    kinds.set(fundAccount, kind);
    return kind;
  }

  async function find(instruction: PayoutInstruction): Promise<RailOutcome | null> {
    const query = `account_number=${encodeURIComponent(accountNumber)}&reference_id=${instruction.key}`;
    const { status, body } = await api.get(`/payouts?${query}`);
    const items = body['items'];
    if (status !== 200 || !Array.isArray(items)) throw new Error('Razorpay did not return a list of payouts');
    // A list that ignores the filter does not prove that a payout is missing.
    agree(
      'the list',
      items.every((item) => fieldsOf(item)['reference_id'] === instruction.key),
    );
    if (items.length > 1) throw new Error(`Razorpay has ${items.length} payouts with one key`);
    return items.length ? outcomeOf(fieldsOf(items[0]), instruction) : null;
  }

  return {
    name: 'razorpayx',
    keyLifetimeSeconds: 7 * DAY,
    settleSeconds: 900,
    recheckSeconds: webhookSecrets.length ? null : 5 * DAY,
    needsAccount: true,
    currencySupport: (currency) =>
      currency === 'INR' ? { step: 1n, minimum: MINIMUM, maximum: null } : null,

    async send(instruction) {
      const { key, amount } = instruction;
      const fundAccount = fundAccountOf(instruction);
      if (amount.currency !== 'INR' || amount.minor < MINIMUM)
        throw new Error('Razorpay pays only rupees, at least one');
      const kind = await kindOf(fundAccount);
      if (kind === 'missing') return { status: 'REFUSED', ...refusalFor('bank_account_invalid') };
      if (kind === 'vpa' && amount.minor > limits.upiMaximum)
        return { status: 'REFUSED', ...refusalFor('upi_limit') };
      const order = {
        account_number: accountNumber,
        fund_account_id: fundAccount,
        amount: Number(amount.minor), // at most 10^15: exact
        currency: 'INR',
        mode: kind === 'vpa' ? 'UPI' : bankMode(amount.minor, limits),
        purpose: 'payout',
        queue_if_low_balance: true,
        reference_id: key,
        narration,
        notes: {},
      };
      const { status, body } = await api.post('/payouts', order, { 'x-payout-idempotency': key });
      if (status < 300) return outcomeOf(body, instruction);
      if (status !== 400 && status !== 422) throw new Error(`Razorpay returned ${status} for a payout`);
      // The same error occurs for a known key with another body, so only the list proves that no money moved.
      const known = await find(instruction);
      if (known) return known;
      const error = fieldsOf(body['error']);
      if (/idempot/i.test(textField(error['description']))) throw new Error('Razorpay already knows the key');
      return { status: 'REFUSED', ...refusalFor(textField(error['reason'])) };
    },

    async lookup(instruction) {
      const { reference } = instruction;
      if (reference === null) return find(instruction);
      const { status, body } = await api.get(`/payouts/${encodeURIComponent(reference)}`);
      if (status !== 200) throw new Error(`Razorpay returned ${status} for a known payout`);
      agree('the payout', body['id'] === reference);
      return outcomeOf(body, instruction);
    },

    async *list(from, to) {
      const seconds = (date: Date) => Math.floor(date.getTime() / 1_000);
      for (let skip = 0; ; skip += PAGE) {
        const { status, body } = await api.get(
          `/payouts?account_number=${encodeURIComponent(accountNumber)}&from=${seconds(from)}&to=${seconds(to)}&count=${PAGE}&skip=${skip}`,
        );
        const items = body['items'];
        if (status !== 200 || !Array.isArray(items))
          throw new Error('Razorpay did not return a list of payouts');
        for (const item of items) {
          const transfer = transferOf(fieldsOf(item));
          if (transfer.at >= from && transfer.at < to) yield transfer;
        }
        if (items.length < PAGE) return;
      }
    },

    verifyEvent: webhookSecrets.length ? razorpayEvents(webhookSecrets, now) : null,
  };
}

type FundAccountKind = 'bank_account' | 'vpa' | 'missing';

function fundAccountOf({ destination }: PayoutInstruction): string {
  const fundAccount = destination?.details['razorpayFundAccount'];
  if (!fundAccount) throw new Error('there is no fund account');
  return fundAccount;
}

/** The fastest mode for the amount: IMPS arrives immediately on any day, RTGS on the same day, NEFT within hours. */
function bankMode(minor: bigint, { impsMaximum, rtgsMinimum }: RazorpayLimits): 'IMPS' | 'RTGS' | 'NEFT' {
  if (minor <= impsMaximum) return 'IMPS';
  return minor >= rtgsMinimum ? 'RTGS' : 'NEFT';
}

const plainWords = (text: string): string =>
  latinText(text, 100)
    .replace(/[^a-zA-Z0-9 ]/g, '')
    .slice(0, 30)
    .trim();

/** Throws when the payout does not match the instruction in every respect, or has an unknown status. */
function outcomeOf(payout: Fields, { key, amount, destination }: PayoutInstruction): RailOutcome {
  const { id: reference, status } = payout;
  const fundAccount = destination?.details['razorpayFundAccount'];
  if (typeof reference !== 'string' || !/^pout_[A-Za-z0-9]{1,60}$/.test(reference))
    throw new Error('Razorpay returned no payout id');
  agree('the key', payout['reference_id'] === key);
  agree('the amount', payout['amount'] === Number(amount.minor));
  agree('the currency', payout['currency'] === amount.currency);
  // An account that was erased since cannot be compared.
  agree('the fund account', fundAccount === undefined || payout['fund_account_id'] === fundAccount);
  agree('the fee', isCharge(payout['fees']) && isCharge(payout['tax']));
  const reason = textField(fieldsOf(payout['status_details'])['reason']);
  if (WAITING.has(status as string)) {
    const code = reason || (status === 'pending' ? 'pending_approval' : '');
    const actionRequired = Object.hasOwn(ACTIONS, code) ? ACTIONS[code] : undefined;
    return { status: 'ACCEPTED', reference, ...(actionRequired && { actionRequired }) };
  }
  if (status === 'processed') return { status: 'CONFIRMED', reference };
  if (status === 'reversed') return { status: 'RETURNED', reference, reason: returnedFor(reason) };
  if (FAILED.has(status as string))
    return { status: 'REFUSED', ...refusalFor(reason || (status === 'failed' ? '' : (status as string))) };
  throw new Error('Razorpay returned an unknown status');
}

/** True for an absent amount or an amount in paise. */
const isCharge = (value: unknown): boolean =>
  value == null || (Number.isSafeInteger(value) && (value as number) >= 0);

function transferOf(payout: Fields): RailTransfer {
  const { id, amount, currency, status, created_at: createdAt, reference_id: key } = payout;
  if (
    !isFields(payout) ||
    typeof id !== 'string' ||
    !Number.isSafeInteger(amount) ||
    !Number.isSafeInteger(createdAt)
  )
    throw new Error('Razorpay listed an invalid payout');
  return {
    key: typeof key === 'string' && /^[0-9a-f]{32}$/.test(key) ? key : null,
    reference: id,
    amount: money(BigInt(amount as number), textField(currency)),
    status: listedStatus(textField(status)),
    at: new Date((createdAt as number) * 1_000),
  };
}

function listedStatus(status: string): RailOutcome['status'] {
  if (WAITING.has(status)) return 'ACCEPTED';
  if (status === 'processed') return 'CONFIRMED';
  if (status === 'reversed') return 'RETURNED';
  if (FAILED.has(status)) return 'REFUSED';
  throw new Error('Razorpay listed a payout with an unknown status');
}
