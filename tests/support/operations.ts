import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Role } from '../../src/kernel/request/actor.ts';
import type { TestApp } from './app.ts';
import {
  APPROVE,
  anAccount,
  aPartner,
  CONNECT_PAYOUT_ACCOUNT,
  CONVERT,
  CREATE_API_KEY,
  CREATE_COMMISSION,
  CREATE_PAYOUT,
  DISPUTE,
  ERASE_PERSON,
  EXPORT_PERSON,
  HOLD,
  INVITE,
  type MadePartner,
  makeApproved,
  makeClick,
  makeCommission,
  makeExport,
  makePartner,
  REJECT,
  RELEASE,
  RESOLVE,
  REVERSE,
  SET_PAYOUT_ACCOUNT,
  SET_TAX_ID,
  staffOf,
  TAKE_EXPORT,
  TRACK,
} from './make.ts';

const LOCK_TIER =
  'mutation ($id: ID!) { lockPartnerTier(partnerId: $id, tier: GOLD, reason: "strategic") { id } }';
const ADD_MANAGER = 'mutation ($input: AccountManagerInput!) { addAccountManager(input: $input) { id } }';
const FRAUD_SETTINGS =
  'mutation ($input: UpdateFraudSettingsInput!) { updateFraudSettings(input: $input) { threshold } }';
const LIST_CUSTOMER =
  'mutation ($input: FraudListEntryInput!) { addFraudListEntry(input: $input, reason: "x") { id } }';
const HOLD_PAYOUTS = 'mutation ($id: ID!) { holdPayouts(partnerId: $id, reason: "to look at") { id } }';
const CREATE_BANK_FILE = 'mutation ($input: CreateBankFileInput!) { createBankFile(input: $input) { id } }';
const CREATE_RULE =
  'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';

const CREATE_LINK =
  'mutation ($input: CreateTrackingLinkInput!) { createTrackingLink(input: $input) { id path url } }';
const CREATE_COUPON = 'mutation ($input: CreateCouponInput!) { createCoupon(input: $input) { id code } }';
const SUBMIT_LEAD = 'mutation ($input: SubmitLeadInput!) { submitLead(input: $input) { id status } }';
const REGISTER_DEAL = 'mutation ($input: RegisterDealInput!) { registerDeal(input: $input) { id status } }';

export type Who =
  | 'admin'
  | 'manager'
  | 'finance'
  | 'analyst'
  | 'partner' // asks about itself
  | 'another partner'
  | 'finance elsewhere'
  | 'manager elsewhere'
  | 'nobody';

export const period = { periodStart: '2026-01-01', periodEnd: '2100-01-01' };

/** Two partners of a tenant, people of every kind, and rows of the first partner that operations can work on. */
export interface World {
  readonly staff: Awaited<ReturnType<typeof staffOf>>;
  /** Makes what is decided upon, so that nobody in the table meets a line of its own. */
  readonly maker: string;
  readonly partner: MadePartner;
  readonly other: MadePartner;
  readonly as: Record<Who, string | null>;
  pending(): Promise<string>;
  approved(): Promise<string>;
  click(): Promise<string>;
  payout(): Promise<string>;
  /** A run with a payout of the partner that waits for approval. */
  run(status?: 'RUNNING' | 'PAUSED'): Promise<string>;
  /** A new partner whose payouts are held. */
  payoutsHeld(): Promise<string>;
  failed(): Promise<string>;
  /** A payout of which the rail did not say what became of it. */
  unknownOutcome(): Promise<string>;
  /** A message of a rail that does not fit. */
  parkedEvent(): Promise<string>;
  reconciliation(): Promise<string>;
  /** An account that money came back from. */
  accountToCheck(): Promise<string>;
  newcomer(): Promise<string>;
  /** A new partner whose tier is locked. */
  tierLocked(): Promise<string>;
  /** An export of the partner that the admin asked for, ready to be taken. */
  personExport(): Promise<{ id: string; token: string }>;
  apiKey(): Promise<string>;
  /** A member that has not accepted yet; it may be invited again. */
  invited(): Promise<string>;
  /** What a mailed link carries; nobody has accepted one yet. */
  link(): Promise<string>;
  payoutAccount(): Promise<string>;
  /** One that Stripe keeps. */
  stripeAccount(): Promise<string>;
  /** A payout run with a payment that waits for a file, in euros or in dollars. */
  bankRun(currency?: 'EUR' | 'USD'): Promise<string>;
  /** A file that waits for approval, or may be downloaded; in dollars one that the bank has, of today. */
  bankFile(state: 'DRAFT' | 'APPROVED' | 'NACHA'): Promise<string>;
  /** An open hold on a line that waits for approval. */
  held(): Promise<string>;
  /** A review that waits: of a line that the risk rules hold. */
  reviewed(): Promise<string>;
  fraudListEntry(): Promise<string>;
  /** An open dispute of a line that is owed. */
  disputed(): Promise<string>;
  /** A simulation that waits, the only one. */
  simulation(): Promise<string>;
  /** An exchange rate that waits for a second person. */
  proposedRate(): Promise<string>;
  accountManager(): Promise<string>;
  /** A partner whose tier has an account manager, and another than it has: both ids. */
  lookedAfter(): Promise<string>;
  /** A partner and who may sponsor it. */
  sponsored(how?: { already: boolean }): Promise<string>;
  /** A commission rule of the partner's own. */
  rule(): Promise<string>;
  /** Your own id of a customer of the partner. */
  customer(): Promise<string>;
  trackingLink(): Promise<string>;
  coupon(): Promise<string>;
  lead(): Promise<string>;
  deal(): Promise<string>;
}

const ASSIGN_SPONSOR = `mutation ($id: ID!, $sponsorId: ID!) {
  assignSponsor(partnerId: $id, sponsorId: $sponsorId, reason: "brought it") { id }
}`;

