import { randomUUID } from 'node:crypto';
import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  CONVERT,
  CREATE_COMMISSION,
  INVITE,
  linesOf,
  type MadePartner,
  makeClick,
  makePartner,
  staffOf,
} from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: MadePartner;
let domain: string;
let tenant: string;
beforeAll(async () => {
  app = await createTestApp();
});
beforeEach(async () => {
  tenant = `s${randomUUID().slice(0, 8)}`;
  staff = await staffOf(app, tenant);
  domain = `${randomUUID().slice(0, 8)}.example`;
  partner = await makePartner(app, staff.manager, { email: `jo@${domain}` });
});
afterAll(() => app.close());

const SALE = `mutation ($input: RecordSaleInput!) { recordSale(input: $input) { commissions { id } refused { reason } } }`;
const RECORD = `mutation ($input: RecordConversionInput!) { recordConversion(input: $input) { commissions { id } partner { id } } }`;
const PREVIEW = `query ($input: CreateCommissionInput!) { previewCommission(input: $input) { refused amount { amount } } }`;
const UPDATE = `mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { email } }`;

const input = (customerId: string, more: object = {}) => ({
  ...{ partnerId: partner.id, type: 'ONE_TIME', amount: '100.00', customerId },
  ...more,
});
const refused = { code: 'CONFLICT', reason: 'SELF_REFERRAL' };

/** Each path that makes a commission, for a buyer with this id and address. Returns the number of commissions. */
const paths = {
  async createCommission(customerId: string) {
    const { errors } = await app.send(staff.manager, CREATE_COMMISSION, { input: input(customerId) });
    if (errors) expect(errors[0]?.extensions).toMatchObject(refused);
  },
  async recordSale(customerId: string) {
    const sale = { partnerId: partner.id, orderId: randomUUID(), customerId, lines: [{ amount: '100.00' }] };
    await app.ask(staff.manager, SALE, { input: sale });
  },
  async convertReferral(customerId: string, customerEmail?: string) {
    const id = await makeClick(app, partner.referralCode);
    await app.ask(staff.manager, CONVERT, { id, input: { customerId, amount: '100.00', customerEmail } });
  },
  async recordConversion(customerId: string, customerEmail?: string) {
    const clickId = await makeClick(app, partner.referralCode);
    await app.ask(staff.manager, RECORD, { input: { clickId, customerId, amount: '100.00', customerEmail } });
  },
};
type Path = keyof typeof paths;
const all = Object.keys(paths) as Path[];
const withAddress = ['convertReferral', 'recordConversion'] as const;

