import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Act, acts, type Duty, duties } from '../../../src/domain/duties.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  APPROVE,
  anAccount,
  CREATE_COMMISSION,
  CREATE_PAYOUT,
  DISPUTE,
  HOLD,
  makePartner,
  RELEASE,
  RESOLVE,
  REVERSE,
  SET_PAYOUT_ACCOUNT,
} from '../../support/make.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

/** One program with one partner, where each act is done by a person of its own: an administrator with the name of the act. */
interface World {
  readonly partnerId: string;
  /** What the acts made, by name. */
  readonly made: Map<string, string>;
  as(person: string): Promise<string>;
}

type Doing = (
  world: World,
  token: string,
) => Promise<{ errors?: { extensions: { code: string; reason?: string } }[] }>;
interface Step {
  readonly act: Act;
  readonly does: Doing;
}

const idOf = (world: World, name: string): string => world.made.get(name) ?? '';
const own = (text: string, ...values: unknown[]) => app.database.pool.query(text, values);

/** A step that sends one operation, and remembers what it made. */
const step = (
  act: Act,
  document: string,
  variables: (world: World) => object,
  // biome-ignore lint/suspicious/noExplicitAny: what the operation answers
  keeps: (world: World, data: any) => void = () => {},
): Step => ({
  act,
  async does(world, token) {
    const answer = await app.send(token, document, variables(world));
    if (!answer.errors) keeps(world, answer.data);
    return answer;
  },
});

const SALE = 'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { commissions { id } } }';
const tell = step(
  'TELL',
  SALE,
  ({ partnerId }) => ({ input: { partnerId, orderId: randomUUID(), lines: [{ amount: '200.00' }] } }),
  ({ made }, { recordSale }) => made.set('line', recordSale.commissions[0].id),
);
const make = step(
  'MAKE',
  CREATE_COMMISSION,
  ({ partnerId }) => ({ input: { partnerId, type: 'ONE_TIME', amount: '200.00' } }),
  ({ made }, { createCommission }) => made.set('line', createCommission.id),
);
const line = (world: World) => ({ id: idOf(world, 'line'), reason: 'looked at' });
const hold = step('HOLD', HOLD, line, ({ made }, { holdCommission }) =>
  made.set('hold', holdCommission.holds.at(-1).id),
);
const release = step('RELEASE', RELEASE, (world) => ({ id: idOf(world, 'hold'), reason: 'looked at' }));
const dispute = step('DISPUTE', DISPUTE, line, ({ made }, { openDispute }) =>
  made.set('dispute', openDispute.holds.at(-1).id),
);
const win = step('RESOLVE', RESOLVE, (world) => ({
  id: idOf(world, 'dispute'),
  outcome: 'WON',
  reason: 'decided',
}));
const approve = step('APPROVE', APPROVE, (world) => ({ id: idOf(world, 'line') }));
const takeBack = step('TAKE_BACK', REVERSE, (world) => ({
  id: idOf(world, 'line'),
  input: { amount: '50.00' },
}));
/** Loses the dispute and wins it after all. The restored commission takes the place of the first one. */
const loseAndWin: Step = {
  act: 'RESOLVE',
  async does(world, token) {
    const id = idOf(world, 'dispute');
    const lost = await app.send(token, RESOLVE, { id, outcome: 'LOST', reason: 'decided' });
    if (lost.errors) return lost;
    const won = await app.send(token, RESOLVE, { id, outcome: 'WON', reason: 'decided again' });
    const { rows } = await own(
      "select id from commissions where adjusts_id = $1 and type = 'ADJUSTMENT'",
      idOf(world, 'line'),
    );
    world.made.set('line', rows[0].id);
    return won;
  },
};

const PROGRAM = 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { currency } }';
const setRule = step(
  'EDIT_RULE',
  'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }',
  ({ partnerId }) => ({
    input: { partnerId, name: 'own', method: 'PERCENTAGE', rate: 10, effectiveAt: '2020-01-01T00:00:00Z' },
  }),
);
const setPartnerRate = step(
  'EDIT_SETTING',
  'mutation ($id: ID!) { updatePartner(id: $id, input: { commissionRate: 12 }) { id } }',
  ({ partnerId }) => ({ id: partnerId }),
);
const raiseLimit = step('RAISE_LIMIT', PROGRAM, () => ({ input: { secondApprovalAbove: '5000' } }));

