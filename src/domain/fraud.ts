/** The checks of a sale for fraud and self-referral. See docs/concepts/fraud.md. */
export const FraudRule = {
  SAME_USER: 'SAME_USER',
  SAME_EMAIL: 'SAME_EMAIL',
  SAME_PAYMENT: 'SAME_PAYMENT',
  SPONSOR_CUSTOMER: 'SPONSOR_CUSTOMER',
  BLOCKED_CUSTOMER: 'BLOCKED_CUSTOMER',
  SAME_COMPANY_DOMAIN: 'SAME_COMPANY_DOMAIN',
  SAME_ADDRESS: 'SAME_ADDRESS',
  DISPOSABLE_EMAIL: 'DISPOSABLE_EMAIL',
  SHARED_PAYOUT_ACCOUNT: 'SHARED_PAYOUT_ACCOUNT',
  FAST_PURCHASE: 'FAST_PURCHASE',
  PARTNER_VELOCITY: 'PARTNER_VELOCITY',
  ADDRESS_VELOCITY: 'ADDRESS_VELOCITY',
  CLICK_FLOOD: 'CLICK_FLOOD',
  FOREIGN_COUPON: 'FOREIGN_COUPON',
} as const;
export type FraudRule = (typeof FraudRule)[keyof typeof FraudRule];

export const FraudMode = { OFF: 'OFF', SHADOW: 'SHADOW', HOLD: 'HOLD', BLOCK: 'BLOCK' } as const;
export type FraudMode = (typeof FraudMode)[keyof typeof FraudMode];

export interface RuleTerms {
  readonly mode: FraudMode;
  /** Points that a match adds to the score, 1 to 100. */
  readonly weight: number;
  /** Limit from which a rule that counts matches. Null for other rules. */
  readonly limit: number | null;
}

/** A program's settings of the risk rules. A rule that is not named is OFF. */
export interface FraudTerms {
  /** Score from which a commission is held, 1 to 100. */
  readonly threshold: number;
  readonly rules: Readonly<Partial<Record<FraudRule, RuleTerms>>>;
}

interface RuleDefaults {
  /** The mode that is recommended after a trial in SHADOW. BLOCK is allowed only where it is recommended. */
  readonly recommended: 'HOLD' | 'BLOCK';
  readonly weight: number;
  readonly limit: number | null;
}

const ROUTINE = 50; // one match alone reaches the default threshold
const block: RuleDefaults = { recommended: 'BLOCK', weight: 100, limit: null };
const hold = (limit: number | null = null): RuleDefaults => ({ recommended: 'HOLD', weight: ROUTINE, limit });

export const DEFAULT_THRESHOLD = 50;
export const fraudRules: Readonly<Record<FraudRule, RuleDefaults>> = {
  SAME_USER: block,
  SAME_EMAIL: block,
  SAME_PAYMENT: block,
  SPONSOR_CUSTOMER: block,
  BLOCKED_CUSTOMER: block,
  SAME_COMPANY_DOMAIN: hold(),
  SAME_ADDRESS: hold(),
  DISPOSABLE_EMAIL: hold(),
  SHARED_PAYOUT_ACCOUNT: hold(),
  FAST_PURCHASE: hold(10), // seconds
  PARTNER_VELOCITY: hold(60),
  ADDRESS_VELOCITY: hold(5),
  CLICK_FLOOD: hold(300),
  FOREIGN_COUPON: hold(),
};
export const allFraudRules = Object.keys(fraudRules) as FraudRule[];

/** Returns the settings of a rule in a program. */
export function termsOf(terms: FraudTerms | null, rule: FraudRule): RuleTerms {
  const { weight, limit } = fraudRules[rule];
  return terms?.rules[rule] ?? { mode: 'OFF', weight, limit };
}

/** True when any rule is not OFF. */
export const isWatching = (terms: FraudTerms | null): terms is FraudTerms =>
  terms !== null && allFraudRules.some((rule) => termsOf(terms, rule).mode !== 'OFF');

/** Returns one spelling for all addresses of the same mailbox: lower case, without a tag after a plus, and without Gmail's
 *  dots and second domain. The database function `normal_email` does the same. */
export function normalEmail(email: string): string {
  const text = email.trim().toLowerCase();
  const at = text.lastIndexOf('@');
  if (at < 1) return text;
  const domain = text.slice(at + 1) === 'googlemail.com' ? 'gmail.com' : text.slice(at + 1);
  const whole = text.slice(0, at);
  const plus = whole.indexOf('+');
  const untagged = plus > 0 ? whole.slice(0, plus) : whole;
  const local = domain === 'gmail.com' ? untagged.replaceAll('.', '') || untagged : untagged;
  return `${local}@${domain}`;
}

