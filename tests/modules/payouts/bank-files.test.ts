import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { BANK } from '../../support/bank.ts';
import { APPROVE, CANCEL, CREATE, earned, january, newPartner, PAYOUT, RETRY } from '../../support/earn.ts';
import { holding } from '../../support/everything.ts';
import { anAccount, balanceOf, SET_PAYOUT_ACCOUNT, staffOf, tally } from '../../support/make.ts';
import { until } from '../../support/until.ts';

const IBAN = 'DE89370400440532013000';

let app: TestApp;
let who: Awaited<ReturnType<typeof staffOf>>;
let tenants = 0;
beforeAll(async () => {
  app = await createTestApp({}, { ...BANK, PAYOUT_LEASE_SECONDS: '5' });
  await app.app.startWorker();
});
afterAll(() => app?.close());

/** A tenant of its own, so that nothing of another test waits for a file. */
async function company(): Promise<void> {
  who = await staffOf(app, `bank-${tenants++}`);
}

const rows = async (text: string, ...values: unknown[]) => (await app.database.pool.query(text, values)).rows;
const american = {
  currency: 'USD',
  country: 'US',
  iban: null,
  accountNumber: '12345678',
  routingNumber: '231380104',
};

interface Owed {
  readonly partnerId: string;
  readonly payoutId: string;
  readonly key: string;
}

/** A payout of 20.00 by bank transfer that waits for a file. */
async function owed(account: object = {}): Promise<Owed> {
  const input = anAccount({ partnerId: '', ...account });
  const { id: partnerId } = await newPartner(app, who.manager, {
    payoutMethod: 'BANK_TRANSFER',
    currency: input.currency,
  });
  await app.ask(who.maria, SET_PAYOUT_ACCOUNT, { input: { ...input, partnerId } });
  await rows('update payout_accounts set usable_from = now() where partner_id = $1', partnerId);
  await earned(app, who, partnerId, { currency: input.currency });
  const { createPayout } = await app.ask(who.maria, CREATE, { input: { partnerId, ...january } });
  await app.ask(who.tom, APPROVE, { id: createPayout.id });
  const payoutId = createPayout.id;
  const key = await until(async () => (await paymentOf(payoutId))?.reference);
  return { partnerId, payoutId, key };
}

const paymentOf = async (payoutId: string) =>
  (
    await app.ask(
      who.tom,
      `query ($id: ID!) { bankPayments(filter: { payoutId: $id }) { edges { node {
        reference status code reason correction difference format amount { amount currency } partner { id } payout { id } } } } }`,
      { id: payoutId },
    )
  ).bankPayments.edges[0]?.node;
const seen = async (id: string) => (await app.ask(who.tom, PAYOUT, { id })).payout;
const reaches = (id: string, status: string) =>
  until(async () => {
    const now = await seen(id);
    return now.status === status ? now : null;
  }, 15);

const FILE =
  'id status format paymentCount sha256 executeOn downloads createdBy approvedBy settledAt total { amount currency }';
const MAKE = `mutation ($input: CreateBankFileInput!) { createBankFile(input: $input) { ${FILE} } }`;
const LET_GO = `mutation ($id: ID!) { approveBankFile(id: $id) { ${FILE} } }`;
const DOWNLOAD = 'mutation ($id: ID!) { downloadBankFile(id: $id) { name mediaType sha256 content } }';
const DROP = `mutation ($id: ID!, $sure: Boolean) { cancelBankFile(id: $id, reason: "wrong day", neverSubmitted: $sure) { ${FILE} } }`;
const SETTLE = `mutation ($id: ID!, $debited: Decimal!) { settleBankFile(id: $id, debited: $debited) { ${FILE} } }`;
const IMPORT = `mutation ($content: String!) { importBankStatus(content: $content) { id kind lineCount
  lines(first: 100) { edges { node { reference word code outcome explanation amount { amount } payment { id } } } } } }`;

const SAY =
  'mutation ($id: ID!, $input: ResolvePayoutInput!) { resolvePayout(id: $id, input: $input) { status } }';
/** What one person says became of a payout; a worker that asks the rail at the moment comes first. */
const say = (by: string, id: string, input: object) =>
  until(async () => {
    const { data, errors } = await app.send(by, SAY, { id, input });
    if (errors && errors[0]?.extensions.reason !== 'BEING_ASKED') throw new Error(JSON.stringify(errors));
    return data?.resolvePayout;
  });

const make = async (currency = 'EUR') =>
  (await app.ask(who.maria, MAKE, { input: { currency } })).createBankFile;
const letGo = (id: string) => app.ask(who.tom, LET_GO, { id });
const download = async (id: string, by = who.tom) => (await app.ask(by, DOWNLOAD, { id })).downloadBankFile;
/** Imports what the bank says. */
const told = async (content: string) => {
  const { importBankStatus } = await app.ask(who.tom, IMPORT, { content });
  const lines = importBankStatus.lines.edges.map(({ node }: { node: object }) => node);
  return { ...importBankStatus, lines };
};

/** Payments in a file that the bank has. */
async function handedOut(
  count = 1,
  account: object = {},
): Promise<{ file: string; text: string; payments: Owed[] }> {
  await company();
  const payments: Owed[] = [];
  for (let n = 0; n < count; n++) payments.push(await owed(account));
  const { id, total } = await make((account as { currency?: string }).currency);
  await letGo(id);
  const { content } = await download(id);
  expect(total.amount).toBe(`${20 * count}.00`);
  return { file: id, text: content, payments };
}

const report = (key: string, status: string, { code = '', amount = '20.00', currency = 'EUR' } = {}) =>
  `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><!-- ${randomUUID()} -->
   <OrgnlGrpInfAndSts><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><TxInfAndSts>
   <OrgnlEndToEndId>${key}</OrgnlEndToEndId><TxSts>${status}</TxSts>${code && `<StsRsnInf><Rsn><Cd>${code}</Cd></Rsn></StsRsnInf>`}
   <OrgnlTxRef><Amt><InstdAmt Ccy="${currency}">${amount}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`;