describe('a partner earns nothing by a purchase of its own:', () => {
  test.each(all)('by %s for its own id', async (path) => {
    await paths[path](partner.id);
    expect(await linesOf(app, partner.id)).toEqual([]);
    await paths[path](partner.id.toUpperCase());
    expect(await linesOf(app, partner.id)).toEqual([]);
    await paths[path]('another');
    expect(await linesOf(app, partner.id)).toHaveLength(1);
  });

  test.each(all)('by %s for a customer whose id is its mailbox', async (path) => {
    await paths[path](` Jo+shop@${domain.toUpperCase()}`.trim());
    expect(await linesOf(app, partner.id)).toEqual([]);
  });

  test.each(all)('by %s for a customer whose id has its mailbox in it, in any notation', async (path) => {
    const mailbox = `jo@${domain}`;
    for (const id of [
      ...[
        `${mailbox}.`,
        `Jo <${mailbox}>`,
        `"${mailbox}"`,
        `'${mailbox}'`,
        `${mailbox};`,
        `mailto:${mailbox}`,
      ],
      ...[
        `jo%40${domain}`,
        `jo%2540${domain}`,
        `jo%2Bshop%40${domain}`,
        `%6Ao@${domain}%FF`,
        `jo＠${domain}`,
      ],
      ...[`https://shop.test/u?mail=jo%40${domain}&x=1`, `https://shop.test/u/${mailbox}/`, `"jo"@${domain}`],
      `jo%E2%80%8B%40${domain}`,
    ])
      await paths[path](id);
    expect(await linesOf(app, partner.id)).toEqual([]);
  });

  test.each(all)('by %s for its own id or referral code, in any notation', async (path) => {
    const { id, referralCode } = partner;
    for (const own of [
      ...[
        `https://shop.test/partners/${id}`,
        `https://shop.test/partners/${id}?a=b`,
        `urn:uuid:${id}`,
        `{${id}}`,
      ],
      ...[id.replaceAll('-', ''), id.replaceAll('-', '%2D')],
      ...[referralCode, referralCode.toLowerCase(), `"${referralCode}"`, `/r/${referralCode}`],
      `https://shop.test/?ref=${referralCode}&x=1`,
    ])
      await paths[path](own);
    expect(await linesOf(app, partner.id)).toEqual([]);
    await paths[path](`${referralCode}-17`);
    await paths[path](`${id}/17`);
    await paths[path](`customer of ${id}`);
    expect(await linesOf(app, partner.id)).toHaveLength(3);
  });

  test.each(all)('by %s for a customer whose id is an address of its international domain', async (path) => {
    partner = await makePartner(app, staff.manager, { email: `jo@mü-${domain}` });
    await paths[path](`jo@mü-${domain}`);
    await paths[path](`bo@MÜ-${domain}`);
    await paths[path](`jo%40m%C3%BC-${domain}`);
    expect(await linesOf(app, partner.id)).toEqual([]);
  });

  test.each(all)('by %s for a customer who is known by its mailbox', async (path) => {
    const other = await makePartner(app, staff.manager, { email: 'other@elsewhere.example' });
    const id = await makeClick(app, other.referralCode);
    await app.ask(staff.manager, CONVERT, {
      id,
      input: { customerId: 'known', amount: '1.00', customerEmail: `jo@${domain}` },
    });
    await paths[path]('known');
    expect(await linesOf(app, partner.id)).toEqual([]);
  });

  test.each(withAddress)(
    'by %s from an earlier address of the partner, also after the change back',
    async (path) => {
      const change = (email: string) => app.ask(staff.manager, UPDATE, { id: partner.id, input: { email } });
      await change('cover@another.example');
      await paths[path]('first', `jo@${domain}`);
      await change('once-more@a-third.example');
      await change(`jo@${domain}`);
      await paths[path]('second', 'cover@another.example');
      await paths[path]('third', 'once-more+x@a-third.example');
      expect(await linesOf(app, partner.id)).toEqual([]);
    },
  );

  test.each(withAddress)('by %s from the address of a member, invited, active or removed', async (path) => {
    const { inviteMember } = await app.ask(await app.token('PLATFORM_ADMIN', { tenant }), INVITE, {
      partnerId: partner.id,
      input: { email: 'mia@private.example', name: 'Mia', role: 'OWNER' },
    });
    await paths[path]('first', 'mia@private.example');
    await app.database.pool.query("update members set status = 'REMOVED', removed_at = now() where id = $1", [
      inviteMember.id,
    ]);
    await paths[path]('second', 'Mia+1@private.example');
    await paths[path](inviteMember.id);
    expect(await linesOf(app, partner.id)).toEqual([]);
  });

  test.each(withAddress)('by %s from an address of its company, or of a part of it', async (path) => {
    await paths[path]('first', `buying@${domain}`);
    await paths[path]('second', `buying@eu.${domain}`);
    expect(await linesOf(app, partner.id)).toEqual([]);
  });

  test('by a deal on its own domain', async () => {
    await app.ask(
      staff.manager,
      'mutation ($input: RegisterDealInput!) { registerDeal(input: $input) { id } }',
      {
        input: { partnerId: partner.id, company: 'Own', domain },
      },
    );
    const sale = { customerId: 'buyer', customerEmail: `buying@${domain}`, amount: '100.00' };
    const { recordConversion } = await app.ask(staff.manager, RECORD, { input: sale });
    expect(recordConversion).toEqual({ commissions: [], partner: { id: partner.id } });
  });

  test('also in a preview', async () => {
    const { previewCommission } = await app.ask(staff.manager, PREVIEW, { input: input(partner.id) });
    expect(previewCommission).toEqual({ refused: 'SELF_REFERRAL', amount: { amount: '0.00' } });
  });

  test('also past the application', async () => {
    const { createCommission } = await app.ask(staff.manager, CREATE_COMMISSION, { input: input('another') });
    await app.database.pool.query('update customers set email = $2 where id = $1', [
      createCommission.customer.id,
      `jo@${domain}`,
    ]);
    await expect(
      app.database.pool.query(
        `insert into commissions select (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid()))).* from commissions c where id = $1`,
        [createCommission.id],
      ),
    ).rejects.toThrow('A partner earns no commission on its own purchases.');
  });
});

