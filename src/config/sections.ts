import { auditSeals } from './audit-seals.ts';
import { authentication } from './authentication.ts';
import { bank } from './bank.ts';
import { database } from './database.ts';
import { general } from './general.ts';
import { keyService } from './key-service.ts';
import { mail } from './mail.ts';
import { oidc } from './oidc.ts';
import { paypal } from './paypal.ts';
import { policyPoint } from './policy-point.ts';
import { rateLimits } from './rate-limits.ts';
import { razorpay } from './razorpay.ts';
import { redis } from './redis.ts';
import { server } from './server.ts';
import { stripe } from './stripe.ts';
import { tracking } from './tracking.ts';
import { worker } from './worker.ts';

/** The sections of the configuration, in the order of the documentation. */
export const SECTIONS = [
  general,
  server,
  database,
  redis,
  authentication,
  oidc,
  policyPoint,
  keyService,
  auditSeals,
  rateLimits,
  tracking,
  worker,
  mail,
  stripe,
  razorpay,
  paypal,
  bank,
] as const;
