/** Whom a record is about. A visitor who bought nothing is nobody's: its clicks forget it by themselves (retention.ts). */
export const PersonKind = { PARTNER: 'PARTNER', MEMBER: 'MEMBER', CUSTOMER: 'CUSTOMER' } as const;
export type PersonKind = (typeof PersonKind)[keyof typeof PersonKind];

/** Why something stays when its person is erased, and for how many years after the end of this one. */
interface Keeping {
  readonly what: string;
  readonly reason: string;
  readonly years: number;
}

/** One place where records of a person stand. */
export interface Place {
  readonly table: string;
  readonly of: PersonKind;
  /** Their rows; `$` is the list of the persons' ids. */
  readonly rows: string;
  readonly purpose: string;
  /** How long it is kept where nobody is erased. */
  readonly kept: string;
  /** What an export hands out. */
  readonly shows: readonly string[];
  /** Of `shows`: columns that are encrypted, and opened for the export. */
  readonly sealed?: readonly string[];
  /** What an erasure puts there, as SQL. Whatever else `shows` names stays, for the reason of `keeps`. */
  readonly erases?: Readonly<Record<string, string>>;
  /** An erasure that is no change of columns. */
  readonly erasedBy?: 'SHREDDED_KEY' | 'DELETED' | 'JOB';
  readonly keeps?: Keeping;
}

const ACCOUNTS: Keeping = {
  what: 'commissions, payouts and the ledger',
  reason: 'commercial and tax law: accounting records',
  years: 10,
};
const TERMS: Keeping = {
  what: 'the terms that commissions were worked out by',
  reason: 'commercial and tax law: what accounting records rest on',
  years: 10,
};
const LOG: Keeping = {
  what: 'who did what and when, without what it said of the person',
  reason: 'accountability: the log proves that nobody changed it',
  years: 10,
};

const NONE = 'null';
const NOTES = `'{}'::jsonb`;
const NAME = `'erased-' || right(id::text, 12)`;
const EMAIL = `'erased+' || id || '@invalid'`;
const CODE = `'ERASED-' || upper(right(id::text, 12))`;

const MEMBER_GONE = {
  email: EMAIL,
  name: NAME,
  issuer: NONE,
  subject: NONE,
  invited_by: `'erased'`,
  status: `'REMOVED'`,
  removed_at: 'coalesce(removed_at, now())',
};
const LINK_GONE = { canceled_at: 'case when used_at is null then coalesce(canceled_at, now()) end' };

const contract = { purpose: 'the contract with the partner', kept: 'until erased' };
const payment = { purpose: 'what the partner earns and is paid', kept: '10 years' };
const sales = { purpose: 'whose purchase earned a commission', kept: '10 years' };
const people = { purpose: 'letting people of the partner in', kept: 'until erased' };
const proof = { purpose: 'who did what', kept: '10 years' };