/** Returns the domain of an e-mail address in lower case. Null when the text is not an address. */
export function emailDomain(email: string): string | null {
  const normal = normalEmail(email);
  const at = normal.lastIndexOf('@');
  return at < 1 ? null : normal.slice(at + 1);
}

/** A set of domains, independent of its storage. */
type Domains = Pick<ReadonlySet<string>, 'has'>;

/** True when the list contains the domain or one of its parent domains. */
export function listed(list: Domains, domain: string): boolean {
  for (let rest = domain; rest.includes('.'); rest = rest.slice(rest.indexOf('.') + 1))
    if (list.has(rest)) return true;
  return false;
}

const HOUR_MS = 3_600_000;

/** Returns the highest number of sales in any hour that contains the sale, itself included. The order in which sales are
 *  recorded does not matter. `others` are in milliseconds since 1970. */
export function mostInAnHour(others: readonly number[], at: Date): number {
  const times = [...others, at.getTime()];
  const inHourFrom = (from: number) => times.filter((time) => time >= from && time < from + HOUR_MS).length;
  const starts = times.filter((time) => time <= at.getTime() && time > at.getTime() - HOUR_MS);
  return Math.max(...starts.map(inHourFrom));
}

/** The facts about a sale that the risk rules compare. */
export interface Facts {
  readonly customer: { readonly externalId: string; readonly email: string | null } | null;
  readonly partner: { readonly id: string; readonly email: string };
  readonly members: readonly {
    readonly id: string;
    readonly email: string;
    readonly subject: string | null;
  }[];
  /** The partner's sponsor at the time of the sale. */
  readonly sponsor: { readonly id: string; readonly email: string } | null;
  /** True when the program's lists allow this customer. */
  readonly allowed: boolean;
  /** Id of the list entry that blocks the customer or its mail domain. */
  readonly blockedBy: string | null;
  /** Seconds from the click to the purchase. Null without a click. */
  readonly secondsToPurchase: number | null;
  /** Ids of other customers who paid with the same card or account and are members or customers of the partner. */
  readonly samePayment: readonly string[];
  /** Ids of referrals of other customers who bought within 24 hours after a click from the same network address. */
  readonly sameAddress: readonly string[];
  readonly sharedAccounts: readonly string[];
  readonly partnerSales: number;
  readonly addressSales: number;
  readonly addressClicks: number;
  /** For a sale by coupon: id of another partner whose link the visitor followed last. */
  readonly couponAgainst: string | null;
  readonly disposable: Domains;
  readonly freeMail: Domains;
}

/** A rule that matched, with the compared facts: ids, counts and domains, never an address of a person. */
export interface Hit {
  readonly rule: FraudRule;
  readonly mode: Exclude<FraudMode, 'OFF'>;
  readonly weight: number;
  readonly evidence: Readonly<Record<string, unknown>>;
}

type Evidence = Hit['evidence'] | null;

const some = (key: string, ids: readonly string[]): Evidence => (ids.length ? { [key]: ids } : null);
const reaches = (count: number, limit: number | null): Evidence =>
  limit !== null && count >= limit ? { count, limit } : null;

