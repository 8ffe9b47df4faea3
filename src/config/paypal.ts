import { origin, secret, text } from './fields.ts';
import { section, variable } from './section.ts';

export const paypal = section({
  title: 'PayPal',
  variables: ({ production }) => {
    const address = production ? 'https://api-m.paypal.com' : 'https://api-m.sandbox.paypal.com';
    return {
      PAYPAL_CLIENT_ID: variable(secret(production, 8).optional(), {
        description: 'Client id of an application of PayPal that may use Payouts.',
      }),
      PAYPAL_CLIENT_SECRET: variable(secret(production, 16).optional(), {
        description: 'Secret of that application.',
        secret: true,
      }),
      PAYPAL_WEBHOOK_ID: variable(
        text()
          .regex(/^[A-Za-z0-9]{1,50}$/, 'must be the id of the webhook as PayPal shows it.')
          .optional(),
        {
          description: 'Id of its webhook for the events of payouts.',
          otherwise: 'the product polls for the status of payouts',
          example: '1JE4291016473214C',
        },
      ),
      PAYPAL_BASE_URL: variable(origin(production, address).prefault(address), {
        description: 'Address of the API of PayPal.',
      }),
    };
  },
  rules: [
    {
      sentence: 'Set `PAYPAL_CLIENT_ID` and `PAYPAL_CLIENT_SECRET`, or none; `PAYPAL_WEBHOOK_ID` needs both.',
      *faults(given, { production }) {
        if (!production) return; // an incomplete rail is left out
        const [id, key] = [given['PAYPAL_CLIENT_ID'], given['PAYPAL_CLIENT_SECRET']];
        if (Boolean(id) !== Boolean(key))
          yield `${id ? 'PAYPAL_CLIENT_SECRET' : 'PAYPAL_CLIENT_ID'} is missing: PayPal needs both.`;
        if (given['PAYPAL_WEBHOOK_ID'] && !id && !key)
          yield 'PAYPAL_CLIENT_ID is missing: PAYPAL_WEBHOOK_ID alone does nothing.';
      },
    },
  ],
  value: (set) => ({
    paypal:
      set.PAYPAL_CLIENT_ID && set.PAYPAL_CLIENT_SECRET
        ? {
            clientId: set.PAYPAL_CLIENT_ID,
            clientSecret: set.PAYPAL_CLIENT_SECRET,
            webhookId: set.PAYPAL_WEBHOOK_ID ?? null,
            baseUrl: set.PAYPAL_BASE_URL,
          }
        : null,
  }),
});