export const dataMap: readonly Place[] = [
  {
    ...contract,
    table: 'tracking_links',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: ['path', 'name', 'target_url', 'campaign'],
    erases: { path: NAME, name: `'erased'`, target_url: NONE, campaign: NONE },
  },
  {
    ...contract,
    table: 'partners',
    of: 'PARTNER',
    rows: 'id = any($)',
    shows: [
      ...[
        'id',
        'tenant_id',
        'company_name',
        'contact_name',
        'email',
        'referral_code',
        'partner_type',
        'status',
        'tier',
      ],
      ...['rate_bps', 'currency', 'payout_frequency', 'payout_method', 'contract_start_date', 'metadata'],
      ...['identity_org_id', 'created_at', 'updated_at', 'deleted_at'],
    ],
    erases: {
      company_name: NAME,
      contact_name: NONE,
      identity_org_id: NONE,
      email: EMAIL,
      referral_code: CODE,
      metadata: NOTES,
    },
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'partner_history',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: ['status', 'tier', 'effective_at', 'reason'],
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'tier_evaluations',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: [
      ...['month', 'revenue_minor', 'revenue_currency', 'customers', 'earned', 'tier_before', 'tier_after'],
      ...['misses', 'change', 'effective_at', 'blocked'],
    ],
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'tier_locks',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: ['tier', 'reason', 'locked_at', 'unlocked_at'],
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'reseller_configs',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: [
      ...['manages_customers', 'manages_billing', 'pricing_authority_bps', 'countries', 'products'],
      ...['minimum_order_minor', 'minimum_order_currency', 'credit_limit_minor', 'credit_limit_currency'],
    ],
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'affiliate_configs',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: [
      ...['cookie_days', 'first_purchase_only', 'recurring_months'],
      ...['minimum_purchase_minor', 'minimum_purchase_currency'],
    ],
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'white_label_configs',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: [
      ...['brand_name', 'logo_url', 'logo_status', 'favicon_url', 'favicon_status', 'primary_color'],
      ...['secondary_color', 'accent_color', 'domain', 'hide_fin_aceverse_branding'],
    ],
    erases: {
      brand_name: `'erased-' || right(partner_id::text, 12)`,
      logo_url: NONE,
      logo_status: NONE,
      favicon_url: NONE,
      favicon_status: NONE,
      primary_color: NONE,
      secondary_color: NONE,
      accent_color: NONE,
      domain: NONE,
      hide_fin_aceverse_branding: 'false',
    },
  },
  {
    purpose: 'how the partner fares',
    kept: '10 years',
    table: 'partner_metrics_daily',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: [
      ...['day', 'source', 'currency', 'clicks', 'conversions', 'orders', 'customers'],
      ...['revenue_minor', 'earned_minor', 'paid_minor'],
    ],
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'conversions',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: ['id', 'source', 'amount_minor', 'amount_currency', 'occurred_at'],
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'sales',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: ['id', 'order_id', 'currency', 'refused', 'created_at'],
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'commissions',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: [
      ...['id', 'type', 'method', 'status', 'base_minor', 'base_currency', 'rate_bps', 'rate_source', 'tier'],
      ...['per_unit_minor', 'quantity', 'rounding_mode', 'amount_minor', 'amount_currency', 'source'],
      ...['reverses_id', 'occurred_at', 'hold_until', 'approved_at', 'reason', 'metadata', 'created_at'],
      'reject_code',
      ...['product', 'country', 'order_id', 'line_number', 'adjusts_id', 'computation'],
    ],
    erases: { metadata: NOTES },
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'commission_holds',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: ['id', 'commission_id', 'kind', 'reason', 'placed_at', 'released_at', 'release_reason', 'outcome'],
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'payouts',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: [
      ...['id', 'status', 'method', 'period_start', 'period_end', 'amount_minor', 'amount_currency'],
      ...[
        'commission_count',
        'provider_reference',
        'failure_reason',
        'approved_at',
        'paid_at',
        'released_at',
      ],
      ...['metadata', 'created_at'],
    ],
    erases: { failure_reason: NONE, metadata: NOTES },
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'payout_attempts',
    of: 'PARTNER',
    rows: 'payout_id in (select id from payouts where partner_id = any($))',
    shows: ['number', 'status', 'provider_reference', 'failure_code', 'failure_reason', 'created_at'],
    erases: { failure_reason: NONE },
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'postings',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: [
      'reference',
      'from_account',
      'to_account',
      'amount_minor',
      'amount_currency',
      'occurred_at',
      'created_at',
    ],
    keeps: ACCOUNTS,
  },
  {
    purpose: 'where the partner is paid',
    kept: 'until erased',
    table: 'payout_accounts',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: [
      ...['id', 'tenant_id', 'method', 'country', 'currency', 'holder_name', 'details', 'last_four'],
      ...['verified_at', 'usable_from', 'removed_at', 'created_at'],
    ],
    sealed: ['holder_name', 'details'],
    erases: {
      last_four: `'----'`,
      fingerprint: 'md5(id::text)',
      removed_at: 'coalesce(removed_at, now())',
    },
    erasedBy: 'SHREDDED_KEY',
    keeps: { ...ACCOUNTS, what: 'that there was an account of that method, country and currency' },
  },
  {
    purpose: 'telling tax authorities what the partner was paid',
    kept: '10 years',
    table: 'tax_ids',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: ['id', 'tenant_id', 'country', 'number', 'last_four', 'changed_at', 'created_at'],
    sealed: ['number'],
    erasedBy: 'SHREDDED_KEY',
    keeps: { ...ACCOUNTS, what: 'the country of the tax id, and how it ends' },
  },
  {
    purpose: 'letting programs of the partner in',
    kept: 'until erased',
    table: 'api_keys',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: [
      'name',
      'prefix',
      'scopes',
      'created_by',
      'seen_by',
      'created_at',
      'expires_at',
      'last_used_at',
      'revoked_at',
    ],
    erases: {
      name: NAME,
      created_by: `'erased'`,
      seen_by: `'{}'::text[]`,
      revoked_at: 'coalesce(revoked_at, now())',
    },
    keeps: LOG,
  },
  {
    // Who they are is told to each of them alone.
    ...people,
    table: 'members',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: ['id', 'role', 'status', 'created_at', 'accepted_at', 'removed_at'],
    erases: MEMBER_GONE,
    keeps: LOG,
  },
  {
    ...people,
    table: 'invitations',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: ['created_at', 'expires_at', 'sent_at', 'used_at', 'canceled_at'],
    erases: LINK_GONE,
    keeps: LOG,
  },
  {
    ...proof,
    table: 'audit_events',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: ['created_at', 'action', 'actor_role', 'before', 'after', 'reason'],
    keeps: LOG,
  },
  {
    ...proof,
    kept: 'until erased',
    table: 'audit_personal',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    shows: ['event_id', 'data'],
    erasedBy: 'DELETED',
  },
  {
    ...people,
    table: 'members',
    of: 'MEMBER',
    rows: 'id = any($)',
    shows: [
      ...[
        'id',
        'tenant_id',
        'partner_id',
        'email',
        'name',
        'role',
        'status',
        'issuer',
        'subject',
        'invited_by',
      ],
      ...['created_at', 'accepted_at', 'removed_at'],
    ],
    erases: MEMBER_GONE,
    keeps: LOG,
  },
  {
    ...people,
    table: 'invitations',
    of: 'MEMBER',
    rows: 'member_id = any($)',
    shows: ['created_at', 'expires_at', 'sent_at', 'used_at', 'canceled_at'],
    erases: LINK_GONE,
    keeps: LOG,
  },
  {
    ...proof,
    table: 'audit_events',
    of: 'MEMBER',
    rows: `(subject_id = any($) or (tenant_id, actor_id) in (select tenant_id, subject from members where id = any($)))`,
    shows: ['created_at', 'action', 'actor_id', 'actor_role', 'before', 'after', 'reason'],
    keeps: LOG,
  },
  {
    ...proof,
    kept: 'until erased',
    table: 'audit_personal',
    of: 'MEMBER',
    rows: 'event_id in (select id from audit_events where subject_id = any($))',
    shows: ['event_id', 'data'],
    erasedBy: 'DELETED',
  },
  {
    purpose: 'to follow somebody whom a partner named before it bought',
    kept: '13 months (RETENTION_MONTHS)',
    table: 'leads',
    of: 'CUSTOMER',
    // By the address, which the customer has until it is erased: so before the customer.
    rows: `id in (select l.id from leads l join customers k on k.tenant_id = l.tenant_id and k.email = l.email where k.id = any($))`,
    shows: ['contact_name', 'email', 'notes'],
    erases: { contact_name: NONE, email: NONE, notes: NONE },
  },
  {
    purpose: 'to credit the partner that registered the buyer first',
    kept: '13 months after it ended (RETENTION_MONTHS)',
    table: 'deals',
    of: 'CUSTOMER',
    rows: `id in (select d.id from deals d join customers k on k.tenant_id = d.tenant_id and k.email = d.email where k.id = any($))`,
    shows: ['email'],
    erases: { email: EMAIL },
  },
  {
    ...sales,
    table: 'customers',
    of: 'CUSTOMER',
    rows: 'id = any($)',
    shows: ['id', 'external_id', 'email', 'bound_at', 'created_at'],
    erases: { external_id: NAME, email: NONE },
    keeps: ACCOUNTS,
  },
  {
    purpose: 'which link brought the customer',
    kept: 'the visitor for 13 months (RETENTION_MONTHS), the click as a count for ever',
    table: 'referrals',
    of: 'CUSTOMER',
    // Clicks of the same visitor that led to nothing are this person's too.
    rows: `(customer_id = any($) or visitor_id in (
      select visitor_id from referrals where customer_id = any($) and visitor_id <> id))`,
    shows: [
      ...[
        'id',
        'referral_code',
        'visitor_id',
        'landing_url',
        'referrer_url',
        'source',
        'ip_hash',
        'user_agent',
      ],
      ...['clicked_at', 'expires_at', 'converted_at', 'metadata'],
    ],
    erasedBy: 'JOB',
    keeps: ACCOUNTS,
  },
  {
    ...sales,
    table: 'conversions',
    of: 'CUSTOMER',
    rows: 'customer_id = any($)',
    shows: ['id', 'order_id', 'subscription_id', 'source', 'amount_minor', 'amount_currency', 'occurred_at'],
    keeps: ACCOUNTS,
  },
  {
    ...proof,
    kept: 'until erased',
    table: 'audit_personal',
    of: 'CUSTOMER',
    rows: `event_id in (select e.id from audit_events e join commissions c on c.id = e.subject_id where c.customer_id = any($))`,
    shows: ['event_id', 'data'],
    erasedBy: 'DELETED',
  },
  {
    ...sales,
    table: 'commissions',
    of: 'CUSTOMER',
    rows: 'customer_id = any($)',
    shows: [
      ...['id', 'type', 'base_minor', 'base_currency', 'subscription_id', 'occurred_at', 'metadata'],
      ...['product', 'country', 'order_id'],
    ],
    erases: { metadata: NOTES },
    keeps: ACCOUNTS,
  },
];