const booking = (key: string, kind: 'DBIT' | 'CRDT', { code = '', amount = '20.00', version = '08' } = {}) =>
  `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.${version}"><BkToCstmrStmt><!-- ${randomUUID()} --><Stmt><Ntry>
   <Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>${kind}</CdtDbtInd><Sts>${version === '08' ? '<Cd>BOOK</Cd>' : 'BOOK'}</Sts><NtryDtls><TxDtls>
   <Refs><EndToEndId>${key}</EndToEndId></Refs>${code && `<RtrInf><Rsn><Cd>${code}</Cd></Rsn></RtrInf>`}</TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>`;
/** The bank books a whole file as one sum. */
const sumOf = (file: string, amount: string) =>
  `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><!-- ${randomUUID()} --><Stmt><Ntry>
   <Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls><Btch>
   <MsgId>${file.replaceAll('-', '')}</MsgId></Btch></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>`;
const messageOf = (id: string, status: string) =>
  `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt><OrgnlGrpInfAndSts>
   <OrgnlMsgId>${id.replaceAll('-', '')}</OrgnlMsgId><GrpSts>${status}</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>`;

describe('a bank file', () => {
  test('contains the waiting payments, needs a second person, is equal at every download, and is paid by the bank status', async () => {
    await company();
    const { partnerId, payoutId, key } = await owed();
    const sent = await until(async () => {
      const payout = await seen(payoutId);
      return payout.providerReference && payout;
    });
    expect(sent).toMatchObject({ status: 'PROCESSING', providerReference: key });
    expect(
      (await app.ask(who.tom, '{ waitingBankPayments { format count total { amount currency } } }'))
        .waitingBankPayments,
    ).toEqual([{ format: 'PAIN', count: 1, total: { amount: '20.00', currency: 'EUR' } }]);

    const file = await make();
    expect(file).toMatchObject({
      ...{ status: 'DRAFT', format: 'PAIN', paymentCount: 1, createdBy: 'maria', downloads: 0 },
      total: { amount: '20.00', currency: 'EUR' },
    });
    expect(await app.refusal(who.tom, DOWNLOAD, { id: file.id })).toMatchObject({ reason: 'NOT_APPROVED' });
    expect(await app.refusal(who.maria, LET_GO, { id: file.id })).toMatchObject({ code: 'FORBIDDEN' });
    expect((await letGo(file.id)).approveBankFile).toMatchObject({ status: 'APPROVED', approvedBy: 'tom' });

    const [first, second] = [await download(file.id), await download(file.id, who.maria)];
    expect(second).toEqual(first);
    expect(createHash('sha256').update(first.content).digest('hex')).toBe(file.sha256);
    expect(first.content).toContain(`<EndToEndId>${key}</EndToEndId>`);
    expect(first.content).toContain(`<IBAN>${IBAN}</IBAN>`);
    expect(
      await rows("select actor_id from audit_events where action = 'bankFile.downloaded' order by id"),
    ).toEqual([{ actor_id: 'tom' }, { actor_id: 'maria' }]);
    expect(await holding(app.database.pool, IBAN, '0532013000')).toEqual([]);

    expect((await told(messageOf(file.id, 'ACTC'))).lines).toMatchObject([
      { word: 'ACCEPTED', outcome: 'APPLIED' },
    ]);
    expect((await told(booking(key, 'DBIT'))).lines).toMatchObject([
      { reference: key, word: 'PAID', outcome: 'APPLIED', amount: { amount: '20.00' } },
    ]);
    expect(await reaches(payoutId, 'PAID')).toMatchObject({ failureReason: null });
    expect(await balanceOf(app, who.tom, partnerId, 'EUR')).toMatchObject({
      paid: '20.00',
      inTransit: '0.00',
    });
    const { bankFile } = await app.ask(
      who.tom,
      `query ($id: ID!) { bankFile(id: $id) { downloads payments(first: 1) { totalCount edges { node { status reason } } } } }`,
      { id: file.id },
    );
    expect(bankFile).toEqual({
      downloads: 2,
      payments: { totalCount: 1, edges: [{ node: { status: 'PAID', reason: null } }] },
    });
  });

  test('contains each payment once when several files are created at the same time', async () => {
    await company();
    const payments = [await owed(), await owed(), await owed()];
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => app.send(who.maria, MAKE, { input: { currency: 'EUR' } })),
    );
    expect(tally(answers)).toEqual({ ok: 1, CONFLICT: 24 });
    const items = await rows(
      'select count(*)::int as n from bank_file_items i join bank_payments b on b.id = i.payment_id where b.payout_id = any($1)',
      payments.map(({ payoutId }) => payoutId),
    );
    expect(items).toEqual([{ n: 3 }]);
    expect(await app.refusal(who.maria, MAKE, { input: { currency: 'EUR' } })).toMatchObject({
      reason: 'NOTHING_WAITS',
    });
  });

  test('releases the payments of a canceled file; after a download, only after another person confirms that the bank did not get the file', async () => {
    await company();
    const { key } = await owed();
    const first = await make();
    expect((await app.ask(who.maria, DROP, { id: first.id })).cancelBankFile).toMatchObject({
      status: 'CANCELED',
    });
    const second = await make();
    await letGo(second.id);
    const { content } = await download(second.id);
    expect(content).toContain(key);
    expect(await app.refusal(who.maria, DROP, { id: second.id })).toMatchObject({ reason: 'DOWNLOADED' });
    expect(await app.refusal(who.tom, DROP, { id: second.id, sure: true })).toMatchObject({
      code: 'FORBIDDEN',
    });
    await app.ask(who.maria, DROP, { id: second.id, sure: true });
    expect(await app.refusal(who.tom, DOWNLOAD, { id: second.id })).toMatchObject({ reason: 'NOT_APPROVED' });
    const third = await make();
    await letGo(third.id);
    expect((await download(third.id)).content).toContain(key);
    await told(report(key, 'ACSP'));
    expect(await app.refusal(who.maria, DROP, { id: third.id, sure: true })).toMatchObject({
      reason: 'HEARD_OF',
    });
  });

  test('excludes the payments of partners with a payout hold, at creation, approval and download', async () => {
    await company();
    const HOLD = 'mutation ($id: ID!) { holdPayouts(partnerId: $id, reason: "fraud?") { id } }';
    const RELEASE = 'mutation ($id: ID!) { releasePayouts(partnerId: $id, reason: "it was none") { id } }';
    const { partnerId, key } = await owed();
    await app.ask(who.tom, HOLD, { id: partnerId });
    expect(await app.refusal(who.maria, MAKE, { input: { currency: 'EUR' } })).toMatchObject({
      reason: 'NOTHING_WAITS',
    });
    expect((await app.ask(who.tom, '{ waitingBankPayments { count } }')).waitingBankPayments).toEqual([]);
    await app.ask(who.tom, RELEASE, { id: partnerId });
    const file = await make();
    await app.ask(who.tom, HOLD, { id: partnerId });
    expect(await app.refusal(who.tom, LET_GO, { id: file.id })).toMatchObject({ reason: 'KEPT_BACK' });
    await app.ask(who.tom, RELEASE, { id: partnerId });
    await letGo(file.id);
    await app.ask(who.tom, HOLD, { id: partnerId });
    expect(await app.refusal(who.tom, DOWNLOAD, { id: file.id })).toMatchObject({ reason: 'KEPT_BACK' });
    await app.ask(who.tom, RELEASE, { id: partnerId });
    expect((await download(file.id)).content).toContain(key);
  });

  test('excludes payments that cannot be written or whose account was removed, with the reason', async () => {
    await company();
    const nameless = await owed({ holderName: '山田太郎' });
    const removed = await owed();
    await rows('update payout_accounts set removed_at = now() where partner_id = $1', removed.partnerId);
    expect(await app.refusal(who.maria, MAKE, { input: { currency: 'EUR' } })).toMatchObject({
      reason: 'NOTHING_PAYABLE',
    });
    expect(await reaches(nameless.payoutId, 'FAILED')).toMatchObject({
      failureReason: expect.stringContaining('Latin letters'),
    });
    expect(await reaches(removed.payoutId, 'FAILED')).toMatchObject({
      failureReason: expect.stringContaining('removed or replaced'),
    });
  });

  test('writes names that look like formulas or markup as plain letters', async () => {
    const { text } = await handedOut(1, { holderName: '=cmd|"</Nm><Amt>9</Amt>\r\n' });
    expect(text).toContain("<Nm>cmd ' /Nm Amt 9 /Amt</Nm>".replaceAll("'", '&apos;'));
    expect(text.match(/<InstdAmt /g)).toHaveLength(1);
  });

  test('gives partners and other tenants no access to bank files', async () => {
    const { file, payments } = await handedOut();
    const [{ partnerId, key } = { partnerId: '', key: '' }] = payments;
    const partner = await app.token('PARTNER', { partner: partnerId, tenant: `bank-${tenants - 1}` });
    const elsewhere = (await staffOf(app, 'elsewhere')).maria;
    for (const [document, variables] of [
      [DOWNLOAD, { id: file }],
      [LET_GO, { id: file }],
      [DROP, { id: file }],
      [SETTLE, { id: file, debited: '20.00' }],
      ['query ($id: ID!) { bankFile(id: $id) { id } }', { id: file }],
    ] as const) {
      expect(await app.refusal(partner, document, variables), document).toMatchObject({ code: 'FORBIDDEN' });
      expect(await app.refusal(elsewhere, document, variables), document).toMatchObject({
        code: 'NOT_FOUND',
      });
    }
    const lists =
      '{ bankFiles { totalCount } bankPayments { totalCount } bankStatusImports { totalCount } waitingBankPayments { count } }';
    const nothing = { totalCount: 0 };
    expect(await app.ask(elsewhere, lists)).toEqual({
      ...{ bankFiles: nothing, bankPayments: nothing, bankStatusImports: nothing },
      waitingBankPayments: [],
    });
    expect(await app.refusal(partner, lists)).toMatchObject({ code: 'FORBIDDEN' });
    const { importBankStatus } = await app.ask(elsewhere, IMPORT, { content: booking(key, 'DBIT') });
    expect(importBankStatus.lines.edges).toMatchObject([{ node: { outcome: 'UNKNOWN', payment: null } }]);
    expect((await paymentOf(payments[0]?.payoutId ?? '')).status).toBe('IN_FILE');
  });
});