test('an own purchase is the reason also where the rule of the sale pays no more', async () => {
  await app.ask(
    staff.manager,
    'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }',
    {
      input: {
        ...{ name: 'rule', partnerId: partner.id, effectiveAt: '2026-01-01', method: 'PERCENTAGE', rate: 20 },
        ...{ currency: 'USD', cap: { amount: '20', per: 'PARTNER', period: 'MONTH' } },
      },
    },
  );
  const reasonFor = async (customerId: string) =>
    (await app.send(staff.manager, CREATE_COMMISSION, { input: input(customerId) })).errors?.[0]
      ?.extensions?.['reason'];
  expect(await reasonFor('another')).toBeUndefined();
  expect(await reasonFor('another')).toBe('CAP_REACHED');
  expect(await reasonFor(`jo@${domain}`)).toBe('SELF_REFERRAL');
});

test('the database writes an international domain like the system of names', async () => {
  const letter = fc.constantFrom(...'abz09-üßÉœñ中文한ёяش۴अ😀𐐀');
  const label = fc.array(letter, { minLength: 1, maxLength: 12 }).map((letters) => `a${letters.join('')}z`);
  const domains = fc
    .sample(
      fc.tuple(label, fc.constantFrom('.', '。', '．'), label).map((parts) => parts.join('')),
      400,
    )
    .filter((name) => domainToASCII(name) !== '');
  const { rows } = await app.database.pool.query<{ name: string; ascii: string }>(
    'select name, ascii_domain(name) as ascii from unnest($1::text[]) name',
    [domains],
  );
  expect(rows.filter(({ name, ascii }) => ascii !== domainToASCII(name))).toEqual([]);
  expect(rows.length).toBeGreaterThan(100);
});

describe('a partner earns by a purchase of another person', () => {
  test('of the same free mail service', async () => {
    const other = await makePartner(app, staff.manager, { email: 'jo.doe@gmail.com' });
    const id = await makeClick(app, other.referralCode);
    const sale = { customerId: 'buyer', amount: '100.00', customerEmail: 'someone.else@gmail.com' };
    await app.ask(staff.manager, CONVERT, { id, input: sale });
    expect(await linesOf(app, other.id)).toHaveLength(1);
  });

  test('whom the program allows', async () => {
    await app.ask(
      staff.manager,
      'mutation ($input: FraudListEntryInput!) { addFraudListEntry(input: $input, reason: "a department") { id } }',
      { input: { list: 'ALLOWED_CUSTOMER', domain } },
    );
    await paths.convertReferral('first', `buying@${domain}`);
    expect(await linesOf(app, partner.id)).toHaveLength(1);
  });

  test('of its company, when the program reviews such sales', async () => {
    await app.ask(
      staff.manager,
      'mutation ($input: UpdateFraudSettingsInput!) { updateFraudSettings(input: $input) { threshold } }',
      { input: { rules: [{ rule: 'SAME_COMPANY_DOMAIN', mode: 'HOLD' }] } },
    );
    await paths.convertReferral('first', `buying@${domain}`);
    expect(await linesOf(app, partner.id)).toMatchObject([{ status: 'HELD' }]);
  });
});
