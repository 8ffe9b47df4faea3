import {
  erased,
  erasedColumns,
  type PersonKind,
  shownColumns,
  withheldColumns,
} from '../../../kernel/data/personal.ts';

/** Why something stays when its person is erased, and for how many years after the end of this one. */
interface Keeping {
  readonly what: string;
  readonly reason: string;
  readonly years: number;
}

/** One place where records of a person stand. The decorators of an entity say what of it is shown and erased. */
interface EntityPlace {
  readonly table: string;
  readonly of: PersonKind;
  /** Their rows; `$` is the list of the persons' ids. */
  readonly rows: string;
  readonly purpose: string;
  /** How long it is kept where nobody is erased. */
  readonly kept: string;
  /** Columns that are shown, but encrypted: they are opened for the export. */
  readonly sealed?: readonly string[];
  /** An erasure that is no change of columns. */
  readonly erasedBy?: 'SHREDDED_KEY' | 'DELETED' | 'JOB';
  readonly keeps?: Keeping;
}

interface Columns {
  /** What an export hands out. */
  readonly shows: readonly string[];
  /** What an erasure puts there, as SQL. Whatever else `shows` names stays, for the reason of `keeps`. */
  readonly erases: Readonly<Record<string, string>>;
}

export type Place = EntityPlace & Columns;

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

const contract = { purpose: 'the contract with the partner', kept: 'until erased' };
const payment = { purpose: 'what the partner earns and is paid', kept: '10 years' };
const sales = { purpose: 'whose purchase earned a commission', kept: '10 years' };
const people = { purpose: 'letting people of the partner in', kept: 'until erased' };
const proof = { purpose: 'who did what', kept: '10 years' };

/** A table without an entity names its columns here. */
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
    purpose: 'how the partner fares',
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
    purpose: 'telling sales from what is none',
    kept: 'what a rule saw for 13 months (RETENTION_MONTHS), that it hit 10 years',
    table: 'fraud_hits',
    of: 'PARTNER',
    // What a rule saw is not shown: telling would teach how to pass it.
    rows: 'review_id in (select id from fraud_reviews where partner_id = any($))',
    shows: ['created_at'],
    erases: { evidence: erased.nothing },
    keeps: { ...ACCOUNTS, what: 'that a risk rule asked for a look at a sale' },
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
    purpose: 'where the partner is paid',
    kept: 'until erased',
    table: 'payout_accounts',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    sealed: ['holder_name', 'details'],
    erasedBy: 'SHREDDED_KEY',
    keeps: { ...ACCOUNTS, what: 'that there was an account of that method, country and currency' },
  },
  {
    ...payment,
    table: 'bank_payments',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
    keeps: ACCOUNTS,
  },
  {
    purpose: 'paying the partner',
    kept: 'until a partner of the file is erased',
    table: 'bank_file_parts',
    of: 'PARTNER',
    // The text names everybody in the file, so an export does not show it; it goes with the first who is erased.
    rows: `file_id in (select i.file_id from bank_file_items i join bank_payments b on b.id = i.payment_id where b.partner_id = any($))`,
    shows: ['created_at'],
    erases: { content: erased.nothing },
    keeps: { ...ACCOUNTS, what: 'that there was a file for the bank, and its SHA-256' },
  },
  {
    purpose: 'telling tax authorities what the partner was paid',
    kept: '10 years',
    table: 'tax_ids',
    of: 'PARTNER',
    rows: 'partner_id = any($)',
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
    keeps: LOG,
  },
  {
    // Who they are is told to each of them alone.
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
    purpose: 'to follow somebody whom a partner named before it bought',
    kept: '13 months (RETENTION_MONTHS)',
    table: 'leads',
    of: 'CUSTOMER',
    // By the address, which the customer has until it is erased: so before the customer.
    rows: `id in (select l.id from leads l join customers k on k.tenant_id = l.tenant_id and k.email = l.email where k.id = any($))`,
  },
  {
    purpose: 'to credit the partner that registered the buyer first',
    kept: '13 months after it ended (RETENTION_MONTHS)',
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
    purpose: 'telling sales from what is none',
    kept: 'what a rule saw for 13 months (RETENTION_MONTHS), that it hit 10 years',
    table: 'fraud_hits',
    of: 'CUSTOMER',
    // What a rule saw is not shown: telling would teach how to pass it.
    rows: 'review_id in (select id from fraud_reviews where customer_id = any($))',
    shows: ['created_at'],
    erases: { evidence: erased.nothing },
    keeps: { ...ACCOUNTS, what: 'that a risk rule asked for a look at a sale' },
  },
  {
    purpose: 'telling sales from what is none',
    kept: '13 months after it paid so last (RETENTION_MONTHS)',
    table: 'payment_fingerprints',
    of: 'CUSTOMER',
    rows: 'customer_id = any($)',
    shows: ['seen_at'],
    erases: { fingerprint: 'md5(id::text)' },
    keeps: { ...ACCOUNTS, what: 'that it paid, without with what' },
  },
  {
    purpose: 'which link brought the customer',
    kept: 'the visitor for 13 months (RETENTION_MONTHS), the click as a count for ever',
    table: 'referrals',
    of: 'CUSTOMER',
    // Clicks of the same visitor that led to nothing are this person's too.
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

/** Every place, once the entities are loaded. */
export function dataMap(): readonly Place[] {
  map ??= places.map((place) =>
    'shows' in place
      ? place
      : { ...place, shows: shownColumns(place.table, place.of), erases: erasedColumns(place.table) },
  );
  return map;
}

/** Columns without an entity that say nothing of a person beyond what the map shows of the same row, and why. `*` is every
 *  column of the table. */
const withheldHere: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mikro_orm_migrations: { '*': 'which migrations ran' },
  claimed_names: { '*': 'names that are taken, of the rows that the map shows' },
  database_files: { '*': 'which files of src/database were applied' },
  fraud_hits: {
    id: 'an id',
    tenant_id: 'the tenant',
    review_id: 'an id',
    rule: 'telling would teach how to pass it',
    mode: 'a setting of the program',
    weight: 'a setting of the program',
  },
  payment_fingerprints: {
    id: 'an id',
    tenant_id: 'the tenant',
    customer_id: 'an id',
    created_at: 'bookkeeping',
  },
  rule_usage: { '*': 'sums of the lines of a partner' },
  bank_file_items: { '*': 'which payment is in which file' },
  bank_file_parts: {
    id: 'an id',
    tenant_id: 'the tenant',
    file_id: 'an id',
    number: 'an order',
    data_key_id: 'an id',
  },
  customer_assignments: { '*': 'ids, and why staff gave a customer to a partner; accounting records' },
  reported_conversions: { '*': 'what a page said of an order: ids and sums; for 13 months' },
  audit_links: { '*': 'hashes' },
  events: { '*': 'ids, the kind of the change and when' },
  audit_unlinked: { '*': 'ids of entries that wait for their hash' },
  touches: {
    '*': 'what referrals say of the same click, by its id; it forgets its visitor with them (touches_forget_too)',
  },
  attribution_shares: {
    '*': 'which clicks a partner was credited by, by ids; no visitor, address or browser. What it was paid for: accounting records',
  },
  payout_accounts: { data_key_id: 'an id' },
  tax_ids: { data_key_id: 'an id' },
};

/** All such columns. A new column is in the map or here, or a test fails until somebody decides. */
export function withheld(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const ofEntities = withheldColumns();
  return {
    ...ofEntities,
    ...Object.fromEntries(
      Object.entries(withheldHere).map(([table, reasons]) => [table, { ...ofEntities[table], ...reasons }]),
    ),
  };
}
