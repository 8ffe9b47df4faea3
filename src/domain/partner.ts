export const PartnerType = {
  RESELLER: 'RESELLER',
  AFFILIATE: 'AFFILIATE',
  REFERRAL: 'REFERRAL',
  WHITE_LABEL: 'WHITE_LABEL',
} as const;
export type PartnerType = (typeof PartnerType)[keyof typeof PartnerType];

export const PartnerStatus = {
  PENDING: 'PENDING',
  ACTIVE: 'ACTIVE',
  INACTIVE: 'INACTIVE',
  SUSPENDED: 'SUSPENDED',
} as const;
export type PartnerStatus = (typeof PartnerStatus)[keyof typeof PartnerStatus];

export const PartnerTier = {
  BRONZE: 'BRONZE',
  SILVER: 'SILVER',
  GOLD: 'GOLD',
  PLATINUM: 'PLATINUM',
  DIAMOND: 'DIAMOND',
} as const;
export type PartnerTier = (typeof PartnerTier)[keyof typeof PartnerTier];

export interface TierTerms {
  readonly tier: PartnerTier;
  /** Whole units of the program's currency. */
  readonly minMonthlyRevenue: bigint;
  readonly minCustomers: number;
  readonly rateBps: number;
  readonly apiCallsPerHour: number;
  readonly dedicatedManager: boolean;
  readonly benefits: readonly string[];
}

/** The tiers of a new program. See docs/concepts/tiers.md. */
export const defaultTiers: readonly TierTerms[] = [
  {
    tier: 'BRONZE',
    minMonthlyRevenue: 0n,
    minCustomers: 0,
    rateBps: 1_000,
    apiCallsPerHour: 1_000,
    dedicatedManager: false,
    benefits: ['Standard support'],
  },
  {
    tier: 'SILVER',
    minMonthlyRevenue: 5_000n,
    minCustomers: 10,
    rateBps: 1_500,
    apiCallsPerHour: 2_500,
    dedicatedManager: false,
    benefits: ['Standard support'],
  },
  {
    tier: 'GOLD',
    minMonthlyRevenue: 25_000n,
    minCustomers: 50,
    rateBps: 2_000,
    apiCallsPerHour: 5_000,
    dedicatedManager: false,
    benefits: ['Priority support'],
  },
  {
    tier: 'PLATINUM',
    minMonthlyRevenue: 100_000n,
    minCustomers: 200,
    rateBps: 2_500,
    apiCallsPerHour: 10_000,
    dedicatedManager: true,
    benefits: ['Dedicated manager'],
  },
  {
    tier: 'DIAMOND',
    minMonthlyRevenue: 500_000n,
    minCustomers: 1_000,
    rateBps: 3_000,
    apiCallsPerHour: 25_000,
    dedicatedManager: true,
    benefits: ['Dedicated manager'],
  },
];

// Without 0/O, 1/I/L: a code is read aloud and typed from paper.
const CODE_LETTERS = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';

/** A referral code from random bytes (at least 10): `ACME` and 6 letters, about 10^9 codes for each prefix. */
export function referralCode(companyName: string, random: Uint8Array): string {
  const prefix = companyName
    .normalize('NFKD')
    .replace(/[^A-Za-z]/g, '')
    .toUpperCase()
    .slice(0, 4)
    .padEnd(4, 'X');
  return prefix + letters(random.slice(0, 6));
}

/** A code with 4 random letters behind it, from random bytes (at least 4): at most 32 characters. */
export const withSuffix = (code: string, random: Uint8Array): string =>
  `${code.slice(0, 27)}-${letters(random.slice(0, 4))}`;

const letters = (random: Uint8Array): string =>
  Array.from(random, (byte) => CODE_LETTERS[byte % CODE_LETTERS.length]).join('');
