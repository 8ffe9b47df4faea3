import { payoutMethods } from './payout.ts';

/** Names of fields with personal data, in any record. They can be erased, so they are stored apart from data that cannot be
 *  erased. Free-form notes may contain anything about a person. */
export const PERSONAL_FIELDS: ReadonlySet<string> = new Set([
  'address',
  'brandName',
  'companyName', // a partner may be one person
  'contactName',
  'customerEmail',
  'displayName',
  'domain', // of a white label
  'email',
  'faviconUrl',
  'holderName',
  'ip',
  'ipAddress',
  'logoUrl',
  'metadata',
  'name',
  'phone',
  'referralCode', // derived from the company's name
  'userAgent',
]);

/** Names of fields that are encrypted or hashed at rest. They are never stored a second time in plain text. */
export const SECRET_FIELDS: ReadonlySet<string> = new Set<string>([
  ...Object.values(payoutMethods).flatMap(({ accountFields }) => accountFields),
  'password',
  'secret',
  'taxId',
  'token',
  'upi',
  'vpa',
]);