const RATES = 'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }';
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
const rateOf = (rate: string, ago: number) => ({
  input: { rates: [{ base: 'EUR', quote: 'USD', rate, effectiveOn: day(ago) }] },
});
const setRate = step('SET_RATE', RATES, () => rateOf('2', 0));
const confirmRate: Step = {
  act: 'CONFIRM_RATE',
  async does(_, token) {
    const waiting = await app.ask(token, '{ proposedExchangeRates { edges { node { id } } } }');
    const { id } = waiting.proposedExchangeRates.edges[0].node;
    return app.send(token, 'mutation ($id: ID!) { confirmExchangeRate(id: $id) { id } }', { id });
  },
};
const tellInEuros = step(
  'TELL',
  SALE,
  ({ partnerId }) => ({
    input: { partnerId, orderId: randomUUID(), currency: 'EUR', lines: [{ amount: '200.00' }] },
  }),
  ({ made }, { recordSale }) => made.set('line', recordSale.commissions[0].id),
);

const setAccount: Step = {
  act: 'SET_ACCOUNT',
  async does(world, token) {
    const { partnerId, made } = world;
    const input = anAccount({ partnerId, currency: 'EUR' });
    const answer = await app.send(token, SET_PAYOUT_ACCOUNT, { input });
    if (answer.errors) return answer;
    made.set('account', answer.data.setPayoutAccount.id);
    await own(
      'update payout_accounts set usable_from = now(), check_asked_at = now() where id = $1',
      idOf(world, 'account'),
    );
    return answer;
  },
};
const confirmAccount = step(
  'CONFIRM_ACCOUNT',
  'mutation ($id: ID!) { confirmPayoutAccount(id: $id) { id } }',
  (world) => ({ id: idOf(world, 'account') }),
);
const makePayout = step(
  'MAKE_PAYOUT',
  CREATE_PAYOUT,
  ({ partnerId }) => ({ input: { partnerId, periodStart: '2020-01-01', periodEnd: '2100-01-01' } }),
  ({ made }, { createPayout }) => made.set('payout', createPayout.id),
);
const APPROVE_PAYOUT = 'mutation ($id: ID!) { approvePayout(id: $id) { id status } }';
const payout = (world: World) => ({ id: idOf(world, 'payout') });
const approvePayout = step('APPROVE_PAYOUT', APPROVE_PAYOUT, payout);
const approveAgain = step('SECOND_APPROVAL', APPROVE_PAYOUT, payout);
const state = (act: Act): Step =>
  step(
    act,
    'mutation ($id: ID!) { resolvePayout(id: $id, input: { outcome: NOT_SENT, evidence: "the books" }) { status } }',
    payout,
  );

/** A payment of the payout that waits for a bank file, as the worker writes it. */
async function waitForFile(world: World): Promise<void> {
  await own(
    `insert into bank_payments (id, tenant_id, partner_id, payout_id, account_id, key, format, amount_minor, amount_currency)
     select new_id(), tenant_id, partner_id, id, payout_account_id, replace(id::text, '-', ''), 'PAIN', amount_minor, amount_currency
     from payouts where id = $1`,
    idOf(world, 'payout'),
  );
}
/** A payout whose outcome at the rail is unknown. */
async function loseOutcome(world: World): Promise<void> {
  for (const status of ['APPROVED', 'PROCESSING'])
    await own(
      "update payouts set status = $2, approved_by = 'another', approved_at = coalesce(approved_at, now()) where id = $1",
      idOf(world, 'payout'),
      status,
    );
  await own(
    `insert into payout_attempts (id, tenant_id, payout_id, number, key, status)
     select new_id(), tenant_id, id, 1, replace(id::text, '-', ''), 'UNKNOWN' from payouts where id = $1`,
    idOf(world, 'payout'),
  );
}
/** A payout that failed because the bank rejected it, as the person of IMPORT_STATUS imported. */
const importRejection: Step = {
  act: 'IMPORT_STATUS',
  async does(world) {
    await waitForFile(world);
    const id = idOf(world, 'payout');
    for (const status of ['APPROVED', 'PROCESSING', 'FAILED'])
      await own(
        "update payouts set status = $2, approved_by = 'another', approved_at = coalesce(approved_at, now()) where id = $1",
        id,
        status,
      );
    await own("update bank_payments set status = 'REJECTED' where payout_id = $1", id);
    await own(
      `with made as (
         insert into bank_status_imports (id, tenant_id, kind, sha256, line_count, created_by)
         select new_id(), tenant_id, 'PAIN_STATUS', md5(id::text), 1, 'IMPORT_STATUS' from payouts where id = $1 returning id, tenant_id)
       insert into bank_status_lines (id, tenant_id, import_id, payment_id, reference, word, outcome)
       select new_id(), m.tenant_id, m.id, b.id, b.key, 'REJECTED', 'APPLIED' from made m join bank_payments b on b.payout_id = $1`,
      id,
    );
    return {};
  },
};
const retry = step('SEND', 'mutation ($id: ID!) { retryPayout(id: $id) { id } }', payout);

