import type { PayoutMethod } from '../domain/payout.ts';

/** A region with its currency, names and prices. Amounts are in minor units of the currency. */
export interface Region {
  readonly currency: string;
  readonly firstNames: readonly string[];
  readonly lastNames: readonly string[];
  readonly suffixes: readonly string[];
  readonly methods: readonly PayoutMethod[];
  readonly countries: readonly string[];
  /** Prices of a seat per month, from the smallest plan to the largest. */
  readonly plans: readonly [bigint, bigint, bigint, bigint];
  /** Bonus per unit. */
  readonly bonus: bigint;
}

export const regions = {
  USD: {
    currency: 'USD',
    firstNames: ['Emily', 'Marcus', 'Olivia', 'Daniel', 'Grace', 'Tyler', 'Hannah', 'Andre', 'Megan', 'Luis'],
    lastNames: ['Carter', 'Nguyen', 'Brooks', 'Ramirez', 'Foster', 'Bennett', 'Coleman', 'Hayes', 'Sullivan'],
    suffixes: ['Inc', 'LLC', 'Group', 'Co'],
    methods: ['STRIPE', 'PAYPAL', 'BANK_TRANSFER'],
    countries: ['US', 'CA'],
    plans: [29_00n, 99_00n, 299_00n, 999_00n],
    bonus: 50_00n,
  },
  EUR: {
    currency: 'EUR',
    firstNames: ['Anna', 'Lukas', 'Chloé', 'Matteo', 'Sofie', 'Jonas', 'Elena', 'Pieter', 'Inês', 'Tomás'],
    lastNames: [
      'Schneider',
      'Moreau',
      'Rossi',
      'de Vries',
      'Jansen',
      'Fischer',
      'García',
      'Silva',
      'Lindgren',
    ],
    suffixes: ['GmbH', 'SARL', 'BV', 'SRL'],
    methods: ['STRIPE', 'BANK_TRANSFER', 'PAYPAL'],
    countries: ['DE', 'FR', 'NL', 'ES', 'IT'],
    plans: [27_00n, 89_00n, 279_00n, 929_00n],
    bonus: 45_00n,
  },
  INR: {
    currency: 'INR',
    firstNames: [
      'Priya',
      'Arjun',
      'Ananya',
      'Rohan',
      'Kavya',
      'Vikram',
      'Meera',
      'Sanjay',
      'Divya',
      'Nikhil',
    ],
    lastNames: ['Sharma', 'Iyer', 'Patel', 'Reddy', 'Nair', 'Banerjee', 'Kulkarni', 'Mehta', 'Chopra'],
    suffixes: ['Pvt Ltd', 'LLP'],
    methods: ['RAZORPAY', 'BANK_TRANSFER'],
    countries: ['IN'],
    plans: [1_999_00n, 6_999_00n, 19_999_00n, 69_999_00n],
    bonus: 4_000_00n,
  },
  JPY: {
    currency: 'JPY',
    firstNames: ['Yuki', 'Haruto', 'Sakura', 'Kenji', 'Aoi', 'Ren', 'Hana', 'Daichi', 'Mei', 'Takumi'],
    lastNames: ['Tanaka', 'Sato', 'Watanabe', 'Kobayashi', 'Nakamura', 'Ito', 'Yoshida', 'Mori', 'Hayashi'],
    suffixes: ['K.K.'],
    methods: ['BANK_TRANSFER', 'STRIPE'],
    countries: ['JP'],
    plans: [3_900n, 12_800n, 38_000n, 128_000n],
    bonus: 6_000n,
  },
  KWD: {
    currency: 'KWD',
    firstNames: [
      'Fatima',
      'Yousef',
      'Noura',
      'Khaled',
      'Dana',
      'Bader',
      'Maryam',
      'Faisal',
      'Latifa',
      'Omar',
    ],
    lastNames: ['Al-Rashid', 'Al-Mutairi', 'Al-Sabti', 'Haddad', 'Al-Enezi', 'Mansour', 'Al-Fadhli', 'Karam'],
    suffixes: ['W.L.L.', 'K.S.C.'],
    methods: ['BANK_TRANSFER'],
    countries: ['KW', 'AE', 'SA'],
    plans: [8_900n, 29_500n, 89_750n, 299_900n],
    bonus: 15_000n,
  },
} as const satisfies Record<string, Region>;

// biome-ignore format: one word a line would be long to read
export const companyFirstWords = [
  'Harbor', 'Summit', 'Bluebird', 'Cedar', 'Lantern', 'Granite', 'Juniper', 'Meridian', 'Copper', 'Willow', 'Beacon',
  'Orchard', 'Falcon', 'Sterling', 'Maple', 'Pioneer', 'Quill', 'Saffron', 'Tidal', 'Violet', 'Wren', 'Alder', 'Birch',
  'Crescent', 'Ember', 'Fjord', 'Grove', 'Horizon', 'Ivory', 'Lotus',
];

// biome-ignore format: one word a line would be long to read
export const companySecondWords = [
  'Ledger', 'Advisory', 'Partners', 'Software', 'Cloud', 'Accounting', 'Consulting', 'Growth', 'Media', 'Analytics',
  'Digital', 'Systems', 'Commerce', 'Labs',
];

export const landingPages = [
  '/pricing',
  '/',
  '/features/ledger',
  '/features/consolidation',
  '/demo',
  '/compare',
  '/blog/close-faster',
];

export const userAgents = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
];

export const rejections = [
  'The customer already had an account',
  'Paid search on our brand name is not allowed by the contract',
  'The order was a test',
  'The same sale was reported twice',
];

export const refunds = [
  'The customer moved to a smaller plan',
  'Two seats were never used',
  'Service credit after an outage',
  'Goodwill refund',
];

export const wholeRefunds = [
  'The customer canceled within the refund period',
  'Chargeback lost',
  'The order was voided',
];

export const payoutFailures = [
  { code: 'account_closed', reason: 'The bank account is closed' },
  { code: 'name_mismatch', reason: 'The account holder does not match the name' },
  { code: 'invalid_account', reason: 'The account number does not exist' },
  { code: 'rail_unavailable', reason: 'The bank refused the transfer; it may be tried again' },
] as const;

export const cancelations = [
  'Bank details changed',
  'The partner asked to wait for the next period',
  'An invoice is missing',
];
