import {
  erased,
  erasedColumns,
  type PersonKind,
  shownColumns,
  withheldColumns,
} from '../../../kernel/data/personal.ts';

/** Data that stays when its person is erased, with the reason and the years after the end of the current year. */
interface Keeping {
  readonly what: string;
  readonly reason: string;
  readonly years: number;
}

/** A table with records of a person. The decorators of its entity define the columns that are shown and erased. */
interface EntityPlace {
  readonly table: string;
  readonly of: PersonKind;
  /** SQL condition of the rows of persons; `$` is the list of their ids. */
  readonly rows: string;
  readonly purpose: string;
  /** The retention without an erasure. */
  readonly kept: string;
  /** Encrypted columns that are shown: they are decrypted for the export. */
  readonly sealed?: readonly string[];
  /** The way of an erasure that does not update columns. */
  readonly erasedBy?: 'SHREDDED_KEY' | 'DELETED' | 'JOB';
  readonly keeps?: Keeping;
}

interface Columns {
  /** The columns in an export. */
  readonly shows: readonly string[];
  /** The SQL value of each erased column. The other columns of `shows` stay, for the reason of `keeps`. */
  readonly erases: Readonly<Record<string, string>>;
}

export type Place = EntityPlace & Columns;

const ACCOUNTS: Keeping = {
  what: 'commissions, payouts and the ledger',
  reason: 'commercial and tax law: accounting records',
  years: 10,
};
const TERMS: Keeping = {
  what: 'the terms of commissions',
  reason: 'commercial and tax law: the basis of accounting records',
  years: 10,
};
const LOG: Keeping = {
  what: 'actor, action and time, without personal values',
  reason: 'accountability: the log proves that it was not changed',
  years: 10,
};

const contract = { purpose: 'the contract with the partner', kept: 'until erased' };
const payment = { purpose: 'earnings and payouts of the partner', kept: '10 years' };
const sales = { purpose: 'the purchases behind commissions', kept: '10 years' };
const people = { purpose: 'access for people of the partner', kept: 'until erased' };
const proof = { purpose: 'the record of actions', kept: '10 years' };