export async function makeWorld(app: TestApp): Promise<World> {
  const staff = await staffOf(app);
  const maker = await app.token('PLATFORM_ADMIN', { user: 'maker' });
  const elsewhere = await staffOf(app, 'elsewhere');
  const partner = await makePartner(app, maker, { payoutMethod: 'STRIPE' });
  const other = await makePartner(app, maker, { payoutMethod: 'STRIPE' });
  const as = {
    admin: staff.admin,
    manager: staff.manager,
    finance: staff.maria,
    analyst: staff.analyst,
    partner: await app.token('PARTNER', { partner: partner.id }),
    'another partner': await app.token('PARTNER', { partner: other.id }),
    'finance elsewhere': elsewhere.maria,
    'manager elsewhere': elsewhere.manager,
    nobody: null,
  };
  async function approved(): Promise<string> {
    // Its account may have been set a moment ago, by another operation that is tried.
    await app.database.pool.query('update payout_accounts set usable_from = now() where partner_id = $1', [
      partner.id,
    ]);
    return makeApproved(app, { manager: maker, maria: staff.tom }, partner.id);
  }
  async function payout(): Promise<string> {
    await approved();
    const input = { partnerId: partner.id, ...period };
    return (await app.ask(maker, CREATE_PAYOUT, { input })).createPayout.id;
  }
  async function run(status?: 'RUNNING' | 'PAUSED'): Promise<string> {
    await approved();
    const asOf = new Date(Date.now() + 100 * 86_400_000).toISOString();
    const { runPayouts } = await app.ask(
      maker,
      'mutation ($asOf: DateTime) { runPayouts(input: { asOf: $asOf }) { id } }',
      { asOf },
    );
    if (status)
      await app.database.pool.query('update payout_runs set status = $2 where id = $1', [
        runPayouts.id,
        status,
      ]);
    return runPayouts.id;
  }
  const made = async (statement: string): Promise<string> =>
    (await app.database.pool.query<{ id: string }>(statement)).rows[0]?.id ?? '';
  async function invited(): Promise<string> {
    const { pool } = app.database;
    await pool.query("update members set status = 'REMOVED', removed_at = now() where status = 'INVITED'"); // 50 at most
    const input = { email: `${randomUUID()}@example.com`, name: 'Mia', role: 'MANAGER' };
    const { inviteMember } = await app.ask(maker, INVITE, { partnerId: partner.id, input });
    await pool.query("update invitations set expires_at = expires_at - interval '2 minutes'");
    return inviteMember.id;
  }
  const proposedRate = () =>
    made(`with older as (insert into exchange_rates (id, tenant_id, base, quote, rate, effective_on, created_by)
        values (gen_random_uuid(), 'acme', 'CHF', 'USD', 1, '2098-01-01', 'another person') returning id)
      insert into proposed_rates (id, tenant_id, base, quote, rate, effective_on, created_by, compared_with)
      select gen_random_uuid(), 'acme', 'CHF', 'USD', 2, '2098-01-02', 'another person', id from older returning id`);
  async function accountManager(): Promise<string> {
    const input = { name: 'Ann', email: `${randomUUID()}@example.com` };
    return (await app.ask(staff.manager, ADD_MANAGER, { input })).addAccountManager.id;
  }
  async function bankRun(currency: 'EUR' | 'USD' = 'EUR'): Promise<string> {
    const { pool } = app.database;
    const [id, key] = [randomUUID(), randomUUID().replaceAll('-', '')];
    const dollars = {
      ...{ currency, country: 'US', iban: null, accountNumber: '12345678', routingNumber: '231380104' },
    };
    const input = anAccount({ partnerId: partner.id, ...(currency === 'USD' && dollars) });
    const account = (await app.ask(maker, SET_PAYOUT_ACCOUNT, { input })).setPayoutAccount.id;
    await pool.query('update payout_accounts set usable_from = now() where id = $1', [account]);
    await pool.query(
      `insert into payout_runs (id, tenant_id, as_of, payout_count, created_by) select $1, tenant_id, now(), 1, 'maker'
       from partners where id = $2`,
      [id, partner.id],
    );
    await pool.query(
      `insert into bank_payments (id, tenant_id, partner_id, payout_id, run_id, account_id, key, format, amount_minor, amount_currency)
       select new_id(), tenant_id, id, $2, $3, $4, $5, $6, 2000, $7 from partners where id = $1`,
      [partner.id, await payout(), id, account, key, currency === 'USD' ? 'NACHA' : 'PAIN', currency],
    );
    return id;
  }
  async function bankFile(state: 'DRAFT' | 'APPROVED' | 'NACHA'): Promise<string> {
    const currency = state === 'NACHA' ? 'USD' : 'EUR';
    const input = { currency, runId: await bankRun(currency) };
    const { id } = (await app.ask(maker, CREATE_BANK_FILE, { input })).createBankFile;
    if (state === 'DRAFT') return id;
    await app.ask(staff.tom, 'mutation ($id: ID!) { approveBankFile(id: $id) { id } }', { id });
    if (state === 'APPROVED') return id;
    await app.ask(staff.tom, 'mutation ($id: ID!) { downloadBankFile(id: $id) { name } }', { id });
    const { pool } = app.database;
    await pool.query('alter table bank_files disable trigger may_change');
    await pool.query('update bank_files set execute_on = current_date where id = $1', [id]);
    await pool.query('alter table bank_files enable trigger may_change');
    return id;
  }
  return {
    proposedRate,
    accountManager,
    async lookedAfter() {
      await accountManager();
      const { id } = await makePartner(app, maker, { tier: 'DIAMOND' });
      return `${id} ${await accountManager()}`;
    },
    async sponsored({ already } = { already: false }) {
      const [{ id }, { id: sponsorId }] = [await makePartner(app, maker), await makePartner(app, maker)];
      if (already) await app.ask(maker, ASSIGN_SPONSOR, { id, sponsorId });
      return `${id} ${sponsorId}`;
    },
    async simulation() {
      await app.database.pool.query(`delete from plan_simulations where status = 'WAITING'`); // 5 at most
      const { rows } = await app.database.pool.query(
        `insert into plan_simulations (id, tenant_id, requested_by, first_day, last_day, changes, expires_at)
         select gen_random_uuid(), tenant_id, 'maker', '2026-01-01', '2026-01-31', '{}', '2100-01-01' from partners where id = $1 returning id`,
        [partner.id],
      );
      return rows[0].id;
    },
    staff,
    maker,
    bankRun,
    bankFile,
    partner,
    other,
    as,
    pending: () => makeCommission(app, maker, partner.id),
    approved,
    click: () => makeClick(app, partner.referralCode),
    payout,
    run,
    async payoutsHeld() {
      const { id } = await makePartner(app, maker);
      await app.ask(maker, HOLD_PAYOUTS, { id });
      return id;
    },
    async failed() {
      const id = await payout();
      for (const status of ['APPROVED', 'PROCESSING', 'FAILED'])
        await app.database.pool.query(
          "update payouts set status = $2, approved_by = 'tom', approved_at = coalesce(approved_at, now()) where id = $1",
          [id, status],
        );
      return id;
    },
    async unknownOutcome() {
      const { pool } = app.database;
      const id = await payout();
      for (const status of ['APPROVED', 'PROCESSING'])
        await pool.query(
          "update payouts set status = $2, approved_by = 'tom', approved_at = coalesce(approved_at, now()) where id = $1",
          [id, status],
        );
      await pool.query(
        `insert into payout_attempts (id, tenant_id, payout_id, number, key, status) values (gen_random_uuid(), 'acme', $1::uuid, 1, $1, 'UNKNOWN')`,
        [id],
      );
      return id;
    },
    parkedEvent: () =>
      made(`insert into rail_events (id, tenant_id, rail, event_id, type, state, handled_at)
        values (gen_random_uuid(), 'acme', 'stripe', gen_random_uuid()::text, 'paid', 'PARKED', now()) returning id`),
    reconciliation: () =>
      made(`insert into reconciliations (id, tenant_id, method, rail, from_at, to_at, started_by)
        values (gen_random_uuid(), 'acme', 'STRIPE', 'stripe', now() - interval '1 day', now(), 'tom') returning id`),
    async accountToCheck() {
      const input = anAccount({ partnerId: partner.id });
      const { id } = (await app.ask(maker, SET_PAYOUT_ACCOUNT, { input })).setPayoutAccount;
      await app.database.pool.query('update payout_accounts set check_asked_at = now() where id = $1', [id]);
      return id;
    },
    async held() {
      const id = await makeCommission(app, maker, partner.id);
      return (await app.ask(staff.tom, HOLD, { id, reason: 'to look at' })).holdCommission.holds[0].id;
    },
    async reviewed() {
      const rules = (mode: string) => ({ input: { rules: [{ rule: 'PARTNER_VELOCITY', mode, limit: 1 }] } });
      await app.ask(maker, FRAUD_SETTINGS, rules('HOLD'));
      await makeCommission(app, maker, partner.id);
      await app.ask(maker, FRAUD_SETTINGS, rules('OFF'));
      const { fraudReviews } = await app.ask(
        staff.tom,
        '{ fraudReviews(filter: { state: OPEN }, first: 1) { edges { node { id } } } }',
      );
      return fraudReviews.edges[0].node.id;
    },
    async fraudListEntry() {
      const input = { list: 'ALLOWED_CUSTOMER', customerId: randomUUID() };
      return (await app.ask(maker, LIST_CUSTOMER, { input })).addFraudListEntry.id;
    },
    async disputed() {
      const id = await approved();
      return (await app.ask(staff.tom, DISPUTE, { id, reason: 'chargeback' })).openDispute.holds[0].id;
    },
    async payoutAccount() {
      const input = anAccount({ partnerId: partner.id });
      return (await app.ask(maker, SET_PAYOUT_ACCOUNT, { input })).setPayoutAccount.id;
    },
    async stripeAccount() {
      const input = { partnerId: partner.id, holderName: 'Acme', country: 'US', currency: 'USD' };
      return (await app.ask(maker, CONNECT_PAYOUT_ACCOUNT, { input })).connectPayoutAccount.account.id;
    },
    async rule() {
      const input = {
        name: 'own',
        method: 'PERCENTAGE',
        rate: 12,
        product: randomUUID(),
        partnerId: partner.id,
      };
      return (await app.ask(maker, CREATE_RULE, { input })).createCommissionRule.id;
    },
    async customer() {
      const customerId = `cust ${randomUUID()}`;
      await makeCommission(app, maker, partner.id, { customerId });
      return customerId;
    },
    async trackingLink() {
      return (await app.ask(maker, CREATE_LINK, { input: { partnerId: partner.id, name: 'own' } }))
        .createTrackingLink.id;
    },
    async coupon() {
      const input = { partnerId: partner.id, code: `C-${randomUUID().slice(0, 8)}` };
      return (await app.ask(maker, CREATE_COUPON, { input })).createCoupon.id;
    },
    async lead() {
      return (await app.ask(maker, SUBMIT_LEAD, { input: { partnerId: partner.id, company: 'Globex' } }))
        .submitLead.id;
    },
    async deal() {
      const input = { partnerId: partner.id, company: 'Globex', domain: `${randomUUID()}.example` };
      return (await app.ask(maker, REGISTER_DEAL, { input })).registerDeal.id;
    },
    newcomer: () => makePartner(app, maker).then(({ id }) => id),
    async tierLocked() {
      const { id } = await makePartner(app, maker);
      await app.ask(maker, LOCK_TIER, { id });
      return id;
    },
    personExport: () => makeExport(app, as.admin, { partnerId: partner.id }),
    invited,
    async link() {
      const { pool } = app.database;
      await pool.query("update members set status = 'REMOVED', removed_at = now() where status = 'ACTIVE'");
      const of = await invited();
      const { rows } = await pool.query('select id, nonce from invitations where member_id = $1', [of]);
      return app.app.services.derive(`invitation:${rows[0].id}:${rows[0].nonce}`);
    },
    async apiKey() {
      const input = { partnerId: partner.id, name: 'a program', scopes: ['READ'] };
      await app.database.pool.query('update api_keys set revoked_at = now()'); // its owner has room for 20
      return (await app.ask(maker, CREATE_API_KEY, { input })).createApiKey.apiKey.id;
    },
  };
}