const FILE = 'mutation ($input: CreateBankFileInput!) { createBankFile(input: $input) { id } }';
const file = (world: World) => ({ id: idOf(world, 'file') });
const makeFile: Step = {
  act: 'MAKE_FILE',
  async does(world, token) {
    if (!world.made.has('waits')) await waitForFile(world);
    world.made.set('waits', 'yes');
    const answer = await app.send(token, FILE, { input: { currency: 'EUR' } });
    if (!answer.errors) world.made.set('file', answer.data.createBankFile.id);
    return answer;
  },
};
const signFile = step('SIGN_FILE', 'mutation ($id: ID!) { approveBankFile(id: $id) { id } }', file);
const downloadFile = step(
  'DOWNLOAD_FILE',
  'mutation ($id: ID!) { downloadBankFile(id: $id) { name } }',
  file,
);
const withdrawFile = step(
  'WITHDRAW_FILE',
  'mutation ($id: ID!) { cancelBankFile(id: $id, reason: "lost", neverSubmitted: true) { id } }',
  file,
);

/** Steps of a world before its acts, by a person of no act. */
const before = {
  limited: (_: World, token: string) => app.ask(token, PROGRAM, { input: { secondApprovalAbove: '10' } }),
  async exchanged(_: World, token: string) {
    await app.ask(token, PROGRAM, { input: { settlement: 'PARTNER' } });
    await app.ask(token, RATES, rateOf('1', 10));
  },
  none: async () => {},
};

interface Story {
  readonly steps: readonly Step[];
  readonly starts?: keyof typeof before;
  readonly currency?: string;
  /** Something that happens after the act of that name, without a person. */
  readonly next?: Partial<Record<Act, (world: World) => Promise<void>>>;
}

/** Acts on one sum of money, in the order in which they happen. */
const stories: Record<string, Story> = {
  'a sale under a rule': { steps: [setRule, tell, hold, release, dispute, win, takeBack, approve] },
  'a commission at the rate of its partner': { steps: [setPartnerRate, make, hold, release, approve] },
  'an exchanged sale': { steps: [setRate, confirmRate, tellInEuros, approve], starts: 'exchanged' },
  'a restored commission': { steps: [tell, hold, release, takeBack, dispute, loseAndWin, approve] },
  'a payout after the limit was raised': {
    steps: [raiseLimit, make, approve, makePayout, approvePayout],
    starts: 'limited',
  },
  'a payout with two approvals': {
    steps: [setAccount, confirmAccount, make, approve, makePayout, approvePayout, approveAgain],
    starts: 'limited',
    currency: 'EUR',
  },
  'a payout in a bank file': {
    steps: [setAccount, confirmAccount, makePayout, makeFile, signFile, downloadFile, withdrawFile],
    currency: 'EUR',
    next: { CONFIRM_ACCOUNT: owe },
  },
  'a payout that the bank rejected': {
    steps: [setAccount, confirmAccount, makePayout, importRejection, retry],
    currency: 'EUR',
    next: { CONFIRM_ACCOUNT: owe },
  },
  'a payout without a known outcome': {
    steps: [makePayout, state('STATE_OUTCOME'), state('RESOLVE_OUTCOME')],
    next: { MAKE_PAYOUT: loseOutcome },
  },
};