/** All places. A table without an entity lists its columns here. */
const places: readonly (EntityPlace | Place)[] = [
  {
    ...contract,
    table: 'tracking_links',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
  },
  {
    ...contract,
    table: 'partners',
    of: 'PARTNER',
    rows: 'id = any($)',
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'partner_history',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'tier_evaluations',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'tier_locks',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'manager_assignments',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'sponsorships',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'reseller_configs',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'affiliate_configs',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: TERMS,
  },
  {
    ...contract,
    table: 'white_label_configs',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
  },
  {
    purpose: 'the performance of the partner',
    kept: '10 years',
    table: 'partner_metrics_daily',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'conversions',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'sales',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'sale_refunds',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'commissions',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'commission_holds',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: ACCOUNTS,
  },
  {
    purpose: 'detection of fraud',
    kept: 'evidence for 13 months (RETENTION_MONTHS), the fraud hit for 10 years',
    table: 'fraud_hits',
    of: 'PARTNER',
    // The evidence is not shown, because it would show how to avoid the rules.
    rows: 'review_id in (select id from fraud_reviews where partner_id = any($))',
    shows: ['created_at'],
    erases: { evidence: erased.nothing },
    keeps: { ...ACCOUNTS, what: 'the fact that a risk rule required a review of a sale' },
  },
  {
    ...payment,
    table: 'payouts',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'payout_holds',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'payout_attempts',
    of: 'PARTNER',
    rows: 'payout_id in (select id from payouts where partner_id = any($))',
    keeps: ACCOUNTS,
  },
  {
    ...payment,
    table: 'postings',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: ACCOUNTS,
  },
  {
    purpose: 'payment of the partner',
    kept: 'until erased',
    table: 'payout_accounts',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    sealed: ['holder_name', 'details'],
    erasedBy: 'SHREDDED_KEY',
    keeps: { ...ACCOUNTS, what: 'the method, country and currency of the account' },
  },
  {
    ...payment,
    table: 'bank_payments',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: ACCOUNTS,
  },
  {
    purpose: 'payment of the partner',
    kept: 'until a partner of the file is erased',
    table: 'bank_file_parts',
    of: 'PARTNER',
    // The text names all partners in the file, so an export does not show it. The first erasure of one of them erases it.
    rows: `file_id in (select i.file_id from bank_file_items i join bank_payments b on b.id = i.payment_id where b.partner_id = any($))`,
    shows: ['created_at'],
    erases: { content: erased.nothing },
    keeps: { ...ACCOUNTS, what: 'the fact that the bank file existed, and its SHA-256 hash' },
  },
  {
    purpose: 'reports to tax authorities about payments',
    kept: '10 years',
    table: 'tax_ids',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    sealed: ['number'],
    erasedBy: 'SHREDDED_KEY',
    keeps: { ...ACCOUNTS, what: 'the country and the last characters of the tax id' },
  },
  {
    purpose: 'access for software of the partner',
    kept: 'until erased',
    table: 'api_keys',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: LOG,
  },
  {
    // The export of a partner does not name its members; each member gets its own export.
    ...people,
    table: 'members',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: LOG,
  },
  {
    ...people,
    table: 'invitations',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: LOG,
  },
  {
    ...proof,
    table: 'audit_events',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: LOG,
  },
  {
    ...proof,
    kept: 'until erased',
    table: 'audit_personal',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    erasedBy: 'DELETED',
  },
  {
    ...people,
    table: 'members',
    of: 'MEMBER',
    rows: 'id = any($)',
    keeps: LOG,
  },
  {
    ...people,
    table: 'invitations',
    of: 'MEMBER',
    rows: 'member_id = any($)',
    keeps: LOG,
  },
  {
    ...proof,
    table: 'audit_events',
    of: 'MEMBER',
    rows: `(subject_id = any($) or (tenant_id, actor_id) in (select tenant_id, subject from members where id = any($)))`,
    keeps: LOG,
  },
  {
    ...proof,
    kept: 'until erased',
    table: 'audit_personal',
    of: 'MEMBER',
    rows: 'event_id in (select id from audit_events where subject_id = any($))',
    erasedBy: 'DELETED',
  },
  {
    purpose: 'contact with a prospect that a partner submitted',
    kept: '13 months (RETENTION_MONTHS)',
    table: 'leads',
    of: 'CUSTOMER',
    // Found by the e-mail address, which the customer loses in the erasure: so this place comes before the customer.
    rows: `id in (select l.id from leads l join customers k on k.tenant_id = l.tenant_id and k.email = l.email where k.id = any($))`,
  },
  {
    purpose: 'credit for the partner that registered the buyer first',
    kept: '13 months after the end of the deal (RETENTION_MONTHS)',
    table: 'deals',
    of: 'CUSTOMER',
    rows: `id in (select d.id from deals d join customers k on k.tenant_id = d.tenant_id and k.email = d.email where k.id = any($))`,
  },
  {
    ...sales,
    table: 'customers',
    of: 'CUSTOMER',
    rows: 'id = any($)',
    keeps: ACCOUNTS,
  },
  {
    purpose: 'detection of fraud',
    kept: 'evidence for 13 months (RETENTION_MONTHS), the fraud hit for 10 years',
    table: 'fraud_hits',
    of: 'CUSTOMER',
    // The evidence is not shown, because it would show how to avoid the rules.
    rows: 'review_id in (select id from fraud_reviews where customer_id = any($))',
    shows: ['created_at'],
    erases: { evidence: erased.nothing },
    keeps: { ...ACCOUNTS, what: 'the fact that a risk rule required a review of a sale' },
  },
  {
    purpose: 'detection of fraud',
    kept: '13 months after the last payment with it (RETENTION_MONTHS)',
    table: 'payment_fingerprints',
    of: 'CUSTOMER',
    rows: 'customer_id = any($)',
    shows: ['seen_at'],
    erases: { fingerprint: 'md5(id::text)' },
    keeps: { ...ACCOUNTS, what: 'the fact of a payment, without the means of payment' },
  },
  {
    purpose: 'attribution of the customer to a link',
    kept: 'the visitor for 13 months (RETENTION_MONTHS), the anonymous click without limit',
    table: 'referrals',
    of: 'CUSTOMER',
    // Other clicks of the same visitor also belong to this person.
    rows: `(customer_id = any($) or visitor_id in (
      select visitor_id from referrals where customer_id = any($) and visitor_id <> id))`,
    erasedBy: 'JOB',
    keeps: ACCOUNTS,
  },
  {
    ...sales,
    table: 'conversions',
    of: 'CUSTOMER',
    rows: 'customer_id = any($)',
    keeps: ACCOUNTS,
  },
  {
    ...proof,
    kept: 'until erased',
    table: 'audit_personal',
    of: 'CUSTOMER',
    rows: `event_id in (select e.id from audit_events e join commissions c on c.id = e.subject_id where c.customer_id = any($))`,
    erasedBy: 'DELETED',
  },
  {
    ...sales,
    table: 'commissions',
    of: 'CUSTOMER',
    rows: 'customer_id = any($)',
    keeps: ACCOUNTS,
  },
];

