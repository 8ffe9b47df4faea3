import type { Sample } from './data.ts';

/** The requests to both servers, and the speed that the product must reach in relation to `raw`. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly connections: number;
  /** Parts of raw's requests per second: `mark` is the minimum, `goal` is the aim. */
  readonly mark: number;
  readonly goal: number;
  /** Highest CPU per request, as a multiple of raw's. */
  readonly cpuMark: number;
  /** Path at which raw answers. */
  readonly path: string;
  readonly query: string;
  /** Variables of different requests, so that caches are no better filled than in production. */
  readonly variables: (sample: Sample) => object[];
}

/** In the text of a request: an idempotency key, which must be new each time. */
export const NEW_KEY = '%new-key%';

const TYPES = ['SIGNUP', 'RECURRING', 'RENEWAL', 'UPGRADE', 'ONE_TIME', 'BONUS'];
const TIERS = ['BRONZE', 'SILVER', 'GOLD', 'PLATINUM', 'DIAMOND'];
const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

const PARTNER = `query PartnerById($id: ID!) {
  partner(id: $id) {
    id partnerType status tier companyName email referralCode commissionRate currency createdAt
  }
}`;

// From here on the operations are those of the contract, except for white space.
const DASHBOARD = `query PartnerDashboard($filter: PartnerFilter, $first: Int) {
  partners(filter: $filter, first: $first) {
    edges {
      node {
        id
        companyName
        tier
        status
        metrics { conversionRate revenue { amount currency } }
        commissions(first: 10) {
          edges { node { id status amount { amount currency } customer { id externalId } } }
        }
        payouts(first: 3) { edges { node { id status amount { amount currency } } } }
      }
    }
  }
}`;

const REVIEW = `query CommissionReview($filter: CommissionFilter, $first: Int) {
  commissions(filter: $filter, first: $first) {
    edges {
      node {
        id
        amount { amount currency }
        partner { id companyName }
        customer { id externalId }
        referral { id landingUrl convertedAt }
      }
    }
  }
}`;

const TRACK = `mutation TrackReferral($input: TrackReferralInput!) {
  trackReferral(input: $input) { ...ReferralFields visitorId partner { id } }
}
fragment ReferralFields on Referral {
  id referralCode status landingUrl referrerUrl source clickedAt expiresAt convertedAt
}`;

const CREATE = `mutation CreateCommission($input: CreateCommissionInput!) {
  createCommission(input: $input) { ...CommissionFields partner { id } customer { id externalId } }
}
fragment CommissionFields on Commission {
  id type method status
  baseAmount { amount currency }
  rate
  amount { amount currency }
  occurredAt holdUntil approvedAt approvedBy createdAt
}`;

const click = (connections: number, mark: number, goal: number, cpuMark: number): Scenario => ({
  name: `W1@${connections}`,
  title: 'record a click',
  connections,
  mark,
  goal,
  cpuMark,
  path: '/W1',
  query: TRACK,
  variables: ({ partners }) =>
    partners.map(({ referralCode }, index) => ({
      input: {
        referralCode,
        landingUrl: `https://finaceverse.com/pricing?utm_source=google&campaign=${index}`,
        referrerUrl: `https://blog-${index}.example.com/best-finance-tools`,
        userAgent: BROWSER,
      },
    })),
});

export const scenarios: readonly Scenario[] = [
  {
    name: 'Q1',
    title: 'one partner, 10 fields',
    connections: 16,
    mark: 0.7,
    goal: 0.95,
    cpuMark: 1.8,
    path: '/Q1',
    query: PARTNER,
    variables: ({ partners }) => partners.map(({ id }) => ({ id })),
  },
  {
    name: 'Q2',
    title: 'dashboard, 50 partners',
    connections: 16,
    mark: 0.6,
    goal: 0.9,
    cpuMark: 2.2,
    path: '/Q2',
    query: DASHBOARD,
    variables: () => TIERS.map((tier) => ({ filter: { tier }, first: 50 })),
  },
  {
    name: 'Q3',
    title: 'review, 20 paid commissions',
    connections: 16,
    mark: 0.75,
    goal: 1,
    cpuMark: 1.8,
    path: '/Q3',
    query: REVIEW,
    variables: () => TYPES.map((type) => ({ filter: { status: 'PAID', type }, first: 20 })),
  },
  click(16, 0.8, 1, 2.5),
  click(64, 1.4, 1.6, 2),
  {
    name: 'W2',
    title: 'create a commission',
    connections: 16,
    mark: 0.65,
    goal: 0.9,
    cpuMark: 2.5,
    path: '/W2',
    query: CREATE,
    variables: ({ partners }) =>
      partners.map(({ id, customerId }, index) => ({
        input: { partnerId: id, customerId, type: TYPES[index % 6], amount: `${100 + index}` },
      })),
  },
];