/** An approved commission of other people. */
async function owe(world: World): Promise<void> {
  await make.does(world, await world.as('seller'));
  await approve.does(world, await world.as('accountant'));
}

async function worldOf({ starts = 'none', currency = 'USD' }: Story): Promise<World> {
  const tenant = `d${randomUUID().slice(0, 8)}`;
  const as = (user: string) => app.token('PLATFORM_ADMIN', { tenant, user });
  const founder = await as('founder');
  const { id } = await makePartner(app, founder, {
    email: 'p@partner.example',
    payoutMethod: currency === 'EUR' ? 'BANK_TRANSFER' : 'STRIPE',
    currency,
  });
  const world = { partnerId: id, made: new Map<string, string>(), as };
  await before[starts](world, founder);
  return world;
}

/** A new world in which each step before the given one was done by its own person. */
async function reach(story: Story, index: number): Promise<World> {
  const world = await worldOf(story);
  if (story.steps[0]?.act === 'MAKE_PAYOUT') await owe(world);
  for (const { act, does } of story.steps.slice(0, index)) {
    const { errors } = await does(world, await world.as(act));
    expect(errors, `${act} by its own person`).toBeUndefined();
    await story.next?.[act]?.(world);
  }
  return world;
}

const table: readonly Duty[] = duties;
const tried = new Set<string>();

/** The duty between two acts of a story. An earlier act about another commission of the sale counts in a story that
 *  restores one. */
const dutyOf = (act: Act, earlier: Act, restored: boolean): Duty | undefined =>
  table.find((duty) => duty.act === act && duty.after.includes(earlier) && (restored || !duty.ofSource));

const pairs = Object.entries(stories).flatMap(([name, story]) =>
  story.steps.flatMap(({ act }, index) => (index === 0 ? [] : [{ name, act, index }])),
);

test.each(pairs)(
  '$name: $act is refused exactly to the people whom a duty keeps from it',
  async ({ name, index }) => {
    const story = stories[name] as Story;
    const { act, does } = story.steps[index] as Step;
    const earlier = story.steps.slice(0, index).map((each) => each.act);
    const restored = name === 'a restored commission' && act === 'APPROVE';
    const barred = earlier.filter((each) => dutyOf(act, each, restored));
    const free = earlier.filter((each) => !barred.includes(each) && !tried.has(`${act} after ${each}`));
    for (const done of earlier) tried.add(`${act} after ${done}`);
    if (barred.length + free.length === 0) return; // an earlier story tried the pairs
    let world = await reach(story, index);
    for (const done of barred) {
      const duty = dutyOf(act, done, restored) as Duty;
      if (duty.instead) continue;
      const { errors } = await does(world, await world.as(done));
      const code = errors?.[0]?.extensions.code;
      expect(code, `${act} by the person who did ${done}`).toBe(duty.code ?? 'FORBIDDEN');
    }
    for (const [nth, done] of free.entries()) {
      if (nth > 0) world = await reach(story, index);
      const { errors } = await does(world, await world.as(done));
      expect(errors, `${act} by the person who did ${done}`).toBeUndefined();
    }
  },
);

test('the person who stated an outcome cannot confirm it: the payout stays unresolved', async () => {
  const story = stories['a payout without a known outcome'] as Story;
  const world = await reach(story, 2);
  const status = async () =>
    (await own('select resolved_by from payout_attempts where payout_id = $1', idOf(world, 'payout'))).rows;
  await state('RESOLVE_OUTCOME').does(world, await world.as('STATE_OUTCOME'));
  expect(await status()).toEqual([{ resolved_by: null }]);
  await state('RESOLVE_OUTCOME').does(world, await world.as('RESOLVE_OUTCOME'));
  expect(await status()).toEqual([{ resolved_by: 'RESOLVE_OUTCOME' }]);
});