/** Columns that say nothing of a person beyond what the map shows of the same row, and why. A new column is in the map or
 *  here, or a test fails until somebody decides. `*` is every column of the table. */
export const withheld: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mikro_orm_migrations: { '*': 'which migrations ran' },
  programs: { '*': 'settings of a tenant' },
  partner_tier_configs: { '*': 'settings of a tenant' },
  tier_config_versions: { '*': 'settings of a tenant' },
  exchange_rates: { '*': 'terms of the program' },
  commission_plans: { '*': 'terms of the program' },
  plan_memberships: { '*': 'which plan a partner is on, by ids; its lines say what they earned by' },
  commission_rules: { '*': 'terms of the program, or of a partner; its lines say what they earned by' },
  rule_usage: { '*': 'sums of the lines of a partner' },
  payout_runs: { '*': 'ids of partners and sums; the partner is told by its payouts' },
  payout_items: { '*': 'which line is in which payout' },
  partner_metrics: { '*': 'sums of partner_metrics_daily' },
  data_keys: { '*': 'wrapped keys; shredded by an erasure' },
  idempotency_keys: { '*': 'hashes of requests, for 90 days' },
  person_exports: { '*': 'ids, and a copy that nobody here can open, for a day' },
  erasures: { '*': 'ids of who was erased: the log that an erasure is proved and repeated by' },
  coupons: { '*': 'a code that the program made; its partner is an id' },
  customer_assignments: { '*': 'ids, and why staff gave a customer to a partner; accounting records' },
  reported_conversions: { '*': 'what a page said of an order: ids and sums; for 13 months' },
  leads: {
    ...{
      id: 'an id',
      tenant_id: 'the tenant',
      partner_id: 'an id',
      created_at: 'bookkeeping',
      company: 'a company',
    },
    ...{
      submitted_by: 'somebody of the partner',
      status: 'what became of it',
      decided_at: 'when',
      referral_id: 'an id',
    },
    ...{ decided_by: 'somebody of the staff', reason: 'why staff did not follow it' },
  },
  deals: {
    ...{
      id: 'an id',
      tenant_id: 'the tenant',
      partner_id: 'an id',
      created_at: 'bookkeeping',
      company: 'a company',
    },
    ...{
      domain: "a company's",
      registered_by: 'somebody of the partner',
      registered_at: 'when',
      expires_at: 'when',
    },
    ...{ closed_at: 'when', referral_id: 'an id' },
  },
  tracking_links: {
    ...{
      id: 'an id',
      tenant_id: 'the tenant',
      partner_id: 'an id',
      created_at: 'bookkeeping',
      archived_at: 'when',
    },
    created_by: 'somebody of the partner or of the staff',
  },
  audit_links: { '*': 'hashes' },
  audit_unlinked: { '*': 'ids of entries that wait for their hash' },
  signed_out_tokens: { '*': 'fingerprints of tokens, until these end' },
  partners: { api_limit_override: 'a limit of the API' },
  partner_history: {
    id: 'an id',
    tenant_id: 'the tenant',
    partner_id: 'an id',
    created_at: 'bookkeeping',
    changed_by: 'somebody of the staff; accounting records',
  },
  tier_evaluations: { id: 'an id', tenant_id: 'the tenant', partner_id: 'an id', created_at: 'bookkeeping' },
  tier_locks: {
    id: 'an id',
    tenant_id: 'the tenant',
    partner_id: 'an id',
    created_at: 'bookkeeping',
    locked_by: 'somebody of the staff; accounting records',
    unlocked_by: 'somebody of the staff; accounting records',
  },
  reseller_configs: { partner_id: 'an id', tenant_id: 'the tenant' },
  affiliate_configs: { partner_id: 'an id', tenant_id: 'the tenant' },
  white_label_configs: { partner_id: 'an id', tenant_id: 'the tenant' },
  partner_metrics_daily: { partner_id: 'an id', tenant_id: 'the tenant' },
  customers: { tenant_id: 'the tenant', partner_id: 'who brought it' },
  referrals: {
    tenant_id: 'the tenant',
    partner_id: 'whose link it was',
    customer_id: 'an id',
    created_at: 'bookkeeping',
    origin: 'what the claim of its partner rests on',
    bot: 'whether it was a program',
  },
  touches: {
    '*': 'what referrals say of the same click, by its id; it forgets its visitor with them (touches_forget_too)',
  },
  conversions: {
    tenant_id: 'the tenant',
    partner_id: 'an id',
    referral_id: 'an id',
    customer_id: 'an id',
    created_at: 'bookkeeping',
  },
  commissions: {
    tenant_id: 'the tenant',
    partner_id: 'an id',
    customer_id: 'an id',
    referral_id: 'an id',
    conversion_id: 'an id',
    rule_id: 'an id; `computation` names the rule',
    revenue_minor: 'base_minor, or nothing',
    approved_by: 'somebody of the staff; accounting records',
    created_by: 'somebody of the staff; accounting records',
    stated_by: 'somebody of the staff or a program; accounting records',
    updated_at: 'bookkeeping',
  },
  sales: { tenant_id: 'the tenant', partner_id: 'an id' },
  commission_holds: {
    tenant_id: 'the tenant',
    partner_id: 'an id',
    refund_id: 'an id',
    evidence: 'what a risk rule saw: telling would teach how to pass it',
    placed_by: 'somebody of the staff; accounting records',
    released_by: 'somebody of the staff; accounting records',
    created_at: 'bookkeeping',
  },
  payouts: {
    tenant_id: 'the tenant',
    partner_id: 'an id',
    run_id: 'an id',
    attempts: 'a count',
    created_by: 'somebody of the staff; accounting records',
    initiated_by: 'somebody of the staff; accounting records',
    approved_by: 'somebody of the staff; accounting records',
    updated_at: 'bookkeeping',
  },
  payout_attempts: {
    id: 'an id',
    tenant_id: 'the tenant',
    payout_id: 'an id',
    key: 'a random key',
    tries: 'a count',
    lease_token: 'of a process',
    lease_until: 'of a process',
  },
  postings: { id: 'an id', tenant_id: 'the tenant', partner_id: 'an id' },
  payout_accounts: {
    partner_id: 'an id',
    data_key_id: 'an id',
    fingerprint: 'a keyed hash; replaced by an erasure',
  },
  tax_ids: { partner_id: 'an id', data_key_id: 'an id' },
  invitations: {
    id: 'an id',
    tenant_id: 'the tenant',
    partner_id: 'an id',
    member_id: 'an id',
    nonce: 'random',
    token_hash: 'a hash',
  },
  api_keys: {
    id: 'an id',
    tenant_id: 'the tenant',
    partner_id: 'an id',
    secret_hash: 'a hash',
    previous_secret_hash: 'a hash',
    rotated_at: 'of the secret',
    overlap_ends_at: 'of the secret',
  },
  audit_events: {
    id: 'an id',
    tenant_id: 'the tenant',
    credential: 'of the caller',
    request_id: 'of the call',
    subject_id: 'an id',
    subjects: 'ids',
    partner_id: 'an id',
    personal_hash: 'a salted hash of what stands in audit_personal',
  },
  audit_personal: { tenant_id: 'the tenant', partner_id: 'an id', salt: 'random' },
};
