import { origin, secret, webhookSecrets } from './fields.ts';
import { section, variable } from './section.ts';

const WEBHOOK = 'whsec_';

export const stripe = section({
  title: 'Stripe',
  about:
    'In development, the sandbox pays in place of a gateway that is not set up. In production, such payouts are refused.',
  variables: ({ production }) => ({
    STRIPE_SECRET_KEY: variable(
      secret(production, 16)
        .regex(/^(sk|rk)_(live|test)_/, 'must be a secret or restricted key of Stripe, sk_... or rk_...')
        .optional(),
      {
        description:
          'Secret or restricted key, with rights to transfers, accounts, account links and payouts.',
        example: 'sk_live_...',
        secret: true,
      },
    ),
    STRIPE_WEBHOOK_SECRETS: variable(
      webhookSecrets(production, WEBHOOK)
        .refine(
          (secrets) => secrets.every((value) => value.startsWith(WEBHOOK)),
          'must be signing secrets of Stripe, whsec_..., separated by commas.',
        )
        .optional(),
      {
        description:
          'Signing secrets, separated by commas: of the endpoint for our account, of the endpoint for connected accounts, and old ones while they are rotated.',
        example: 'whsec_...,whsec_...',
        secret: true,
      },
    ),
    STRIPE_API_BASE: variable(origin(production, 'https://api.stripe.com').optional(), {
      description: 'Another address of Stripe.',
      otherwise: "Stripe's own",
    }),
  }),
  rules: [
    {
      sentence:
        'Set `STRIPE_SECRET_KEY` and `STRIPE_WEBHOOK_SECRETS`, or none; development needs the key only.',
      *faults({ STRIPE_SECRET_KEY: key, STRIPE_WEBHOOK_SECRETS: secrets }, { production }) {
        if (!key && secrets)
          yield 'STRIPE_SECRET_KEY is missing: STRIPE_WEBHOOK_SECRETS is set, and Stripe needs both.';
        if (production && key && !secrets)
          yield 'STRIPE_WEBHOOK_SECRETS is missing: without it, the product does not learn that a transfer came back.';
      },
    },
  ],
  value: (set) => ({
    stripe: set.STRIPE_SECRET_KEY
      ? {
          secretKey: set.STRIPE_SECRET_KEY,
          webhookSecrets: set.STRIPE_WEBHOOK_SECRETS ?? [],
          apiBase: set.STRIPE_API_BASE ?? null,
        }
      : null,
  }),
});