const signals: Record<FraudRule, (facts: Facts, limit: number | null) => Evidence> = {
  SAME_USER({ customer, partner, members }) {
    const id = customer?.externalId;
    if (id === undefined) return null;
    if (id === partner.id) return { comparedWith: 'PARTNER', partner: partner.id };
    const member = members.find((each) => each.id === id || each.subject === id);
    return member ? { comparedWith: 'MEMBER', member: member.id } : null;
  },
  SAME_EMAIL({ customer, partner, members }) {
    if (!customer?.email) return null;
    const own = normalEmail(customer.email);
    if (own === normalEmail(partner.email)) return { comparedWith: 'PARTNER', partner: partner.id };
    const member = members.find(({ email }) => normalEmail(email) === own);
    return member ? { comparedWith: 'MEMBER', member: member.id } : null;
  },
  SAME_PAYMENT: ({ samePayment }) => some('customers', samePayment),
  SPONSOR_CUSTOMER({ customer, sponsor }) {
    if (!customer || !sponsor) return null;
    const same =
      customer.externalId === sponsor.id ||
      (customer.email !== null && normalEmail(customer.email) === normalEmail(sponsor.email));
    return same ? { sponsor: sponsor.id } : null;
  },
  BLOCKED_CUSTOMER: ({ blockedBy }) => (blockedBy === null ? null : { entry: blockedBy }),
  SAME_COMPANY_DOMAIN({ customer, partner, members, freeMail }) {
    const domain = customer?.email ? emailDomain(customer.email) : null;
    if (!domain || listed(freeMail, domain)) return null;
    if (emailDomain(partner.email) === domain) return { comparedWith: 'PARTNER', domain };
    const member = members.find(({ email }) => emailDomain(email) === domain);
    return member ? { comparedWith: 'MEMBER', member: member.id, domain } : null;
  },
  SAME_ADDRESS: ({ sameAddress }) => some('referrals', sameAddress),
  DISPOSABLE_EMAIL({ customer, disposable }) {
    const domain = customer?.email ? emailDomain(customer.email) : null;
    return domain && listed(disposable, domain) ? { domain } : null;
  },
  SHARED_PAYOUT_ACCOUNT: ({ sharedAccounts }) => some('partners', sharedAccounts),
  FAST_PURCHASE: ({ secondsToPurchase: seconds }, limit) =>
    seconds !== null && limit !== null && seconds < limit ? { seconds, limit } : null,
  PARTNER_VELOCITY: ({ partnerSales }, limit) => reaches(partnerSales, limit),
  ADDRESS_VELOCITY: ({ addressSales }, limit) => reaches(addressSales, limit),
  CLICK_FLOOD: ({ addressClicks }, limit) => reaches(addressClicks, limit),
  FOREIGN_COUPON: ({ couponAgainst }) => (couponAgainst === null ? null : { partner: couponAgainst }),
};

/** Returns all rules that are not OFF and match. Empty for a customer on the ALLOWED_CUSTOMER list. */
export function hitsOf(facts: Facts, terms: FraudTerms): Hit[] {
  if (facts.allowed) return [];
  return allFraudRules.flatMap((rule) => {
    const { mode, weight, limit } = termsOf(terms, rule);
    const evidence = mode === 'OFF' ? null : signals[rule](facts, limit);
    return mode === 'OFF' || evidence === null ? [] : [{ rule, mode, weight, evidence }];
  });
}

/** The outcome of a sale with matches, in rising order. */
export const FraudOutcome = {
  NOTED: 'NOTED',
  WOULD_HOLD: 'WOULD_HOLD',
  HELD: 'HELD',
  BLOCKED: 'BLOCKED',
} as const;
export type FraudOutcome = (typeof FraudOutcome)[keyof typeof FraudOutcome];

export interface Judgement {
  readonly outcome: FraudOutcome;
  /** Sum of the weights of rules in HOLD or BLOCK, 0 to 100. */
  readonly score: number;
  /** The same with the rules in SHADOW, 0 to 100. Never less than `score`. */
  readonly shadowScore: number;
}

/** Returns the outcome and the scores. An additional match never lowers the outcome. */
export function judge(hits: readonly Pick<Hit, 'mode' | 'weight'>[], threshold: number): Judgement {
  const sum = (of: typeof hits) =>
    Math.min(
      100,
      of.reduce((total, { weight }) => total + weight, 0),
    );
  const score = sum(hits.filter(({ mode }) => mode !== 'SHADOW'));
  const shadowScore = sum(hits);
  const outcome = hits.some(({ mode }) => mode === 'BLOCK')
    ? 'BLOCKED'
    : score >= threshold
      ? 'HELD'
      : shadowScore >= threshold
        ? 'WOULD_HOLD'
        : 'NOTED';
  return { outcome, score, shadowScore };
}

export const FraudDecision = { RELEASED: 'RELEASED', FRAUD: 'FRAUD' } as const;
export type FraudDecision = (typeof FraudDecision)[keyof typeof FraudDecision];

/** State of a fraud review. CLOSED: the commission was rejected or reversed before a decision. */
export const ReviewState = {
  OPEN: 'OPEN',
  RELEASED: 'RELEASED',
  FRAUD: 'FRAUD',
  CLOSED: 'CLOSED',
  NONE: 'NONE',
} as const;
export type ReviewState = (typeof ReviewState)[keyof typeof ReviewState];

/** The lists that a program keeps by hand. */
export const FraudList = {
  ALLOWED_CUSTOMER: 'ALLOWED_CUSTOMER',
  BLOCKED_CUSTOMER: 'BLOCKED_CUSTOMER',
  DISPOSABLE_DOMAIN: 'DISPOSABLE_DOMAIN',
  FREE_MAIL_DOMAIN: 'FREE_MAIL_DOMAIN',
} as const;
export type FraudList = (typeof FraudList)[keyof typeof FraudList];
