import { type PartnerStatus, PartnerTier, type PartnerType, referralCode } from '../domain/partner.ts';
import type { PayoutFrequency, PayoutMethod } from '../domain/payout.ts';
import { companyFirstWords, companySecondWords, type Region, regions } from './names.ts';
import { DAY_MS, later, type Random } from './random.ts';

const TYPES = { AFFILIATE: 40, RESELLER: 25, REFERRAL: 20, WHITE_LABEL: 15 };
const STATUSES = { ACTIVE: 84, PENDING: 6, INACTIVE: 6, SUSPENDED: 4 };
const TIERS = { BRONZE: 45, SILVER: 28, GOLD: 15, PLATINUM: 8, DIAMOND: 4 };
const CURRENCIES = { USD: 45, EUR: 22, INR: 15, JPY: 10, KWD: 8 };
const FREQUENCIES = { MONTHLY: 75, QUARTERLY: 12, BIWEEKLY: 7, WEEKLY: 6 };
const ALWAYS = new Date(0);
const ladder = Object.values(PartnerTier);

/** A partner's tier and status from a time on. */
interface Standing {
  readonly from: Date;
  readonly status: PartnerStatus;
  readonly tier: PartnerTier;
}

export interface DemoPartner {
  readonly id: string;
  readonly partnerType: PartnerType;
  readonly status: PartnerStatus;
  readonly tier: PartnerTier;
  readonly companyName: string;
  readonly contactName: string;
  readonly email: string;
  readonly referralCode: string;
  readonly rateBps: number | null;
  readonly payoutFrequency: PayoutFrequency;
  readonly payoutMethod: PayoutMethod | null;
  readonly createdAt: Date;
  readonly region: Region;
  readonly slug: string;
  /** In time order; the first is valid from the beginning. */
  readonly standings: readonly [Standing, ...Standing[]];
  readonly affiliate: AffiliateTerms | null;
}

interface AffiliateTerms {
  readonly firstPurchaseOnly: boolean;
  readonly recurringMonths: number | null;
  /** The smallest purchase that earns, in minor units. */
  readonly minimum: bigint | null;
  readonly cookieDays: number;
}

export function standingAt({ standings }: DemoPartner, at: Date): Standing {
  return standings.findLast(({ from }) => from <= at) ?? standings[0];
}

export function makePartners(random: Random, count: number, now: Date): DemoPartner[] {
  const companies = random.shuffled(
    companyFirstWords.flatMap((first) => companySecondWords.map((second) => [first, second] as const)),
  );
  const codes = new Set(['ACME1234']);
  const partners = [acme(now)];
  for (const [first, second] of companies.slice(0, count - 1)) {
    const region: Region = regions[random.weighted(CURRENCIES)];
    const person = [random.pick(region.firstNames), random.pick(region.lastNames)] as const;
    const slug = `${first}-${second}`.toLowerCase();
    const companyName = `${first} ${second} ${random.pick(region.suffixes)}`;
    const tier = random.weighted(TIERS);
    const status = random.weighted(STATUSES);
    const age = random.chance(0.6) ? random.between(365, 480) : random.between(20, 350);
    const createdAt = later(now, -age * DAY_MS);
    let code = referralCode(companyName, random.bytes());
    while (codes.has(code)) code = referralCode(companyName, random.bytes());
    codes.add(code);
    const partnerType = random.weighted(TYPES);
    partners.push({
      id: random.id(createdAt),
      partnerType,
      status,
      tier,
      companyName,
      contactName: person.join(' '),
      email: `${person.map(plain).join('.')}@${slug}.example`,
      referralCode: code,
      rateBps: random.chance(0.2) ? random.int(16, 56) * 50 : null,
      payoutFrequency: random.weighted(FREQUENCIES),
      payoutMethod: status === 'PENDING' || random.chance(0.04) ? null : random.pick(region.methods),
      createdAt,
      region,
      slug,
      standings: standingsOf(random, { status, tier, createdAt }, now),
      affiliate: partnerType === 'AFFILIATE' ? affiliateTerms(random, region) : null,
    });
  }
  return partners;
}

/** The partner of the documentation's examples, with the same id, so that the examples run unchanged. */
function acme(now: Date): DemoPartner {
  const createdAt = later(now, -400 * DAY_MS);
  return {
    id: '550e8400-e29b-41d4-a716-446655440000',
    partnerType: 'RESELLER',
    status: 'ACTIVE',
    tier: 'SILVER',
    companyName: 'Acme Resellers Inc',
    contactName: 'John Smith',
    email: 'john@acme.com',
    referralCode: 'ACME1234',
    rateBps: 1_500,
    payoutFrequency: 'MONTHLY',
    payoutMethod: 'BANK_TRANSFER',
    createdAt,
    region: regions.USD,
    slug: 'acme',
    standings: [
      { from: ALWAYS, status: 'ACTIVE', tier: 'BRONZE' },
      { from: firstOfMonth(later(createdAt, 120 * DAY_MS)), status: 'ACTIVE', tier: 'SILVER' },
    ],
    affiliate: null,
  };
}

/** Returns the history of a partner: some are approved late, some change their tier, some leave. */
function standingsOf(
  random: Random,
  { status, tier, createdAt }: Pick<DemoPartner, 'status' | 'tier' | 'createdAt'>,
  now: Date,
): DemoPartner['standings'] {
  if (status === 'PENDING') return [{ from: ALWAYS, status, tier }];
  const age = (now.getTime() - createdAt.getTime()) / DAY_MS;
  const gone = status === 'ACTIVE' ? 0 : random.between(1, Math.min(age - 10, 150));
  const before = age - gone > 100 && random.chance(0.4) ? neighbor(random, tier) : tier;
  const waits = random.chance(0.2);
  const standings: [Standing, ...Standing[]] = [
    { from: ALWAYS, status: waits ? 'PENDING' : 'ACTIVE', tier: before },
  ];
  if (waits) {
    const admitted = later(createdAt, random.between(1, 3) * DAY_MS);
    standings.push({ from: admitted, status: 'ACTIVE', tier: before });
  }
  if (before !== tier) {
    const moved = firstOfMonth(later(createdAt, random.between(65, age - gone - 5) * DAY_MS));
    standings.push({ from: moved, status: 'ACTIVE', tier });
  }
  if (gone > 0) standings.push({ from: later(now, -gone * DAY_MS), status, tier });
  return standings;
}

/** Returns the previous tier: mostly the tier below, for a few partners the tier above. */
function neighbor(random: Random, tier: PartnerTier): PartnerTier {
  const rung = ladder.indexOf(tier);
  return ladder[rung === 0 || random.chance(0.15) ? rung + 1 : rung - 1] ?? tier;
}

const firstOfMonth = (at: Date) => new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1));

function affiliateTerms(random: Random, { plans }: Region): AffiliateTerms {
  return {
    cookieDays: random.pick([30, 30, 30, 60, 90, 14]),
    firstPurchaseOnly: random.chance(0.2),
    recurringMonths: random.chance(0.4) ? random.pick([3, 6, 12]) : null,
    minimum: random.chance(0.15) ? plans[1] : null,
  };
}

const plain = (name: string) =>
  name
    .normalize('NFKD')
    .replace(/[^A-Za-z]/g, '')
    .toLowerCase();