export type Answer = 'ok' | 'FORBIDDEN' | 'NOT_FOUND' | 'UNAUTHENTICATED';
type Row = readonly [
  admin: Answer,
  manager: Answer,
  finance: Answer,
  analyst: Answer,
  partner: Answer,
  anotherPartner: Answer,
  financeElsewhere: Answer,
  managerElsewhere: Answer,
  nobody: Answer,
];
export const people: readonly Who[] = [
  'admin',
  'manager',
  'finance',
  'analyst',
  'partner',
  'another partner',
  'finance elsewhere',
  'manager elsewhere',
  'nobody',
];

export const ok = 'ok';
const [no, hidden, who] = ['FORBIDDEN', 'NOT_FOUND', 'UNAUTHENTICATED'] as const;
//                     admin manager finance analyst partner another  finance elsewhere, manager elsewhere, nobody
export const reads: Row = [ok, ok, ok, ok, ok, hidden, hidden, hidden, who];
const staffReads: Row = [ok, ok, ok, ok, no, no, ok, ok, who];
const lists: Row = [ok, ok, ok, ok, ok, ok, ok, ok, who];
const manages: Row = [ok, ok, no, no, no, no, no, hidden, who];
const ownsOrManages: Row = [ok, ok, no, no, ok, ok, no, ok, who];
const ownsOrManagesIt: Row = [ok, ok, no, no, ok, hidden, no, hidden, who];
const adminOnly: Row = [ok, no, no, no, no, no, no, no, who];
const handlesFiles: Row = [ok, no, ok, no, no, no, ok, no, who];
const decides: Row = [ok, no, ok, no, no, no, hidden, no, who];