let map: readonly Place[] | undefined;

/** Returns all places. Call it after the entities are loaded. */
export function dataMap(): readonly Place[] {
  map ??= places.map((place) =>
    'shows' in place
      ? place
      : { ...place, shows: shownColumns(place.table, place.of), erases: erasedColumns(place.table) },
  );
  return map;
}

/** Columns of tables without an entity that an export withholds, with the reason: they add nothing about a person to the
 *  shown columns of the same row. `*` means every column of the table. */
const withheldHere: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mikro_orm_migrations: { '*': 'the applied migrations' },
  claimed_names: { '*': 'names of rows that the map shows' },
  database_files: { '*': 'the applied files of src/database' },
  partners: { search_text: 'repeats columns that are shown, and is erased with them' },
  fraud_hits: {
    id: 'an id',
    tenant_id: 'the tenant',
    review_id: 'an id',
    rule: 'it would show how to avoid the rules',
    mode: 'a setting of the program',
    weight: 'a setting of the program',
  },
  payment_fingerprints: {
    id: 'an id',
    tenant_id: 'the tenant',
    customer_id: 'an id',
    created_at: 'bookkeeping',
  },
  rule_usage: { '*': 'sums of commissions of a partner' },
  sale_items: { '*': 'ids and amounts, as the sale and its commissions show them' },
  paid_lines: { '*': 'ids of the commissions that the map shows' },
  bank_file_items: { '*': 'the payments of each file' },
  bank_file_parts: {
    id: 'an id',
    tenant_id: 'the tenant',
    file_id: 'an id',
    number: 'a position',
    data_key_id: 'an id',
  },
  customer_assignments: {
    '*': 'ids, and the reason for assigning a customer to a partner; accounting records',
  },
  reported_conversions: { '*': 'the report of a page about an order: ids and sums; for 13 months' },
  audit_links: { '*': 'hashes' },
  events: { '*': 'ids, kind and time of a change' },
  audit_unlinked: { '*': 'ids of entries that wait for their hash' },
  touches: {
    '*': 'the same click as in referrals, by its id; its visitor is erased with the referral (touches_forget_too)',
  },
  attribution_shares: {
    '*': 'ids of the credited clicks, without visitor, address or browser; the basis of payments, so accounting records',
  },
  payout_accounts: { data_key_id: 'an id' },
  tax_ids: { data_key_id: 'an id' },
};

/** Returns all withheld columns with their reasons. A test fails for a new column that is neither shown nor withheld. */
export function withheld(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const ofEntities = withheldColumns();
  return {
    ...ofEntities,
    ...Object.fromEntries(
      Object.entries(withheldHere).map(([table, reasons]) => [table, { ...ofEntities[table], ...reasons }]),
    ),
  };
}
