import anyAscii from 'any-ascii';
import { bankText } from '../domain/bank-text.ts';
import { integer, origin, secret, text, webhookSecrets } from './fields.ts';
import { section, variable } from './section.ts';

const narration = () =>
  text().refine((value) => bankText(value, 100, anyAscii) !== '', 'must have Latin letters or digits.');
const rupees = () => integer(1, 1_000_000_000).transform(BigInt);

export const razorpay = section({
  title: 'RazorpayX',
  variables: ({ production }) => ({
    RAZORPAY_KEY_ID: variable(secret(production, 8).optional(), {
      description: 'Key of RazorpayX, whose calls come from an address that is allowed there.',
      example: 'rzp_live_...',
    }),
    RAZORPAY_KEY_SECRET: variable(secret(production, 16).optional(), {
      description: 'Secret of that key.',
      secret: true,
    }),
    RAZORPAYX_ACCOUNT_NUMBER: variable(
      text()
        .regex(/^\d{6,20}$/, 'must be the digits of the account that pays.')
        .optional(),
      {
        description: 'Account that pays. Without it nothing is paid.',
        example: '7878780080316316',
      },
    ),
    RAZORPAY_WEBHOOK_SECRET: variable(webhookSecrets(production).optional(), {
      description:
        'Secret of the webhook: at least 16 random characters. While it is rotated give both, separated by a comma, the newest first.',
      otherwise: 'the product polls for the status of payouts',
      secret: true,
    }),
    RAZORPAYX_NARRATION: variable(narration().prefault('Partner payout'), {
      description: "Text on the partner's bank statement: at most 30 letters, digits and spaces.",
    }),
    RAZORPAYX_IMPS_MAX_RUPEES: variable(rupees().prefault('500000'), {
      description:
        'Largest payout by IMPS, in rupees. A larger one goes by RTGS, or by NEFT below the minimum of RTGS.',
    }),
    RAZORPAYX_RTGS_MIN_RUPEES: variable(rupees().prefault('200000'), {
      description: 'Smallest payout by RTGS, in rupees.',
    }),
    RAZORPAYX_UPI_MAX_RUPEES: variable(rupees().prefault('100000'), {
      description: 'Largest payout by UPI, in rupees.',
    }),
    RAZORPAY_BASE_URL: variable(
      origin(production, 'https://api.razorpay.com').prefault('https://api.razorpay.com'),
      { description: 'Address of the API of Razorpay.' },
    ),
  }),
  rules: [
    {
      sentence:
        'Set `RAZORPAY_KEY_ID` and `RAZORPAY_KEY_SECRET`, or none; `RAZORPAYX_ACCOUNT_NUMBER` needs both, and `RAZORPAY_WEBHOOK_SECRET` needs all three.',
      *faults(given, { production }) {
        if (!production) return; // an incomplete rail is left out
        const [id, key] = [given['RAZORPAY_KEY_ID'], given['RAZORPAY_KEY_SECRET']];
        if (Boolean(id) !== Boolean(key))
          yield `${id ? 'RAZORPAY_KEY_SECRET' : 'RAZORPAY_KEY_ID'} is missing: Razorpay needs both.`;
        const rest = ['RAZORPAYX_ACCOUNT_NUMBER', 'RAZORPAY_WEBHOOK_SECRET'].filter((name) => given[name]);
        if (rest.length && !id && !key)
          yield `RAZORPAY_KEY_ID is missing: ${rest.join(' and ')} without a key pays nothing.`;
        if (given['RAZORPAY_WEBHOOK_SECRET'] && !given['RAZORPAYX_ACCOUNT_NUMBER'])
          yield 'RAZORPAYX_ACCOUNT_NUMBER is missing: it is the account that pays.';
      },
    },
  ],
  value: (set) => ({
    razorpay:
      set.RAZORPAY_KEY_ID && set.RAZORPAY_KEY_SECRET && set.RAZORPAYX_ACCOUNT_NUMBER
        ? {
            keyId: set.RAZORPAY_KEY_ID,
            keySecret: set.RAZORPAY_KEY_SECRET,
            accountNumber: set.RAZORPAYX_ACCOUNT_NUMBER,
            webhookSecrets: set.RAZORPAY_WEBHOOK_SECRET ?? [],
            narration: set.RAZORPAYX_NARRATION,
            baseUrl: set.RAZORPAY_BASE_URL,
            // In paise.
            limits: {
              impsMaximum: set.RAZORPAYX_IMPS_MAX_RUPEES * 100n,
              rtgsMinimum: set.RAZORPAYX_RTGS_MIN_RUPEES * 100n,
              upiMaximum: set.RAZORPAYX_UPI_MAX_RUPEES * 100n,
            },
          }
        : null,
  }),
});