test.each([
  {
    name: 'a payout that the bank rejected',
    act: 'SEND',
    after: 'IMPORT_STATUS',
    by: "update payouts set status = 'APPROVED', failure_reason = null where id = $1",
    made: 'payout',
  },
  {
    name: 'a payout that the bank rejected',
    act: 'SEND',
    after: 'IMPORT_STATUS',
    by: "update payouts set status = 'CANCELED' where id = $1",
    made: 'payout',
  },
  {
    name: 'a payout in a bank file',
    act: 'WITHDRAW_FILE',
    after: 'DOWNLOAD_FILE',
    by: "update bank_files set status = 'CANCELED', canceled_by = current_setting('portal.actor'), canceled_at = now() where id = $1",
    made: 'file',
  },
] as const)('the database alone refuses $act after $after: $by', async ({ name, act, after, by, made }) => {
  const story = stories[name] as Story;
  const world = await reach(
    story,
    story.steps.findIndex((each) => each.act === act),
  );
  const client = await app.database.pool.connect();
  const attempt = async (person: string) => {
    await client.query('begin');
    await client.query("select set_config('portal.actor', $1, true)", [person]);
    const done = client.query(by, [idOf(world, made)]);
    await done
      .then(() => client.query('set constraints all immediate'))
      .finally(() => client.query('rollback'));
    return done;
  };
  try {
    await expect(attempt(after)).rejects.toThrow(/^Another person must/);
    await expect(attempt('another')).resolves.toMatchObject({ rowCount: 1 });
  } finally {
    client.release();
  }
});

const LIMIT = { secondApprovalAbove: '10' };
test.each([
  ['lowers it a little', [{ secondApprovalAbove: '5000' }, { secondApprovalAbove: '4999' }]],
  ['removes it first', [{ secondApprovalAbove: null }, { secondApprovalAbove: '5000' }]],
  ['sets the same limit again', [{ secondApprovalAbove: '5000' }, { secondApprovalAbove: '5000' }]],
  ['only shortens its days', [{ ...LIMIT, splitDays: 1 }]],
])(
  'the person who raised the limit for second approvals approves no payout, also when that person %s',
  async (_, edits) => {
    const world = await worldOf({ steps: [], starts: 'limited' });
    for (const input of edits) await app.ask(await world.as('raiser'), PROGRAM, { input });
    await app
      .ask(await world.as('seller'), CREATE_COMMISSION, {
        input: { partnerId: world.partnerId, type: 'ONE_TIME', amount: '50.00' },
      })
      .then(({ createCommission }) => world.made.set('line', createCommission.id));
    await approve.does(world, await world.as('accountant'));
    await makePayout.does(world, await world.as('clerk'));
    const { errors } = await approvePayout.does(world, await world.as('raiser'));
    expect(errors?.[0]?.extensions).toMatchObject({ reason: 'OWN_LIMIT' });
    // Another person who lowers the limit stands for it.
    await app.ask(await world.as('another'), PROGRAM, { input: { secondApprovalAbove: '9' } });
    expect((await approvePayout.does(world, await world.as('raiser'))).errors).toBeUndefined();
  },
);

test('a person who raised the limit past a payout does not approve it after another person raises it further', async () => {
  const world = await worldOf({ steps: [], starts: 'limited' });
  for (const [who, secondApprovalAbove] of [
    ['first', '1'],
    ['raiser', '1000000'],
    ['first', '1000001'],
  ] as const)
    await app.ask(await world.as(who), PROGRAM, { input: { secondApprovalAbove } });
  await app
    .ask(await world.as('seller'), CREATE_COMMISSION, {
      input: { partnerId: world.partnerId, type: 'ONE_TIME', amount: '50.00' },
    })
    .then(({ createCommission }) => world.made.set('line', createCommission.id));
  await approve.does(world, await world.as('accountant'));
  await makePayout.does(world, await world.as('clerk'));
  const { errors } = await approvePayout.does(world, await world.as('raiser'));
  expect(errors?.[0]?.extensions).toMatchObject({ reason: 'OWN_LIMIT' });
  expect((await approvePayout.does(world, await world.as('another'))).errors).toBeUndefined();
});

test('every duty was tried, and every act is in a story', () => {
  const wanted = table.flatMap(({ act, after }) => after.map((earlier) => `${act} after ${earlier}`));
  expect(wanted.filter((pair) => !tried.has(pair))).toEqual([]);
  const told = new Set(Object.values(stories).flatMap(({ steps }) => steps.map(({ act }) => act)));
  expect(Object.keys(acts).filter((act) => !told.has(act as Act))).toEqual([]);
});
