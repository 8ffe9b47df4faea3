import { setTimeout as sleep } from 'node:timers/promises';
import { stripeRail } from '../src/adapters/stripe/stripe-rail.ts';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config/config.ts';
import type { PayoutRail } from '../src/ports/payout-rail.ts';
import { runProcess } from '../src/process.ts';
import { serveBench } from './server.ts';

const RAIL_MS = 20;

// The product with its worker, as `npm start` runs it, and with a rail that confirms every payment. It verifies the events of Stripe.
const stripe = stripeRail({
  ...{ secretKey: 'sk_live_bench', apiBase: null },
  webhookSecrets: [process.env['EVENT_SECRET'] as string],
});
const confirmed = async ({ key }: { readonly key: string }) => {
  await sleep(RAIL_MS);
  return { status: 'CONFIRMED', reference: `tr_${key}` } as const;
};
const rail: PayoutRail = {
  ...stripe,
  ...{ send: confirmed, lookup: confirmed, needsAccount: false },
  currencySupport: () => ({ step: 1n, minimum: 1n, maximum: null }),
};

await runProcess(async (closes) => {
  const config = readConfig(process.env);
  const app = await createApp(config, config.databaseUrl as string, { rail: () => rail });
  closes(() => app.close());
  await app.startWorker();
  serveBench(await app.listen(), () => app.close());
});