describe('the bank status', () => {
  test('fails the payout of a rejected payment with advice, and retries it under a new key', async () => {
    const { payments } = await handedOut();
    const [{ payoutId, key } = { payoutId: '', key: '' }] = payments;
    await told(report(key, 'RJCT', { code: 'AC04' }));
    expect((await reaches(payoutId, 'FAILED')).failureReason).toBe(
      'The account is closed. Set another payout account.',
    );
    expect(await app.refusal(who.tom, RETRY, { id: payoutId })).toMatchObject({ reason: 'TOLD_BY_YOU' });
    expect(await app.refusal(who.tom, CANCEL, { id: payoutId, reason: 'anew' })).toMatchObject({
      reason: 'TOLD_BY_YOU',
    });
    // Nor with the whole run that it is of.
    const [run] = await rows(
      `with made as (insert into payout_runs (id, tenant_id, as_of, created_by, partner_count, status, finished_at)
         select new_id(), tenant_id, now(), 'maria', 1, 'DONE', now() from payouts where id = $1 returning id)
       update payouts o set run_id = made.id from made where o.id = $1 returning made.id`,
      payoutId,
    );
    const cancelRun = 'mutation ($id: ID!) { cancelPayoutRun(id: $id, reason: "anew") { canceled } }';
    expect(await app.refusal(who.tom, cancelRun, { id: run.id })).toMatchObject({
      reason: 'NOTHING_TO_CANCEL',
    });
    await app.ask(who.maria, RETRY, { id: payoutId });
    const again = await until(async () => {
      const payment = await paymentOf(payoutId);
      return payment.reference !== key && payment;
    });
    expect(again).toMatchObject({ status: 'WAITING', code: null });
  });

  test('returns the payout of returned money, also when the return arrives before the payment status', async () => {
    const { payments } = await handedOut(2);
    const [late, early] = payments as [Owed, Owed];
    await told(report(late.key, 'ACSC'));
    await reaches(late.payoutId, 'PAID');
    await told(booking(late.key, 'CRDT', { code: 'AC06', version: '02' }));
    expect(await reaches(late.payoutId, 'RETURNED')).toMatchObject({
      failureReason: expect.stringContaining('blocked'),
    });
    await told(booking(early.key, 'CRDT', { code: 'MS03' }));
    await reaches(early.payoutId, 'RETURNED');
    const { lines } = await told(report(early.key, 'ACSC'));
    expect(lines).toMatchObject([{ outcome: 'REPEATED' }]);
    for (const { partnerId } of payments)
      expect(await balanceOf(app, who.tom, partnerId, 'EUR')).toMatchObject({
        payable: '20.00',
        paid: '0.00',
      });
  });

  test('counts a status file once when it is imported several times', async () => {
    const { payments } = await handedOut();
    const [{ payoutId, key } = { payoutId: '', key: '' }] = payments;
    const content = report(key, 'ACSC');
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => app.send(who.tom, IMPORT, { content })),
    );
    expect(tally(answers)).toEqual({ ok: 25 });
    expect(new Set(answers.map(({ data }) => data.importBankStatus.id)).size).toBe(1);
    await reaches(payoutId, 'PAID');
    const settled = await rows(
      'select 1 from postings where reference like $1',
      `payout:${payoutId}:%:settled`,
    );
    expect(settled).toHaveLength(1);
  });

  test.each([
    ['another amount', { amount: '20.01' }, 'the reported amount is 20.01 EUR'],
    ['another currency', { currency: 'CHF' }, 'the reported amount is 20.00 CHF'],
  ])('records a difference for a status with %s and pays nothing', async (_, more, words) => {
    const { payments } = await handedOut();
    const [{ payoutId, key } = { payoutId: '', key: '' }] = payments;
    expect((await told(report(key, 'ACSC', more))).lines).toMatchObject([
      { outcome: 'DIFFERENT', explanation: expect.stringContaining(words) },
    ]);
    expect(await paymentOf(payoutId)).toMatchObject({
      status: 'IN_FILE',
      difference: expect.stringContaining(words),
    });
    expect(await seen(payoutId)).toMatchObject({ status: 'PROCESSING' });
    await told(report(key, 'ACSC'));
    await reaches(payoutId, 'PAID');
  });

  test('ignores a status of a payment that was not downloaded or has a final status', async () => {
    await company();
    const { key, payoutId } = await owed();
    const early = await owed();
    expect((await told(report(early.key, 'ACSC'))).lines).toMatchObject([{ outcome: 'DIFFERENT' }]);
    expect((await seen(early.payoutId)).status).toBe('PROCESSING');
    const { id, paymentCount } = await make();
    expect(paymentCount).toBe(1); // without what the bank has already spoken of
    await letGo(id);
    await download(id);
    await told(report(key, 'RJCT', { code: 'AM04' }));
    await reaches(payoutId, 'FAILED');
    expect((await told(booking(key, 'DBIT'))).lines).toMatchObject([
      { outcome: 'DIFFERENT', explanation: expect.stringContaining('the payment is REJECTED') },
    ]);
    expect((await seen(payoutId)).status).toBe('FAILED');
    for (const by of [who.maria, who.tom])
      expect(await app.refusal(by, RETRY, { id: payoutId })).toMatchObject({ reason: 'BANK_DIFFERS' });
    const stale = await app.token('FINANCE', {
      ...{ tenant: `bank-${tenants - 1}`, user: 'tom' },
      signedInAt: new Date(Date.now() - 3_600_000),
    });
    const content = report(key, 'ACSC');
    expect(await app.refusal(stale, IMPORT, { content })).toMatchObject({ reason: 'STEP_UP_REQUIRED' });
    const input = { outcome: 'NOT_SENT', evidence: 'the bank took its word back' };
    await say(who.maria, payoutId, input);
    await say(who.tom, payoutId, input);
    await app.ask(who.maria, RETRY, { id: payoutId });
  });

  test('keeps a withdrawn payment that the bank paid out of every file, alerts staff, and lets two people settle it', async () => {
    const { file, payments } = await handedOut();
    const [{ payoutId, partnerId, key } = { payoutId: '', partnerId: '', key: '' }] = payments;
    await app.ask(who.maria, DROP, { id: file, sure: true });
    const early = await make(); // before the bank was heard
    expect((await told(booking(key, 'DBIT'))).lines).toMatchObject([{ outcome: 'DIFFERENT' }]);
    expect(app.logged).toContainEqual(
      expect.objectContaining({ level: 50, msg: expect.stringContaining('contradicts our records') }),
    );
    expect(await app.refusal(who.tom, LET_GO, { id: early.id })).toMatchObject({ reason: 'KEPT_BACK' });
    await app.ask(who.maria, DROP, { id: early.id });
    expect(await app.refusal(who.maria, MAKE, { input: { currency: 'EUR' } })).toMatchObject({
      reason: 'NOTHING_WAITS',
    });
    const input = { outcome: 'PAID', reference: 'statement 12', evidence: 'the statement of the bank' };
    await say(who.maria, payoutId, input);
    expect((await seen(payoutId)).status).toBe('PROCESSING');
    await say(who.tom, payoutId, input);
    expect((await seen(payoutId)).status).toBe('PAID');
    expect(await paymentOf(payoutId)).toMatchObject({ status: 'PAID', difference: null });
    expect(await balanceOf(app, who.tom, partnerId, 'EUR')).toMatchObject({ paid: '20.00' });
  });

  test('pays a failed payout that the bank paid after its rejection once two people confirm it', async () => {
    const { payments } = await handedOut();
    const [{ payoutId, partnerId, key } = { payoutId: '', partnerId: '', key: '' }] = payments;
    await told(report(key, 'RJCT', { code: 'AM04' }));
    await reaches(payoutId, 'FAILED');
    await told(booking(key, 'DBIT'));
    const input = { outcome: 'PAID', reference: 'statement 14', evidence: 'the statement of the bank' };
    await say(who.maria, payoutId, input);
    expect((await seen(payoutId)).status).toBe('FAILED');
    await say(who.tom, payoutId, input);
    expect(await seen(payoutId)).toMatchObject({ status: 'PAID', attempts: 2 });
    expect(await balanceOf(app, who.tom, partnerId, 'EUR')).toMatchObject({
      ...{ paid: '20.00', inTransit: '0.00', payable: '0.00' },
    });
  });

  test('lets two people withdraw a waiting payment without a bank status', async () => {
    await company();
    const { payoutId, partnerId } = await owed();
    const paid = { outcome: 'PAID', reference: 'none', evidence: 'none' };
    expect(await app.refusal(who.maria, SAY, { id: payoutId, input: paid })).toMatchObject({
      code: 'CONFLICT',
    });
    const input = { outcome: 'NOT_SENT', evidence: 'the partner was a fraud' };
    await say(who.maria, payoutId, input);
    expect((await paymentOf(payoutId)).status).toBe('WAITING');
    await say(who.tom, payoutId, input);
    expect((await paymentOf(payoutId)).status).toBe('REJECTED');
    expect((await seen(payoutId)).status).toBe('FAILED');
    await app.ask(who.maria, CANCEL, { id: payoutId, reason: 'fraud' });
    expect(await balanceOf(app, who.tom, partnerId, 'EUR')).toMatchObject({
      payable: '20.00',
      inTransit: '0.00',
    });
  });

  test('accepts a total status of a file without its rejected payments', async () => {
    const { file, payments } = await handedOut(2);
    const [rejected, paid] = payments as [Owed, Owed];
    await told(report(rejected.key, 'RJCT', { code: 'AC04' }));
    await reaches(rejected.payoutId, 'FAILED');
    expect((await told(sumOf(file, '20.00'))).lines).toMatchObject([{ word: 'PAID', outcome: 'APPLIED' }]);
    await reaches(paid.payoutId, 'PAID');
    expect((await seen(rejected.payoutId)).status).toBe('FAILED');
  });

  test('lets two people settle each payment of a file when its total status differs', async () => {
    const { file, payments } = await handedOut(2);
    expect((await told(sumOf(file, '39.00'))).lines).toMatchObject([
      { outcome: 'DIFFERENT' },
      { outcome: 'DIFFERENT' },
    ]);
    const [{ payoutId } = { payoutId: '' }] = payments;
    const input = { outcome: 'PAID', reference: 'statement 13', evidence: 'the list of the bank' };
    await say(who.maria, payoutId, input);
    await say(who.tom, payoutId, input);
    expect((await seen(payoutId)).status).toBe('PAID');
  });

  test('applies the status of a batch to all payments that the report does not name', async () => {
    const { file, payments } = await handedOut(4);
    const [first = { key: '' }] = payments;
    const id = file.replaceAll('-', '');
    const { lines } =
      await told(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
      <OrgnlGrpInfAndSts><OrgnlMsgId>${id}</OrgnlMsgId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts>
      <OrgnlPmtInfAndSts><OrgnlPmtInfId>${id}-1</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts>
      <TxInfAndSts><OrgnlEndToEndId>${first.key}</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC01</Cd></Rsn></StsRsnInf></TxInfAndSts>
      </OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`);
    expect(lines.map(({ word, code }: { word: string; code: string }) => `${word} ${code}`).sort()).toEqual([
      'REJECTED AC01',
      ...['REJECTED null', 'REJECTED null', 'REJECTED null'],
    ]);
    for (const { payoutId } of payments) await reaches(payoutId, 'FAILED');
  });

  test('pays a whole batch without its one rejected payment', async () => {
    const { file, payments } = await handedOut(3);
    const [first = { key: '', payoutId: '' }, ...others] = payments;
    const id = file.replaceAll('-', '');
    await told(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
      <OrgnlGrpInfAndSts><OrgnlMsgId>${id}</OrgnlMsgId></OrgnlGrpInfAndSts>
      <OrgnlPmtInfAndSts><OrgnlPmtInfId>${id}-1</OrgnlPmtInfId><PmtInfSts>ACSC</PmtInfSts>
      <TxInfAndSts><OrgnlEndToEndId>${first.key}</OrgnlEndToEndId><TxSts>RJCT</TxSts></TxInfAndSts>
      </OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`);
    await reaches(first.payoutId, 'FAILED');
    for (const { payoutId } of others) await reaches(payoutId, 'PAID');
  });

  /** A pain.002 about a file. */
  const statusOf = (group: string, ...batches: string[]) =>
    `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><!-- ${randomUUID()} -->
     <OrgnlGrpInfAndSts>${group}</OrgnlGrpInfAndSts>${batches
       .map((batch) => `<OrgnlPmtInfAndSts>${batch}</OrgnlPmtInfAndSts>`)
       .join('')}</CstmrPmtStsRpt></Document>`;
  const byWord = (lines: readonly { word: string }[]) => lines.toSorted((a, b) => (a.word < b.word ? -1 : 1));
  const statusesOf = async (payments: readonly Owed[]) => {
    const all = [];
    for (const { payoutId } of payments) all.push((await paymentOf(payoutId)).status);
    return all;
  };
  const messageId = (id: string) => `<OrgnlMsgId>${id}</OrgnlMsgId>`;
  const batchId = (id: string) => `<OrgnlPmtInfId>${id}</OrgnlPmtInfId>`;
  const wide = '<PmtInfSts>ACSC</PmtInfSts>';
  const one = (ids: string) =>
    `<TxInfAndSts><StsId>1</StsId>${ids}<TxSts>RJCT</TxSts><StsRsnInf><AddtlInf>closed</AddtlInf></StsRsnInf>
     <StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts>`;

  test.each([
    ['without an id', '', 'NOTPROVIDED'],
    ['NOTPROVIDED', '<OrgnlEndToEndId>NOTPROVIDED</OrgnlEndToEndId>', 'NOTPROVIDED'],
    ['of an id of the bank', '<OrgnlEndToEndId>BANK-1</OrgnlEndToEndId>', 'bank-1'],
    ['of an unknown key', `<OrgnlEndToEndId>${'0'.repeat(32)}</OrgnlEndToEndId>`, '0'.repeat(32)],
  ])('pays no payment of a batch in which it rejects a payment %s', async (_, ids, reference) => {
    const { file, payments } = await handedOut(2);
    const id = file.replaceAll('-', '');
    const rejected = {
      ...{ word: 'REJECTED', code: 'AC04', outcome: 'DIFFERENT', payment: null, reference },
      explanation: expect.stringContaining('for a payment that it does not identify'),
    };
    for (const content of [
      statusOf(messageId(id), batchId(`${id}-1`) + wide + one(ids)),
      statusOf(messageId(id), wide + one(ids)),
      statusOf('', batchId(`${id}-1`) + wide + one(ids)),
      statusOf(`${messageId(id)}<GrpSts>ACSC</GrpSts>`, batchId(`${id}-1`) + one(ids)),
      statusOf(`${messageId(id)}<GrpSts>ACSC</GrpSts>`, one(ids)),
    ]) {
      expect((await told(content)).lines).toEqual([expect.objectContaining(rejected)]);
      expect(await statusesOf(payments)).toEqual(['IN_FILE', 'IN_FILE']);
    }
    await told(statusOf(messageId(id), batchId(`${id}-1`) + wide.replace('ACSC', 'RJCT') + one(ids)));
    expect(await statusesOf(payments)).toEqual(['REJECTED', 'REJECTED']);
  });

  test.each([
    ['its instruction id alone', (key: string) => `<OrgnlInstrId>${key}</OrgnlInstrId>`],
    [
      'its instruction id beside NOTPROVIDED',
      (key: string) => `<OrgnlInstrId>${key}</OrgnlInstrId><OrgnlEndToEndId>NOTPROVIDED</OrgnlEndToEndId>`,
    ],
    [
      'its key as a UUID',
      (key: string) =>
        `<OrgnlEndToEndId>${key.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}</OrgnlEndToEndId>`,
    ],
  ])('rejects a payment by %s and pays the rest of its batch', async (_, ids) => {
    const { file, payments } = await handedOut(2);
    const id = file.replaceAll('-', '');
    const { lines } = await told(
      statusOf(messageId(id), batchId(`${id}-1`) + wide + one(ids(payments[0]?.key ?? ''))),
    );
    expect(byWord(lines)).toMatchObject([
      { word: 'PAID', outcome: 'APPLIED' },
      { word: 'REJECTED', code: 'AC04', outcome: 'APPLIED' },
    ]);
    expect(await statusesOf(payments)).toEqual(['REJECTED', 'PAID']);
  });

  test('pays no unnamed payment of a batch that the bank paid in part', async () => {
    const { file, payments } = await handedOut(2);
    const id = file.replaceAll('-', '');
    const part = '<PmtInfSts>PART</PmtInfSts>';
    const ids = `<OrgnlEndToEndId>${payments[0]?.key}</OrgnlEndToEndId>`;
    const paid = '<GrpSts>ACSC</GrpSts>';
    await told(statusOf(messageId(id) + paid, batchId(`${id}-1`) + part + one(ids)));
    expect(await statusesOf(payments)).toEqual(['REJECTED', 'IN_FILE']);
    await told(statusOf(messageId(id) + paid, part + one(ids)));
    expect(await statusesOf(payments)).toEqual(['REJECTED', 'IN_FILE']);
  });

  test.each([
    ['no message id', ''],
    ['NOTPROVIDED', messageId('NOTPROVIDED')],
  ])('rejects a whole file that %s and the id of its batch name', async (_, group) => {
    const { file, payments } = await handedOut(2);
    const id = file.replaceAll('-', '');
    await told(statusOf(`${group}<GrpSts>RJCT</GrpSts>`, batchId(`${id}-1`)));
    expect(await statusesOf(payments)).toEqual(['REJECTED', 'REJECTED']);
  });

  test('rejects a whole file beside a batch of another file', async () => {
    const { file, payments } = await handedOut(2);
    const other = `${randomUUID().replaceAll('-', '')}-1`;
    const { lines } = await told(
      statusOf(`${messageId(file.replaceAll('-', ''))}<GrpSts>RJCT</GrpSts>`, batchId(other) + wide),
    );
    expect(byWord(lines)).toMatchObject([
      { reference: other, word: 'PAID', outcome: 'UNKNOWN' },
      { word: 'REJECTED', outcome: 'APPLIED' },
      { word: 'REJECTED', outcome: 'APPLIED' },
    ]);
    expect(await statusesOf(payments)).toEqual(['REJECTED', 'REJECTED']);
  });

  test('returns a paid payout whose booking is a return by its code, and lists a credit of another kind as a difference', async () => {
    const { payments } = await handedOut(2);
    const [one = { key: '', payoutId: '' }, other = { key: '', payoutId: '' }] = payments;
    for (const { key, payoutId } of payments) {
      await told(booking(key, 'DBIT'));
      await reaches(payoutId, 'PAID');
    }
    const code = (sub: string) =>
      `<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>${sub}</SubFmlyCd></Fmly></Domn></BkTxCd>`;
    const coded = (key: string, sub: string) =>
      booking(key, 'CRDT').replace('<NtryDtls>', `${code(sub)}<NtryDtls>`);
    expect((await told(coded(one.key, 'RRTN'))).lines).toMatchObject([
      { word: 'RETURNED', outcome: 'APPLIED' },
    ]);
    await reaches(one.payoutId, 'RETURNED');
    expect((await told(coded(other.key, 'OTHR'))).lines).toMatchObject([
      {
        ...{ word: 'UNCLEAR', code: 'OTHR', outcome: 'DIFFERENT' },
        explanation: expect.stringContaining('booked an amount with the reference of the payment'),
      },
    ]);
    expect(await seen(other.payoutId)).toMatchObject({ status: 'PAID' });
    expect((await told(coded(randomUUID(), 'OTHR'))).lines).toEqual([]); // a customer's payment
  });

  test('lists a credit that names a paid payment only in a text as a difference, and a foreign credit not at all', async () => {
    const { payments } = await handedOut(2);
    const [one = { key: '', payoutId: '' }, other = { key: '', payoutId: '' }] = payments;
    for (const { key, payoutId } of payments) {
      await told(booking(key, 'DBIT'));
      await reaches(payoutId, 'PAID');
    }
    const text = (words: string, id = 'NOTPROVIDED', more = {}) =>
      booking(id, 'CRDT', more).replace('</TxDtls>', `<RmtInf><Ustrd>${words}</Ustrd></RmtInf></TxDtls>`);
    const unclear = { word: 'UNCLEAR', outcome: 'DIFFERENT' };
    expect((await told(text(`EREF+${one.key}KREF+X`))).lines).toMatchObject([unclear]);
    expect((await told(text(one.key, 'X'))).lines).toMatchObject([unclear]);
    expect((await told(text(`EREF+${one.key}+${other.key}`))).lines).toMatchObject([unclear, unclear]);
    const foreign = randomUUID();
    for (const content of [text(foreign), text(`EREF+${foreign}KREF`), text(foreign, 'X')])
      expect((await told(content)).lines).toEqual([]);
    expect(await seen(one.payoutId)).toMatchObject({ status: 'PAID' });
    expect((await told(text(`A${one.key}E`, 'X', { code: 'AC04' }))).lines).toMatchObject([
      { word: 'RETURNED', outcome: 'APPLIED' },
    ]);
    await reaches(one.payoutId, 'RETURNED');
  });

  test('lists statuses of unknown payments, and refuses a file that is not a status file', async () => {
    await company();
    expect((await told(booking('INVOICE 4711', 'DBIT'))).lines).toMatchObject([
      { reference: 'invoice 4711', outcome: 'UNKNOWN', payment: null },
    ]);
    for (const content of [
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
      '<Document><CstmrPmtStsRpt>',
      'paid',
      '',
    ])
      expect(await app.refusal(who.tom, IMPORT, { content })).toMatchObject({
        code: 'BAD_USER_INPUT',
        field: 'content',
      });
  });
});