/** Another token of the same caller. */
export async function copyOf(app: TestApp, token: string | null): Promise<string | null> {
  if (token === null) return null;
  const {
    sub: user = '',
    role,
    tenant,
    partner: id,
  } = decodeJwt<Record<'role' | 'tenant' | 'partner', string>>(token);
  return app.token(role as Role, { tenant, user, ...(id && { partner: id }) });
}

export interface Operation {
  readonly document: string;
  readonly answers: Row;
  readonly variables?: (subject: string) => object;
  /** A row of the partner for the operation to work on; a fresh one each time. */
  readonly subject?: (world: World) => Promise<string>;
  /** The credential is gone afterwards: ask with a copy of it. */
  readonly spends?: boolean;
  /** Who does it, where an admin may not, or has a hand in it. */
  readonly by?: 'FINANCE' | 'GUEST';
}

const byId = (id: string) => ({ id });
const theirs = async ({ partner }: World) => partner.id;

export const operations: Record<string, Operation> = {
  partner: {
    document: 'query ($id: ID!) { partner(id: $id) { id } }',
    variables: byId,
    subject: theirs,
    answers: reads,
  },
  partnerStatementCsv: {
    document:
      'query ($id: ID!) { partnerStatementCsv(partnerId: $id, from: "2026-01-01", to: "2026-12-31") }',
    variables: byId,
    subject: theirs,
    answers: reads,
  },
  partners: { document: '{ partners { edges { node { id } } } }', answers: lists },
  commission: {
    document: 'query ($id: ID!) { commission(id: $id) { id } }',
    variables: byId,
    subject: ({ pending }) => pending(),
    answers: reads,
  },
  commissions: { document: '{ commissions { edges { node { id } } } }', answers: lists },
  payout: {
    document: 'query ($id: ID!) { payout(id: $id) { id } }',
    variables: byId,
    subject: ({ payout }) => payout(),
    answers: reads,
  },
  remittance: {
    document: 'query ($id: ID!) { remittance(payoutId: $id) { payoutId } }',
    variables: byId,
    subject: ({ payout }) => payout(),
    answers: reads,
  },
  payouts: { document: '{ payouts { edges { node { id } } } }', answers: lists },
  referral: {
    document: 'query ($id: ID!) { referral(id: $id) { id } }',
    variables: byId,
    subject: ({ click }) => click(),
    answers: reads,
  },
  referrals: { document: '{ referrals { edges { node { id } } } }', answers: lists },
  viewer: { document: '{ viewer { id } }', answers: lists },
  // A row that the caller may not see is null.
  node: {
    document: 'query ($id: ID!) { node(id: $id) { id } }',
    variables: byId,
    subject: theirs,
    answers: lists,
  },
  nodes: {
    document: 'query ($id: ID!) { nodes(ids: [$id]) { id } }',
    variables: byId,
    subject: theirs,
    answers: lists,
  },
  program: { document: '{ program { tenantId } }', answers: lists },
  auditEvents: {
    document: '{ auditEvents { edges { node { id } } } }',
    answers: [ok, no, ok, no, no, no, ok, no, who],
  },
  verifyAudit: { document: '{ verifyAudit { ok } }', answers: [ok, no, ok, no, no, no, ok, no, who] },
  tierConfigs: { document: '{ tierConfigs { tier } }', answers: lists },
  commissionPlans: { document: '{ commissionPlans { edges { node { id } } } }', answers: lists },
  commissionRules: { document: '{ commissionRules { edges { node { id } } } }', answers: lists },
  previewCommission: {
    document:
      'query ($id: ID!) { previewCommission(input: { partnerId: $id, type: ONE_TIME, amount: "10" }) { refused } }',
    variables: byId,
    subject: theirs,
    answers: reads,
  },
  verifyCommission: {
    document: 'query ($id: ID!) { verifyCommission(id: $id) { equal } }',
    variables: byId,
    subject: ({ pending }) => pending(),
    answers: reads,
  },
  planSimulations: { document: '{ planSimulations { edges { node { id } } } }', answers: lists },
  planSimulation: {
    document: 'query ($id: ID!) { planSimulation(id: $id) { id } }',
    variables: byId,
    subject: ({ simulation }) => simulation(),
    answers: [ok, ok, ok, ok, hidden, hidden, hidden, hidden, who],
  },
  simulatePlan: {
    document:
      'mutation { simulatePlan(input: { from: "2026-01-01", to: "2026-03-31", flatRate: 10 }) { id } }',
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  cancelPlanSimulation: {
    document: 'mutation ($id: ID!) { cancelPlanSimulation(id: $id) { id } }',
    variables: byId,
    subject: ({ simulation }) => simulation(),
    answers: manages,
  },
  accountManagers: { document: '{ accountManagers { edges { node { id } } } }', answers: lists },
  addAccountManager: {
    document: ADD_MANAGER,
    variables: () => ({ input: { name: 'Ben', email: `${randomUUID()}@example.com` } }),
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  endAccountManager: {
    document: 'mutation ($id: ID!) { endAccountManager(id: $id, reason: "left") { id } }',
    variables: byId,
    subject: ({ accountManager }) => accountManager(),
    answers: manages,
  },
  assignAccountManager: {
    document:
      'mutation ($id: ID!, $managerId: ID!) { assignAccountManager(partnerId: $id, managerId: $managerId, reason: "asked") { id } }',
    variables: (ids) => {
      const [id, managerId = id] = ids.split(' ');
      return { id, managerId };
    },
    subject: ({ lookedAfter }) => lookedAfter(),
    answers: manages,
  },
  assignSponsor: {
    document: ASSIGN_SPONSOR,
    variables: (ids) => {
      const [id, sponsorId = id] = ids.split(' ');
      return { id, sponsorId };
    },
    subject: ({ sponsored }) => sponsored(),
    answers: manages,
  },
  endSponsorship: {
    document: 'mutation ($id: ID!) { endSponsorship(partnerId: $id, reason: "left") { id } }',
    variables: (ids) => ({ id: ids.split(' ')[0] }),
    subject: ({ sponsored }) => sponsored({ already: true }),
    answers: manages,
  },
  createCommissionPlan: {
    document: 'mutation ($input: CreateCommissionPlanInput!) { createCommissionPlan(input: $input) { id } }',
    variables: () => ({ input: { name: `plan ${randomUUID()}` } }),
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  assignCommissionPlan: {
    document: 'mutation ($id: ID!) { assignCommissionPlan(partnerId: $id) { id } }',
    variables: byId,
    subject: theirs,
    answers: manages,
  },
  createCommissionRule: {
    document: CREATE_RULE,
    variables: (partnerId) => ({
      input: { name: 'own', method: 'PERCENTAGE', rate: 12, product: randomUUID(), partnerId },
    }),
    subject: theirs,
    answers: manages,
  },
  updateCommissionRule: {
    document:
      'mutation ($id: ID!) { updateCommissionRule(id: $id, input: { name: "own", method: PERCENTAGE, rate: 13 }) { id } }',
    variables: byId,
    subject: ({ rule }) => rule(),
    answers: manages,
  },
  endCommissionRule: {
    document: 'mutation ($id: ID!) { endCommissionRule(id: $id) { id } }',
    variables: byId,
    subject: ({ rule }) => rule(),
    answers: manages,
  },
  evaluateTiers: {
    document: 'mutation { evaluateTiers(month: "2020-01-01") { evaluated } }',
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  lockPartnerTier: {
    document: LOCK_TIER,
    variables: byId,
    subject: ({ newcomer }) => newcomer(),
    answers: manages,
  },
  unlockPartnerTier: {
    document: 'mutation ($id: ID!) { unlockPartnerTier(partnerId: $id) { id } }',
    variables: byId,
    subject: ({ tierLocked }) => tierLocked(),
    answers: manages,
  },
  saleRefunds: {
    document: '{ saleRefunds(filter: { waiting: true }) { edges { node { id } } } }',
    answers: lists,
  },
  exchangeRates: { document: '{ exchangeRates { edges { node { id } } } }', answers: lists },
  setExchangeRates: {
    document: 'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }',
    variables: () => ({
      input: { rates: [{ base: 'EUR', quote: 'USD', rate: '1.08', effectiveOn: '2099-01-01' }] },
    }),
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  importExchangeRates: {
    document: 'mutation ($csv: String!) { importExchangeRates(csv: $csv) { count } }',
    variables: () => ({ csv: 'base,quote,rate,date\nGBP,USD,1.27,2099-01-01' }),
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  proposedExchangeRates: {
    document: '{ proposedExchangeRates { edges { node { id } } } }',
    answers: [ok, ok, ok, no, no, no, ok, ok, who],
  },
  confirmExchangeRate: {
    document: 'mutation ($id: ID!) { confirmExchangeRate(id: $id) { id } }',
    variables: byId,
    subject: ({ proposedRate }) => proposedRate(),
    answers: [ok, ok, ok, no, no, no, hidden, hidden, who],
  },
  rejectExchangeRate: {
    document: 'mutation ($id: ID!) { rejectExchangeRate(id: $id, reason: "x") { id } }',
    variables: byId,
    subject: ({ proposedRate }) => proposedRate(),
    answers: [ok, ok, ok, no, no, no, hidden, hidden, who],
  },
  createPartner: {
    document: 'mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { id } }',
    variables: () => ({ input: aPartner() }),
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  updatePartner: {
    document: 'mutation ($id: ID!) { updatePartner(id: $id, input: { contactName: "Jane" }) { id } }',
    variables: byId,
    subject: theirs,
    answers: [ok, ok, no, no, ok, hidden, no, hidden, who],
  },
  deletePartner: {
    document: 'mutation ($id: ID!) { deletePartner(id: $id) { id } }',
    variables: byId,
    subject: ({ newcomer }) => newcomer(),
    answers: manages,
  },
  updateProgram: {
    document: 'mutation { updateProgram(input: { holdDays: 31 }) { tenantId } }',
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  updateTierConfig: {
    document: 'mutation { updateTierConfig(input: { tier: GOLD, minCustomers: 51 }) { tier } }',
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  trackReferral: {
    document: TRACK,
    variables: (referralCode) => ({ input: { referralCode } }),
    subject: async ({ partner }) => partner.referralCode,
    answers: [ok, ok, ok, ok, ok, ok, hidden, hidden, ok],
  },
  trackingLinks: { document: '{ trackingLinks { edges { node { id } } } }', answers: lists },
  createTrackingLink: {
    document: CREATE_LINK,
    variables: (partnerId) => ({ input: { partnerId, name: 'own' } }),
    subject: theirs,
    answers: ownsOrManagesIt,
  },
  updateTrackingLink: {
    document: 'mutation ($id: ID!) { updateTrackingLink(id: $id, input: { name: "new" }) { id } }',
    variables: byId,
    subject: ({ trackingLink }) => trackingLink(),
    answers: ownsOrManagesIt,
  },
  archiveTrackingLink: {
    document: 'mutation ($id: ID!) { archiveTrackingLink(id: $id) { id } }',
    variables: byId,
    subject: ({ trackingLink }) => trackingLink(),
    answers: ownsOrManagesIt,
  },
  coupons: { document: '{ coupons { edges { node { id } } } }', answers: lists },
  createCoupon: {
    document: CREATE_COUPON,
    variables: (partnerId) => ({ input: { partnerId, code: `C-${randomUUID().slice(0, 8)}` } }),
    subject: theirs,
    answers: manages,
  },
  endCoupon: {
    document: 'mutation ($id: ID!) { endCoupon(id: $id) { id } }',
    variables: byId,
    subject: ({ coupon }) => coupon(),
    answers: manages,
  },
  leads: { document: '{ leads { edges { node { id } } } }', answers: lists },
  checkProspect: {
    document: '{ checkProspect(input: { domain: "globex.example" }) }',
    answers: ownsOrManages,
  },
  submitLead: {
    document: SUBMIT_LEAD,
    variables: (partnerId) => ({ input: { partnerId, company: 'Globex' } }),
    subject: theirs,
    answers: ownsOrManagesIt,
  },
  acceptLead: {
    document: 'mutation ($id: ID!) { acceptLead(id: $id) { id } }',
    variables: byId,
    subject: ({ lead }) => lead(),
    answers: manages,
  },
  rejectLead: {
    document: 'mutation ($id: ID!) { rejectLead(id: $id, reason: "a competitor") { id } }',
    variables: byId,
    subject: ({ lead }) => lead(),
    answers: manages,
  },
  deals: { document: '{ deals { edges { node { id } } } }', answers: lists },
  registerDeal: {
    document: REGISTER_DEAL,
    variables: (partnerId) => ({
      input: { partnerId, company: 'Globex', domain: `${randomUUID()}.example` },
    }),
    subject: theirs,
    answers: ownsOrManagesIt,
  },
  closeDeal: {
    document: 'mutation ($id: ID!) { closeDeal(id: $id) { id } }',
    variables: byId,
    subject: ({ deal }) => deal(),
    answers: ownsOrManagesIt,
  },
  assignCustomer: {
    document:
      'mutation ($input: AssignCustomerInput!) { assignCustomer(input: $input, reason: "met at a fair") { id } }',
    variables: (partnerId) => ({ input: { partnerId, customerId: `cust ${randomUUID()}` } }),
    subject: theirs,
    answers: manages,
  },
  recordConversion: {
    document: 'mutation ($input: RecordConversionInput!) { recordConversion(input: $input) { id } }',
    variables: (clickId) => ({ input: { clickId, customerId: randomUUID(), amount: '1.00' } }),
    subject: ({ click }) => click(),
    answers: manages,
  },
  reportedConversions: { document: '{ reportedConversions { edges { node { id } } } }', answers: lists },
  replayAttribution: {
    document:
      'query ($input: ReplayAttributionInput!) { replayAttribution(input: $input) { sales winners { partners { now { amount } } } } }',
    variables: () => ({ input: { from: '2026-01-01', to: '2026-01-02' } }),
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  conversionFunnel: {
    document:
      'query { conversionFunnel(from: "2026-01-01", to: "2026-01-02", by: PARTNER) { steps { key clicks } } }',
    answers: lists,
  },
  visitorTouches: {
    document: 'query ($id: ID!) { visitorTouches(visitorId: $id) { id } }',
    variables: byId,
    subject: ({ click }) => click(),
    answers: lists,
  },
  convertReferral: {
    document: CONVERT,
    variables: (id) => ({ id, input: { customerId: 'c', amount: '1.00' } }),
    subject: ({ click }) => click(),
    answers: manages,
  },
  createCommission: {
    document: CREATE_COMMISSION,
    variables: (partnerId) => ({ input: { partnerId, type: 'BONUS', amount: '1.00' } }),
    subject: theirs,
    answers: manages,
  },
  recordSale: {
    document:
      'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { total { amount } commissions { id } refused { product reason } } }',
    variables: (partnerId) => ({
      input: { partnerId, orderId: `order ${randomUUID()}`, lines: [{ product: 'pro', amount: '1.00' }] },
    }),
    subject: theirs,
    answers: manages,
  },
  refundSale: {
    document: 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id waiting } }',
    variables: (partnerId) => ({ input: { partnerId, orderId: `order ${randomUUID()}`, reason: 'x' } }),
    subject: theirs,
    answers: decides,
  },
  approveCommission: {
    document: APPROVE,
    variables: byId,
    subject: ({ pending }) => pending(),
    by: 'FINANCE', // the administrator of the world set the rates
    answers: decides,
  },
  approveCommissions: {
    document:
      'mutation ($ids: [ID!]!) { approveCommissions(ids: $ids) { approved { id } failures { code message } } }',
    variables: (id) => ({ ids: [id] }),
    subject: ({ pending }) => pending(),
    by: 'FINANCE', // the administrator of the world set the rates
    answers: [ok, no, ok, no, no, no, ok, no, who], // what is hidden is a failure of its own
  },
  approveAll: {
    document:
      'mutation ($id: ID!) { approveAll(filter: { partnerId: $id, status: PENDING }, limit: 5) { approved skipped { reason count } } }',
    variables: byId,
    subject: (world) => world.pending().then(() => world.partner.id),
    by: 'FINANCE', // the administrator of the world set the rates
    answers: [ok, no, ok, no, no, no, ok, no, who], // of another tenant there is nothing to approve
  },
  rejectCommission: {
    document: REJECT,
    variables: (id) => ({ id, reason: 'x' }),
    subject: ({ pending }) => pending(),
    answers: decides,
  },
  rejectCommissions: {
    document:
      'mutation ($ids: [ID!]!) { rejectCommissions(ids: $ids, reason: "x") { rejected { id } failures { code message } } }',
    variables: (id) => ({ ids: [id] }),
    subject: ({ pending }) => pending(),
    answers: [ok, no, ok, no, no, no, ok, no, who], // what is hidden is a failure of its own
  },
  reverseCommission: {
    document: REVERSE,
    variables: (id) => ({ id, input: {} }),
    subject: ({ pending }) => pending(),
    answers: decides,
  },
  holdCommission: {
    document: HOLD,
    variables: (id) => ({ id, reason: 'x' }),
    subject: ({ pending }) => pending(),
    answers: decides,
  },
  releaseHold: {
    document: RELEASE,
    variables: (id) => ({ id, reason: 'x' }),
    subject: (world) => world.held(),
    answers: decides,
  },
  fraudSettings: {
    document: '{ fraudSettings { threshold } }',
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  updateFraudSettings: {
    document: FRAUD_SETTINGS,
    variables: () => ({ input: { threshold: 50 } }),
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  fraudReviews: { document: '{ fraudReviews { edges { node { id } } } }', answers: lists },
  fraudReport: {
    document: '{ fraudReport(from: "2026-01-01", to: "2026-12-31") { total { held } } }',
    answers: lists,
  },
  fraudListEntries: { document: '{ fraudListEntries { edges { node { id } } } }', answers: lists },
  addFraudListEntry: {
    document: LIST_CUSTOMER,
    variables: () => ({ input: { list: 'DISPOSABLE_DOMAIN', domain: `${randomUUID()}.example` } }),
    answers: [ok, ok, no, no, no, no, no, ok, who],
  },
  removeFraudListEntry: {
    document: 'mutation ($id: ID!) { removeFraudListEntry(id: $id, reason: "x") { id } }',
    variables: byId,
    subject: ({ fraudListEntry }) => fraudListEntry(),
    answers: manages,
  },
  releaseReview: {
    document: 'mutation ($id: ID!) { releaseReview(id: $id, reason: "x") { id } }',
    variables: byId,
    subject: ({ reviewed }) => reviewed(),
    answers: decides,
  },
  confirmFraud: {
    document: 'mutation ($id: ID!) { confirmFraud(id: $id, reason: "x") { id } }',
    variables: byId,
    subject: ({ reviewed }) => reviewed(),
    answers: decides,
  },
  decideReviews: {
    document:
      'mutation ($ids: [ID!]!) { decideReviews(ids: $ids, decision: RELEASED, reason: "x") { decided failures { code message } } }',
    variables: (id) => ({ ids: [id] }),
    subject: ({ reviewed }) => reviewed(),
    answers: [ok, no, ok, no, no, no, ok, no, who], // what is hidden is a failure of its own
  },
  openDispute: {
    document: DISPUTE,
    variables: (id) => ({ id, reason: 'x' }),
    subject: ({ approved }) => approved(),
    answers: decides,
  },
  resolveDispute: {
    document: RESOLVE,
    variables: (id) => ({ id, outcome: 'LOST', reason: 'x' }),
    subject: (world) => world.disputed(),
    answers: decides,
  },
  createPayout: {
    document: CREATE_PAYOUT,
    variables: (partnerId) => ({ input: { partnerId, ...period } }),
    subject: (world) => world.approved().then(() => world.partner.id),
    answers: decides,
  },
  approvePayout: {
    document: 'mutation ($id: ID!) { approvePayout(id: $id) { id } }',
    variables: byId,
    subject: ({ payout }) => payout(),
    answers: decides,
    by: 'FINANCE',
  },
  cancelPayout: {
    document: 'mutation ($id: ID!) { cancelPayout(id: $id, reason: "x") { id } }',
    variables: byId,
    subject: ({ payout }) => payout(),
    answers: decides,
  },
  retryPayout: {
    document: 'mutation ($id: ID!) { retryPayout(id: $id) { id } }',
    variables: byId,
    subject: ({ failed }) => failed(),
    answers: decides,
  },
  resolvePayout: {
    document:
      'mutation ($id: ID!) { resolvePayout(id: $id, input: { outcome: NOT_SENT, evidence: "the books of the rail" }) { id } }',
    variables: byId,
    subject: ({ unknownOutcome }) => unknownOutcome(),
    answers: decides,
  },
  railEvents: {
    document: '{ railEvents { edges { node { id } } } }',
    answers: [ok, no, ok, no, no, no, ok, no, who],
  },
  dismissRailEvent: {
    document: 'mutation ($id: ID!) { dismissRailEvent(id: $id, reason: "x") { id } }',
    variables: byId,
    subject: ({ parkedEvent }) => parkedEvent(),
    answers: decides,
  },
  reconciliation: {
    document: 'query ($id: ID!) { reconciliation(id: $id) { id } }',
    variables: byId,
    subject: ({ reconciliation }) => reconciliation(),
    answers: decides,
  },
  reconciliations: {
    document: '{ reconciliations { edges { node { id } } } }',
    answers: [ok, no, ok, no, no, no, ok, no, who],
  },
  startReconciliation: {
    document:
      'mutation { startReconciliation(input: { method: STRIPE, from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z" }) { id } }',
    answers: [ok, no, ok, no, no, no, ok, no, who],
  },
  runPayouts: {
    document: 'mutation { runPayouts(input: {}) { id } }',
    answers: [ok, no, ok, no, no, no, ok, no, who],
  },
  previewPayoutRun: {
    document: '{ previewPayoutRun(input: {}) { partners { edges { node { partnerId } } } } }',
    answers: [ok, no, ok, no, no, no, ok, no, who],
  },
  payoutRun: {
    document: 'query ($id: ID!) { payoutRun(id: $id) { id } }',
    variables: byId,
    subject: ({ run }) => run(),
    answers: decides,
  },
  payoutRuns: {
    document: '{ payoutRuns { edges { node { id } } } }',
    answers: [ok, no, ok, no, no, no, ok, no, who],
  },
  pausePayoutRun: {
    document: 'mutation ($id: ID!) { pausePayoutRun(id: $id) { id } }',
    variables: byId,
    subject: ({ run }) => run('RUNNING'),
    answers: decides,
  },
  resumePayoutRun: {
    document: 'mutation ($id: ID!) { resumePayoutRun(id: $id) { id } }',
    variables: byId,
    subject: ({ run }) => run('PAUSED'),
    answers: decides,
  },
  approvePayoutRun: {
    document: 'mutation ($id: ID!) { approvePayoutRun(id: $id) { approved } }',
    variables: byId,
    subject: ({ run }) => run(),
    answers: decides,
  },
  cancelPayoutRun: {
    document: 'mutation ($id: ID!) { cancelPayoutRun(id: $id, reason: "x") { canceled } }',
    variables: byId,
    subject: ({ run }) => run(),
    answers: decides,
  },
  holdPayouts: {
    document: HOLD_PAYOUTS,
    variables: byId,
    subject: ({ newcomer }) => newcomer(),
    answers: decides,
  },
  releasePayouts: {
    document: 'mutation ($id: ID!) { releasePayouts(partnerId: $id, reason: "x") { id } }',
    variables: byId,
    subject: ({ payoutsHeld }) => payoutsHeld(),
    answers: decides,
  },
  bankFiles: { document: '{ bankFiles { edges { node { id } } } }', answers: handlesFiles },
  bankPayments: { document: '{ bankPayments { edges { node { id } } } }', answers: handlesFiles },
  waitingBankPayments: { document: '{ waitingBankPayments { count } }', answers: handlesFiles },
  bankStatusImports: { document: '{ bankStatusImports { edges { node { id } } } }', answers: handlesFiles },
  bankFile: {
    document: 'query ($id: ID!) { bankFile(id: $id) { id } }',
    variables: byId,
    subject: ({ bankFile }) => bankFile('DRAFT'),
    answers: decides,
  },
  createBankFile: {
    document: CREATE_BANK_FILE,
    variables: (runId) => ({ input: { currency: 'EUR', runId } }),
    subject: ({ bankRun }) => bankRun(),
    answers: decides,
  },
  approveBankFile: {
    document: 'mutation ($id: ID!) { approveBankFile(id: $id) { id } }',
    variables: byId,
    subject: ({ bankFile }) => bankFile('DRAFT'),
    answers: decides,
  },
  downloadBankFile: {
    document: 'mutation ($id: ID!) { downloadBankFile(id: $id) { name } }',
    variables: byId,
    subject: ({ bankFile }) => bankFile('APPROVED'),
    answers: decides,
  },
  cancelBankFile: {
    document: 'mutation ($id: ID!) { cancelBankFile(id: $id, reason: "x") { id } }',
    variables: byId,
    subject: ({ bankFile }) => bankFile('DRAFT'),
    answers: decides,
  },
  settleBankFile: {
    document: 'mutation ($id: ID!) { settleBankFile(id: $id, debited: "20.00") { id } }',
    variables: byId,
    subject: ({ bankFile }) => bankFile('NACHA'),
    answers: decides,
  },
  importBankStatus: {
    document: 'mutation ($content: String!) { importBankStatus(content: $content) { id } }',
    variables: () => ({
      content: `<Document><CstmrPmtStsRpt><!-- ${randomUUID()} --></CstmrPmtStsRpt></Document>`,
    }),
    answers: handlesFiles,
  },
  members: { document: '{ members { edges { node { id } } } }', answers: ownsOrManages },
  inviteMember: {
    document:
      'mutation ($id: ID!, $email: EmailAddress!) { inviteMember(partnerId: $id, input: { email: $email, name: "Mia", role: MANAGER }) { id } }',
    variables: (id) => ({ id, email: `${randomUUID()}@example.com` }),
    subject: theirs,
    answers: ownsOrManagesIt,
  },
  resendInvitation: {
    document: 'mutation ($id: ID!) { resendInvitation(id: $id) { id } }',
    variables: byId,
    subject: ({ invited }) => invited(),
    answers: ownsOrManagesIt,
  },
  acceptInvitation: {
    document: 'mutation ($token: String!) { acceptInvitation(token: $token) { memberId } }',
    variables: (token) => ({ token }),
    subject: (world) => world.link(),
    by: 'GUEST',
    answers: [hidden, hidden, hidden, hidden, ok, ok, ok, ok, who], // whoever holds a link, of its own, and does not work for the program
  },
  changeMemberRole: {
    document: 'mutation ($id: ID!) { changeMemberRole(id: $id, role: READ_ONLY) { id } }',
    variables: byId,
    subject: ({ invited }) => invited(),
    answers: ownsOrManagesIt,
  },
  removeMember: {
    document: 'mutation ($id: ID!) { removeMember(id: $id) { id } }',
    variables: byId,
    subject: ({ invited }) => invited(),
    answers: ownsOrManagesIt,
  },
  apiKeys: { document: '{ apiKeys { edges { node { id } } } }', answers: ownsOrManages },
  createApiKey: {
    document: CREATE_API_KEY,
    variables: (partnerId) => ({ input: { partnerId, name: 'a program', scopes: ['READ'] } }),
    subject: theirs,
    answers: ownsOrManagesIt,
  },
  rotateApiKey: {
    document: 'mutation ($id: ID!) { rotateApiKey(id: $id, overlapHours: 1) { apiKey { id } } }',
    variables: byId,
    subject: ({ apiKey }) => apiKey(),
    answers: ownsOrManagesIt,
  },
  revokeApiKey: {
    document: 'mutation ($id: ID!) { revokeApiKey(id: $id) { id } }',
    variables: byId,
    subject: ({ apiKey }) => apiKey(),
    answers: ownsOrManagesIt,
  },
  setPayoutAccount: {
    document: SET_PAYOUT_ACCOUNT,
    variables: (partnerId) => ({ input: anAccount({ partnerId }) }),
    subject: theirs,
    answers: [ok, no, ok, no, ok, hidden, hidden, no, who],
  },
  confirmPayoutAccount: {
    document: 'mutation ($id: ID!) { confirmPayoutAccount(id: $id) { id } }',
    variables: byId,
    subject: ({ accountToCheck }) => accountToCheck(),
    answers: [ok, no, ok, no, ok, hidden, hidden, no, who],
  },
  removePayoutAccount: {
    document: 'mutation ($id: ID!) { removePayoutAccount(id: $id) { id } }',
    variables: byId,
    subject: ({ payoutAccount }) => payoutAccount(),
    answers: [ok, no, ok, no, ok, hidden, hidden, no, who],
  },
  connectPayoutAccount: {
    document: CONNECT_PAYOUT_ACCOUNT,
    variables: (partnerId) => ({
      input: { partnerId, holderName: 'Acme Resellers Inc', country: 'US', currency: 'USD' },
    }),
    subject: theirs,
    answers: [ok, no, ok, no, ok, hidden, hidden, no, who],
  },
  refreshPayoutAccount: {
    document: 'mutation ($id: ID!) { refreshPayoutAccount(id: $id) { id payoutsEnabled } }',
    variables: byId,
    subject: ({ stripeAccount }) => stripeAccount(),
    answers: [ok, no, ok, no, ok, hidden, hidden, no, who],
  },
  setTaxId: {
    document: SET_TAX_ID,
    variables: (partnerId) => ({ input: { partnerId, country: 'US', number: '12-3456789' } }),
    subject: theirs,
    answers: [ok, no, ok, no, ok, hidden, hidden, no, who],
  },
  signOut: { document: 'mutation { signOut }', spends: true, answers: lists },
  erasures: { document: '{ erasures { edges { node { id } } } }', answers: adminOnly },
  exportPerson: {
    document: EXPORT_PERSON,
    variables: (partnerId) => ({ input: { partnerId } }),
    subject: theirs,
    answers: adminOnly,
  },
  personExport: {
    document: 'query ($id: ID!) { personExport(id: $id) { id status } }',
    variables: byId,
    subject: ({ personExport }) => personExport().then(({ id }) => id),
    answers: adminOnly,
  },
  takePersonExport: {
    document: TAKE_EXPORT,
    variables: (subject) => {
      const [id, token = 'none'] = subject.split(' ');
      return { id, token };
    },
    subject: ({ personExport }) => personExport().then(({ id, token }) => `${id} ${token}`),
    answers: adminOnly,
  },
  erasePerson: {
    document: ERASE_PERSON,
    variables: (partnerId) => ({ input: { partnerId }, reason: 'asked for it' }),
    subject: ({ newcomer }) => newcomer(),
    answers: adminOnly,
  },
  recordSubscription: {
    document: 'mutation ($input: RecordSubscriptionInput!) { recordSubscription(input: $input) { id } }',
    variables: (customerId) => ({
      input: { externalId: `sub ${customerId}`, customerId, price: '30', currency: 'USD', interval: 'MONTH' },
    }),
    subject: ({ customer }) => customer(),
    answers: manages,
  },
  programMetrics: { document: '{ programMetrics { clicks } }', answers: staffReads },
  topPartners: { document: '{ topPartners(by: REVENUE) { clicks } }', answers: staffReads },
  metricsSeries: {
    document:
      'query ($period: MetricsPeriodInput!, $id: ID) { metricsSeries(period: $period, interval: MONTH, partnerId: $id) { points { clicks } } }',
    variables: (id) => ({ id, period: { from: '2026-01-01', to: '2026-03-31' } }),
    subject: theirs,
    answers: reads,
  },
  calculatePartnerMetrics: {
    document: 'mutation ($id: ID!) { calculatePartnerMetrics(partnerId: $id) { clicks } }',
    variables: byId,
    subject: theirs,
    answers: reads,
  },
};
