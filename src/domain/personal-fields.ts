/** Names of fields that speak of a person, wherever they stand: they can be erased, so they are kept apart from what
 *  can not. Free-form notes may say anything of anybody. */
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
  'referralCode', // made from the company's name
  'userAgent',
]);

/** What is encrypted or hashed at rest is not written down a second time in the open. */
export const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'accountNumber',
  'bic',
  'iban',
  'ifsc',
  'password',
  'paypalEmail',
  'razorpayFundAccount',
  'routingNumber',
  'secret',
  'sortCode',
  'stripeAccount',
  'taxId',
  'token',
  'upi',
  'upiAddress',
  'vpa',
]);
