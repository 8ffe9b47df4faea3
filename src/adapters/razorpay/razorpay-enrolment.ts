import type { FundAccounts } from 'razorpay/dist/types/fundAccount.js';
import { type Payee, type PayeeEnrolment, PayeeRefused } from '../../ports/payee-enrolment.ts';
import { latinText, unwritable } from '../latin-text.ts';
import { type Fields, fieldsOf, type RailAnswer, textField } from '../rail-call.ts';
import { type RazorpayAccess, razorpayApi } from './razorpay-api.ts';

const MAX_NAME = 50;

/** Contacts and fund accounts. Both are searched before they are created, so that a repeated call creates no second one.
 *  Two simultaneous calls may create two, which pay to the same account. */
export function razorpayEnrolment(access: RazorpayAccess): PayeeEnrolment {
  const api = razorpayApi(access);

  async function contactOf({ reference, holderName }: Payee, name: string): Promise<string> {
    const listed = itemsOf(await api.get(`/contacts?reference_id=${encodeURIComponent(reference)}`));
    const known = listed.find(
      (contact) =>
        contact['reference_id'] === reference && contact['name'] === name && contact['active'] === true,
    );
    if (known) return idOf(known, 'cont');
    if (name.length < 3) throw new PayeeRefused('holderName', nameWords(holderName));
    return idOf(made(await api.post('/contacts', { name, type: 'vendor', reference_id: reference })), 'cont');
  }

  return {
    async enrol(payee) {
      const name = plainName(payee.holderName);
      const contact = await contactOf(payee, name);
      const listed = itemsOf(await api.get(`/fund_accounts?contact_id=${contact}`));
      const known = listed.find((account) => account['active'] === true && isSame(account, payee));
      if (known) return idOf(known, 'fa');
      const { account } = payee;
      const order =
        'upiAddress' in account
          ? { account_type: 'vpa', vpa: { address: account.upiAddress } }
          : {
              account_type: 'bank_account',
              bank_account: bankAccountOf(name, account),
            };
      return idOf(made(await api.post('/fund_accounts', { contact_id: contact, ...order })), 'fa');
    },
  };
}

/** The name in the characters that Razorpay accepts: at most 50, ending in a letter, a digit or a dot. */
const plainName = (text: string): string =>
  latinText(text, MAX_NAME)
    .replace(/[^a-zA-Z0-9 '\-/().,]/g, ' ')
    .replace(/ +/g, ' ')
    .trim()
    .replace(/[^a-zA-Z0-9.]+$/, '');

const bankAccountOf = (
  name: string,
  { ifsc, accountNumber }: Extract<Payee['account'], { ifsc: string }>,
): FundAccounts.RazorpayBankAccountBaseRequestBody => ({ name, ifsc, account_number: accountNumber });

const nameWords = (name: string) =>
  unwritable(name) === null
    ? 'must have at least 3 letters or digits'
    : `must be in Latin letters, without "${unwritable(name)}"`;

function isSame(known: Fields, { account }: Payee): boolean {
  if ('upiAddress' in account) return fieldsOf(known['vpa'])['address'] === account.upiAddress;
  const bank = fieldsOf(known['bank_account']);
  return bank['account_number'] === account.accountNumber && bank['ifsc'] === account.ifsc;
}

function itemsOf({ status, body }: RailAnswer): Fields[] {
  const { items } = body;
  if (status !== 200 || !Array.isArray(items))
    throw new Error(`Razorpay returned ${status} instead of a list`);
  return items.map(fieldsOf);
}

function made({ status, body }: RailAnswer): Fields {
  if (status < 300) return body;
  const field = textField(fieldsOf(body['error'])['field']);
  if (status === 400) {
    if (/ifsc/.test(field))
      throw new PayeeRefused('ifsc', 'must be the IFSC of a branch that Razorpay knows');
    if (/account_number/.test(field))
      throw new PayeeRefused('accountNumber', 'was refused by Razorpay: check the account number');
    if (/vpa|address/.test(field))
      throw new PayeeRefused('upiAddress', 'was refused by Razorpay: check the UPI address');
    if (/name/.test(field)) throw new PayeeRefused('holderName', 'was refused by Razorpay: check the name');
  }
  throw new Error(`Razorpay returned ${status} for a payee`);
}

function idOf(entity: Fields, prefix: 'cont' | 'fa'): string {
  const id = textField(entity['id']);
  if (!new RegExp(`^${prefix}_[A-Za-z0-9]{8,60}$`).test(id)) throw new Error('Razorpay returned no payee id');
  return id;
}