describe('a status file of megabytes', () => {
  const upload = async (payload: string | Buffer, token: string | null = who.tom) => {
    const answer = await app.app.server.inject({
      ...{ method: 'POST', url: '/bank-status', payload },
      headers: { 'content-type': 'application/xml', ...(token && { authorization: `Bearer ${token}` }) },
    });
    const { errors, ...body } = answer.json();
    return { status: answer.statusCode, ...body, ...errors?.[0]?.extensions };
  };

  test('imports a large status file once, with an audit entry', async () => {
    const { payments } = await handedOut();
    const [{ payoutId, key } = { payoutId: '', key: '' }] = payments;
    const content = report(key, 'ACSC').replace('<!-- ', `<!-- ${'x'.repeat(2_000_000)} `);
    const first = await upload(content);
    expect(first).toEqual({ status: 200, id: expect.any(String) });
    expect(await upload(content)).toEqual(first);
    await reaches(payoutId, 'PAID');
    expect(
      await rows(
        "select actor_id from audit_events where action = 'bankStatus.imported' and subject_id = $1",
        first.id,
      ),
    ).toEqual([{ actor_id: 'tom' }, { actor_id: 'tom' }]);
  });

  test('serves other requests while it imports forty-two thousand payments', { tags: ['slow'] }, async () => {
    await company();
    const payments = Array.from(
      { length: 42_000 },
      (_, n) =>
        `<TxInfAndSts><OrgnlEndToEndId>${n.toString(16).padStart(32, '0')}</OrgnlEndToEndId><TxSts>ACSC</TxSts><OrgnlTxRef><Amt><InstdAmt Ccy="EUR">1.00</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>`,
    );
    const content = `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
      <OrgnlGrpInfAndSts><OrgnlMsgId>x</OrgnlMsgId></OrgnlGrpInfAndSts>
      <OrgnlPmtInfAndSts>${payments.join('')}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`;
    // Processor time of this thread between two ticks, because the waiting time also counts what other processes do.
    let longest = 0;
    let last = process.threadCpuUsage();
    const ticks = setInterval(() => {
      const { user, system } = process.threadCpuUsage(last);
      longest = Math.max(longest, (user + system) / 1_000);
      last = process.threadCpuUsage();
    }, 5);
    const { status, id } = await upload(content);
    clearInterval(ticks);
    expect(status).toBe(200);
    const [lines] = await rows(
      `select count(*)::int as count, count(distinct reference)::int as payments from bank_status_lines where import_id = $1`,
      id,
    );
    expect(lines).toEqual({ count: payments.length, payments: payments.length });
    expect(longest).toBeLessThan(250);
  });

  test('refuses an upload without the permission to import, or above eight megabytes', async () => {
    await company();
    const tenant = `bank-${tenants - 1}`;
    const signedInAt = new Date(Date.now() - 3_600_000);
    const stale = await app.token('FINANCE', { tenant, user: 'tom', signedInAt });
    expect(await upload('<a/>', null)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect(await upload('<a/>', who.analyst)).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    expect(await upload('<a/>', stale)).toMatchObject({ status: 403, reason: 'STEP_UP_REQUIRED' });
    expect(await upload('<a/>')).toMatchObject({ status: 400, code: 'BAD_USER_INPUT', field: 'content' });
    expect(await upload(Buffer.from([0xff, 0xfe, 0x41]))).toMatchObject({ status: 400, field: 'content' });
    expect(await upload('x'.repeat(8 * 1024 * 1024 + 1))).toMatchObject({ status: 413 });
  });
});

describe('dollars', () => {
  test('pays dollars by NACHA when the bank debits the total, and finds returns by their trace number', async () => {
    const { file, text, payments } = await handedOut(2, american);
    const [returned, paid] = payments as [Owed, Owed];
    const entries = text.split('\r\n').filter((line) => line[0] === '6');
    expect(entries).toHaveLength(2);
    expect(text.split('\r\n').every((line) => line === '' || line.length === 94)).toBe(true);
    const entry = entries.find((line) => line.includes(returned.key.slice(-15).toUpperCase())) ?? '';
    const trace = entry.slice(79);
    const back = (addenda: string) =>
      ['101 ', `5220${' '.repeat(46)}PPD`, entry, addenda.padEnd(94), '8220', '9']
        .map((line) => line.padEnd(94))
        .join('\n');

    expect((await told(back(`798C01${trace}      23138010987654321`))).lines).toMatchObject([
      { outcome: 'NOTED', code: 'C01', explanation: expect.stringContaining('the account number') },
    ]);
    expect(await paymentOf(returned.payoutId)).toMatchObject({
      status: 'IN_FILE',
      correction: expect.stringContaining('the account number'),
    });
    expect(await holding(app.database.pool, '987654321')).toEqual([]);
    expect((await told(back(`799R03${trace}      23138010`))).lines).toMatchObject([
      { outcome: 'APPLIED', word: 'RETURNED', code: 'R03' },
    ]);
    await reaches(returned.payoutId, 'RETURNED');

    expect(await app.refusal(who.tom, SETTLE, { id: file, debited: '39.99' })).toMatchObject({
      field: 'debited',
    });
    expect(await app.refusal(who.tom, SETTLE, { id: file, debited: '40.00' })).toMatchObject({
      reason: 'DAY_TO_COME',
    });
    await rows('alter table bank_files disable trigger may_change');
    await rows('update bank_files set execute_on = current_date where id = $1', file);
    await rows('alter table bank_files enable trigger may_change');
    await app.ask(who.tom, SETTLE, { id: file, debited: '40.00' });
    await reaches(paid.payoutId, 'PAID');
    expect((await seen(returned.payoutId)).status).toBe('RETURNED');
  });

  test('credits a savings account as such, and says when the bank asks for the other type', async () => {
    await company();
    const payments = [await owed({ ...american, accountType: 'SAVINGS' }), await owed(american)];
    const { id } = await make('USD');
    await letGo(id);
    const entries = (await download(id)).content.split('\r\n').filter((line: string) => line[0] === '6');
    const codes = payments.map(({ key }) =>
      entries.find((line: string) => line.includes(key.slice(-15).toUpperCase()))?.slice(0, 3),
    );
    expect(codes).toEqual(['632', '622']);
    const [entry = ''] = entries;
    const back = ['101 ', '5220', entry, `798C05${entry.slice(79)}      2313801032`, '8220', '9'];
    expect((await told(back.map((line) => line.padEnd(94)).join('\n'))).lines).toMatchObject([
      { outcome: 'NOTED', code: 'C05', explanation: expect.stringContaining('the type is SAVINGS') },
    ]);
  });

  test('fails a payment at once when its account cannot be written to the file', async () => {
    await company();
    const input = anAccount({ partnerId: '', currency: 'USD' });
    const { id: partnerId } = await newPartner(app, who.manager, { payoutMethod: 'BANK_TRANSFER' });
    await app.ask(who.maria, SET_PAYOUT_ACCOUNT, { input: { ...input, partnerId } });
    await rows('update payout_accounts set usable_from = now() where partner_id = $1', partnerId);
    await earned(app, who, partnerId);
    const { createPayout } = await app.ask(who.maria, CREATE, { input: { partnerId, ...january } });
    await app.ask(who.tom, APPROVE, { id: createPayout.id });
    expect(await reaches(createPayout.id, 'FAILED')).toMatchObject({
      failureReason: expect.stringContaining('A bank transfer to the payout account is not possible'),
    });
  });
});
