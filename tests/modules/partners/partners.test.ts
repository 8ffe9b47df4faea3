import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  aPartner,
  makeApproved,
  makeCommission,
  makePartner,
  REJECT,
  staffOf,
  unknownId,
} from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
});
afterAll(() => app.close());

const FIELDS = `id tenantId partnerType status tier companyName contactName email referralCode commissionRate currency
  payoutFrequency payoutMethod contractStartDate metadata deletedAt createdAt updatedAt`;
const CONFIGS = `
  resellerConfig { managesCustomers managesBilling pricingAuthority countries products minimumOrder { amount currency } creditLimit { amount } }
  affiliateConfig { cookieDays firstPurchaseOnly recurringMonths minimumPurchase { amount currency } }
  whiteLabelConfig { brandName logoUrl faviconUrl primaryColor secondaryColor accentColor domain hideFinACEverseBranding }`;
const CREATE = `mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { ${FIELDS} ${CONFIGS} } }`;
const UPDATE = `mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { ${FIELDS} ${CONFIGS} } }`;
const DELETE = 'mutation ($id: ID!) { deletePartner(id: $id) { id status deletedAt } }';
const PARTNER = `query ($id: ID!) { partner(id: $id) { ${FIELDS} ${CONFIGS} } }`;
const LIST = `query ($filter: PartnerFilter, $first: Int, $after: String) { partners(filter: $filter, first: $first, after: $after) {
  totalCount edges { cursor node { id companyName } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;

const create = async (input: object, by = staff.manager) =>
  (await app.ask(by, CREATE, { input: aPartner(input) })).createPartner;
const update = async (id: string, input: object) =>
  (await app.ask(staff.manager, UPDATE, { id, input })).updatePartner;
const refusedCreate = (input: object) => app.refusal(staff.manager, CREATE, { input: aPartner(input) });

describe('a new partner', () => {
  test('uses the defaults for omitted fields', async () => {
    const partner = await create({});
    expect(partner).toMatchObject({
      tenantId: 'acme',
      status: 'ACTIVE',
      tier: 'BRONZE',
      contactName: null,
      commissionRate: null,
      currency: 'USD',
      payoutFrequency: 'MONTHLY',
      payoutMethod: null,
      contractStartDate: null,
      metadata: {},
      deletedAt: null,
    });
    expect(partner.referralCode).toMatch(/^ACME[A-Z2-9]{6}$/);
    expect(Date.now() - Date.parse(partner.createdAt)).toBeLessThan(60_000);
  });

  test('a new partner stores every given field', async () => {
    const given = {
      tenantId: 'acme',
      partnerType: 'REFERRAL',
      status: 'PENDING',
      tier: 'GOLD',
      companyName: 'Ünïcode GmbH 株式会社 😀',
      contactName: 'Jürgen',
      email: 'jurgen@example.com',
      commissionRate: 12.5,
      currency: 'EUR',
      payoutFrequency: 'WEEKLY',
      payoutMethod: 'PAYPAL',
      contractStartDate: '2026-01-16',
      metadata: { crm: { id: 7, tags: ['a', 'b'] } },
    };
    const partner = await create({ ...given, referralCode: 'jurgen-2026' });
    expect(partner).toMatchObject({ ...given, referralCode: 'JURGEN-2026' });
    expect((await app.ask(staff.analyst, PARTNER, { id: partner.id })).partner).toEqual(partner);
  });

  test('has a referral code that is unique, in upper and lower case', async () => {
    await create({ referralCode: 'TAKEN-1' });
    expect(await refusedCreate({ referralCode: 'taken-1' })).toMatchObject({
      code: 'CONFLICT',
      field: 'input.referralCode',
    });
    const codes = await Promise.all(
      [1, 2, 3, 4].map(() =>
        app.send(staff.manager, CREATE, { input: aPartner({ referralCode: 'RACE-1' }) }),
      ),
    );
    expect(codes.map(({ errors }) => errors?.[0]?.extensions.code ?? 'ok').sort()).toEqual([
      'CONFLICT',
      'CONFLICT',
      'CONFLICT',
      'ok',
    ]);
  });

  test('creates one partner for simultaneous requests with the same idempotency key', async () => {
    const input = aPartner({ idempotencyKey: randomUUID(), companyName: 'Once Ltd' });
    const made = await Promise.all([1, 2, 3, 4, 5].map(() => app.ask(staff.manager, CREATE, { input })));
    expect(new Set(made.map(({ createPartner }) => createPartner.id)).size).toBe(1);
    const other = await app.refusal(staff.manager, CREATE, { input: { ...input, companyName: 'Twice Ltd' } });
    expect(other).toMatchObject({
      code: 'CONFLICT',
      reason: 'IDEMPOTENCY_MISMATCH',
      field: 'input.idempotencyKey',
    });
    const { partners } = await app.ask(staff.manager, LIST, { filter: { search: 'ce Ltd' } });
    expect(partners.edges.map(({ node }: { node: { companyName: string } }) => node.companyName)).toEqual([
      'Once Ltd',
    ]);
  });

  test.each([
    ['input.companyName', { companyName: '' }],
    ['input.companyName', { companyName: 'x'.repeat(201) }],
    ['input.contactName', { contactName: '' }],
    ['input.email', { email: 'not an address' }],
    ['input.email', { email: null }],
    ['input.partnerType', { partnerType: 'FRANCHISE' }],
    ['input.partnerType', { partnerType: 'reseller' }],
    ['input.tier', { tier: 'WOOD' }],
    ['input.commissionRate', { commissionRate: 100.01 }],
    ['input.commissionRate', { commissionRate: -1 }],
    ['input.commissionRate', { commissionRate: 12.345 }],
    ['input.commissionRate', { commissionRate: '1e1' }],
    ['input.commissionRate', { commissionRate: true }],
    ['input.currency', { currency: 'XXX' }],
    ['input.currency', { currency: 'usd' }],
    ['input.currency', { currency: 'EURO' }],
    ['input.referralCode', { referralCode: 'abc' }],
    ['input.referralCode', { referralCode: 'has space' }],
    ['input.referralCode', { referralCode: '-dash' }],
    ['input.contractStartDate', { contractStartDate: '2026-02-30' }],
    ['input.contractStartDate', { contractStartDate: '16.01.2026' }],
    ['input.contractStartDate', { contractStartDate: '0000-01-01' }], // a year that no calendar of ours has
    ['input.metadata', { metadata: 'text' }],
    ['input.metadata', { metadata: { note: 'x'.repeat(16_400) } }],
    ['input.metadata.note', { metadata: { note: 'a\0b' } }],
    ['input.companyName', { companyName: 'a\0b' }],
    ['input.companyName', { companyName: 'half \ud83d' }],
    ['input.tenantId', { tenantId: 'no spaces' }],
    ['input.idempotencyKey', { idempotencyKey: '' }],
    ['input.colour', { colour: 'red' }],
  ])('refuses an invalid %s and names the field: %j', async (field, input) => {
    expect(await refusedCreate(input)).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  test.each(['partnerType', 'companyName', 'email'])(
    'refuses a partner without %s and names the field',
    async (missing) => {
      const { [missing as 'email']: _, ...input } = aPartner() as Record<'email', unknown>;
      expect(await app.refusal(staff.manager, CREATE, { input })).toMatchObject({
        code: 'BAD_USER_INPUT',
        field: `input.${missing}`,
      });
    },
  );
});

describe('the configuration of a partner', () => {
  const reseller = {
    managesCustomers: true,
    managesBilling: false,
    pricingAuthority: 0,
    countries: [],
    products: [],
    minimumOrder: null,
    creditLimit: null,
  };
  const affiliate = {
    cookieDays: 30,
    firstPurchaseOnly: false,
    recurringMonths: null,
    minimumPurchase: null,
  };
  const whiteLabel = {
    brandName: 'Acme Resellers Inc',
    logoUrl: null,
    faviconUrl: null,
    primaryColor: null,
    secondaryColor: null,
    accentColor: null,
    domain: null,
    hideFinACEverseBranding: false,
  };
  const none = { resellerConfig: null, affiliateConfig: null, whiteLabelConfig: null };

  test.each([
    ['RESELLER', { ...none, resellerConfig: reseller }],
    ['AFFILIATE', { ...none, affiliateConfig: affiliate }],
    ['WHITE_LABEL', { ...none, whiteLabelConfig: whiteLabel }],
    ['REFERRAL', none],
  ])('a %s has the default configuration of its type', async (partnerType, expected) => {
    expect(await create({ partnerType })).toMatchObject(expected);
  });

  test("a reseller's authority, and its limits in its own currency", async () => {
    const { resellerConfig } = await create({
      currency: 'JPY',
      reseller: {
        managesCustomers: false,
        managesBilling: true,
        pricingAuthority: '12.5',
        countries: ['DE', 'AT'],
        products: ['books', 'a "quoted", one', 'back\\slash', '{}'],
        minimumOrder: 5000,
        creditLimit: '0',
      },
    });
    expect(resellerConfig).toEqual({
      managesCustomers: false,
      managesBilling: true,
      pricingAuthority: 12.5,
      countries: ['DE', 'AT'],
      products: ['books', 'a "quoted", one', 'back\\slash', '{}'],
      minimumOrder: { amount: '5000', currency: 'JPY' },
      creditLimit: { amount: '0' },
    });
  });

  test("an affiliate's terms", async () => {
    const terms = { cookieDays: 90, firstPurchaseOnly: true, recurringMonths: 12 };
    const { affiliateConfig } = await create({
      partnerType: 'AFFILIATE',
      affiliate: { ...terms, minimumPurchase: '49.90' },
    });
    expect(affiliateConfig).toEqual({ ...terms, minimumPurchase: { amount: '49.90', currency: 'USD' } });
  });

  test("a white-label partner's brand", async () => {
    const brand = {
      brandName: 'Acme Finance',
      logoUrl: 'https://acme.com/logo.svg',
      faviconUrl: 'https://acme.com/favicon.ico',
      primaryColor: '#1a73e8',
      secondaryColor: '#34A853',
      accentColor: '#fbbc04',
      domain: 'finance.acme.com',
      hideFinACEverseBranding: true,
    };
    expect((await create({ partnerType: 'WHITE_LABEL', whiteLabel: brand })).whiteLabelConfig).toEqual(brand);
    const second = await refusedCreate({ partnerType: 'WHITE_LABEL', whiteLabel: { domain: brand.domain } });
    expect(second.code).toBe('CONFLICT');
  });

  test('a partial update keeps the rest of the configuration, and null clears optional fields', async () => {
    const { id } = await create({
      reseller: { countries: ['DE'], minimumOrder: '10.00', creditLimit: '500.00', pricingAuthority: 5 },
    });
    const { resellerConfig } = await update(id, {
      reseller: { creditLimit: null, managesBilling: true, pricingAuthority: null },
    });
    expect(resellerConfig).toMatchObject({
      countries: ['DE'],
      minimumOrder: { amount: '10.00' },
      creditLimit: null,
      managesBilling: true,
      pricingAuthority: 5,
    });

    const brand = await create({
      partnerType: 'WHITE_LABEL',
      whiteLabel: { primaryColor: '#000000', domain: 'x.acme.com' },
    });
    expect(
      (await update(brand.id, { whiteLabel: { primaryColor: null, brandName: null } })).whiteLabelConfig,
    ).toMatchObject({
      primaryColor: null,
      brandName: 'Acme Resellers Inc',
      domain: 'x.acme.com',
    });

    const affiliate = await create({
      partnerType: 'AFFILIATE',
      affiliate: { recurringMonths: 6, cookieDays: 7 },
    });
    expect(
      (await update(affiliate.id, { affiliate: { recurringMonths: null, cookieDays: null } }))
        .affiliateConfig,
    ).toMatchObject({
      recurringMonths: null,
      cookieDays: 7,
    });
  });

  const kinds = { RESELLER: 'reseller', AFFILIATE: 'affiliate', WHITE_LABEL: 'whiteLabel' };
  const wrong = ['RESELLER', 'AFFILIATE', 'WHITE_LABEL', 'REFERRAL'].flatMap((type) =>
    Object.entries(kinds).flatMap(([owner, field]) => (owner === type ? [] : [[field, type] as const])),
  );

  test.each(wrong)(
    'refuses the configuration %s for a %s and names the field',
    async (field, partnerType) => {
      const refused = { code: 'BAD_USER_INPUT', field: `input.${field}` };
      expect(await refusedCreate({ partnerType, [field]: {} })).toMatchObject(refused);
      const { id } = await makePartner(app, staff.manager, { partnerType });
      expect(await app.refusal(staff.manager, UPDATE, { id, input: { [field]: {} } })).toMatchObject(refused);
    },
  );

  test.each([
    ['RESELLER', 'input.reseller.pricingAuthority', { reseller: { pricingAuthority: 101 } }],
    ['RESELLER', 'input.reseller.minimumOrder', { reseller: { minimumOrder: '-1' } }],
    ['RESELLER', 'input.reseller.minimumOrder', { reseller: { minimumOrder: '1.001' } }],
    ['RESELLER', 'input.reseller.countries', { reseller: { countries: ['Germany'] } }],
    ['AFFILIATE', 'input.affiliate.cookieDays', { affiliate: { cookieDays: 0 } }],
    ['AFFILIATE', 'input.affiliate.cookieDays', { affiliate: { cookieDays: 366 } }],
    ['AFFILIATE', 'input.affiliate.recurringMonths', { affiliate: { recurringMonths: 121 } }],
    ['AFFILIATE', 'input.affiliate.minimumPurchase', { affiliate: { minimumPurchase: 'free' } }],
    ['WHITE_LABEL', 'input.whiteLabel.primaryColor', { whiteLabel: { primaryColor: 'blue' } }],
    ['WHITE_LABEL', 'input.whiteLabel.domain', { whiteLabel: { domain: 'http://acme.com' } }],
    ['WHITE_LABEL', 'input.whiteLabel.logoUrl', { whiteLabel: { logoUrl: 'http://acme.com/logo.png' } }],
    ['WHITE_LABEL', 'input.whiteLabel.brandName', { whiteLabel: { brandName: '' } }],
  ])(
    'refuses an invalid configuration of a %s and names the field: %s',
    async (partnerType, field, input) => {
      expect(await refusedCreate({ partnerType, ...input })).toMatchObject({ code: 'BAD_USER_INPUT', field });
    },
  );
});

describe('an update', () => {
  test('an update keeps omitted fields', async () => {
    const before = await create({
      contactName: 'John',
      commissionRate: 20,
      payoutMethod: 'STRIPE',
      metadata: { a: 1 },
    });
    const { updatedAt, ...same } = before;
    const { updatedAt: later, ...after } = await update(before.id, { companyName: 'Acme Two' });
    expect(after).toEqual({ ...same, companyName: 'Acme Two' });
    expect(Date.parse(later)).toBeGreaterThanOrEqual(Date.parse(updatedAt));
    const { updatedAt: _, ...nothing } = await update(before.id, {});
    expect(nothing).toEqual(after);
  });

  test('an update changes every given field', async () => {
    const { id } = await create({});
    const input = {
      status: 'SUSPENDED',
      tier: 'PLATINUM',
      companyName: 'New Name',
      contactName: 'Jane',
      email: 'jane@example.com',
      commissionRate: 7.25,
      payoutFrequency: 'QUARTERLY',
      payoutMethod: 'RAZORPAY',
      contractStartDate: '2027-02-28',
      metadata: { replaced: true },
    };
    expect(await update(id, input)).toMatchObject(input);
  });

  test('an update clears optional fields by null, and only those', async () => {
    const { id } = await create({
      contactName: 'John',
      commissionRate: 20,
      payoutMethod: 'STRIPE',
      contractStartDate: '2026-01-16',
      tier: 'GOLD',
    });
    const nothing = { contactName: null, commissionRate: null, payoutMethod: null, contractStartDate: null };
    const kept = {
      status: 'ACTIVE',
      tier: 'GOLD',
      companyName: 'Acme Resellers Inc',
      payoutFrequency: 'MONTHLY',
    };
    const nulls = Object.fromEntries(Object.keys(kept).map((field) => [field, null]));
    expect(await update(id, { ...nothing, ...nulls, email: null, metadata: null })).toMatchObject({
      ...nothing,
      ...kept,
    });
  });

  test('an update accepts an id in upper or lower case', async () => {
    const { id } = await create({});
    const { updatePartner } = await app.ask(staff.manager, UPDATE, {
      id: id.toUpperCase(),
      input: { tier: 'GOLD' },
    });
    expect(updatePartner).toMatchObject({ id, tier: 'GOLD' });
  });
});

describe('a partner that is deleted', () => {
  test('a deleted partner is INACTIVE, then in no answer, and its commissions stay', async () => {
    const partner = await create({ companyName: 'Leaving Ltd' });
    const line = await makeCommission(app, staff.manager, partner.id);
    await app.ask(staff.maria, REJECT, { id: line, reason: 'leaves' });

    const own = await app.token('PARTNER', { partner: partner.id });
    await app.ask(own, '{ program { tenantId } }');
    const { deletePartner } = await app.ask(staff.manager, DELETE, { id: partner.id });
    expect((await app.refusal(own, '{ program { tenantId } }')).code).toBe('UNAUTHENTICATED');
    expect(deletePartner).toEqual({
      id: partner.id,
      status: 'INACTIVE',
      deletedAt: expect.stringMatching(/Z$/),
    });

    for (const [query, variables] of [
      [PARTNER, { id: partner.id }],
      [DELETE, { id: partner.id }],
      [UPDATE, { id: partner.id, input: { tier: 'GOLD' } }],
    ] as const)
      expect(await app.refusal(staff.manager, query, variables)).toMatchObject({ code: 'NOT_FOUND' });
    const { partners } = await app.ask(staff.manager, LIST, { filter: { search: 'Leaving' } });
    expect(partners).toMatchObject({ totalCount: 0, edges: [] });
    const { commission } = await app.ask(
      staff.maria,
      'query ($id: ID!) { commission(id: $id) { partner { id companyName status } } }',
      { id: line },
    );
    expect(commission.partner).toEqual({ id: partner.id, companyName: 'Leaving Ltd', status: 'INACTIVE' });
  });

  test.each(['PENDING', 'APPROVED'])('refuses the deletion while a %s commission is owed', async (status) => {
    const { id } = await makePartner(app, staff.manager);
    await (status === 'PENDING' ? makeCommission(app, staff.manager, id) : makeApproved(app, staff, id));
    expect(await app.refusal(staff.manager, DELETE, { id })).toMatchObject({ code: 'CONFLICT' });
    expect((await app.ask(staff.manager, PARTNER, { id })).partner).toMatchObject({
      status: 'ACTIVE',
      deletedAt: null,
    });
  });
});

describe('the list', () => {
  const tenant = 'the-list';
  let manager: string;
  const names = async (filter: object) => {
    const { partners } = await app.ask(manager, LIST, { filter, first: 100 });
    expect(partners.totalCount).toBe(partners.edges.length);
    return partners.edges.map(({ node }: { node: { companyName: string } }) => node.companyName);
  };

  beforeAll(async () => {
    manager = await app.token('PROGRAM_MANAGER', { tenant });
    for (const input of [
      { companyName: 'Alpha 100% Ltd', tier: 'GOLD' },
      { companyName: 'Beta_Works', partnerType: 'AFFILIATE', email: 'sales@beta.example.com' },
      { companyName: 'Gamma', status: 'SUSPENDED', contactName: 'Zoë Quinn' },
      { companyName: 'Delta \\ Sons', tier: 'GOLD', partnerType: 'AFFILIATE', referralCode: 'DELTA-XYZ' },
    ])
      await makePartner(app, manager, input);
  });

  test.each([
    [{}, ['Delta \\ Sons', 'Gamma', 'Beta_Works', 'Alpha 100% Ltd']],
    [{ tier: 'GOLD' }, ['Delta \\ Sons', 'Alpha 100% Ltd']],
    [{ status: 'SUSPENDED' }, ['Gamma']],
    [{ partnerType: 'AFFILIATE' }, ['Delta \\ Sons', 'Beta_Works']],
    [{ partnerType: 'AFFILIATE', tier: 'GOLD' }, ['Delta \\ Sons']],
    [{ tier: 'DIAMOND' }, []],
    [{ tier: null, search: null }, ['Delta \\ Sons', 'Gamma', 'Beta_Works', 'Alpha 100% Ltd']],
    [{ search: 'alpha' }, ['Alpha 100% Ltd']],
    [{ search: 'SALES@BETA' }, ['Beta_Works']],
    [{ search: 'zoë' }, ['Gamma']],
    [{ search: 'zoe\u0308' }, ['Gamma']],
    [{ search: 'ZOE qu' }, ['Gamma']],
    [{ search: 'delta-x' }, ['Delta \\ Sons']],
    [{ search: '%' }, ['Alpha 100% Ltd']],
    [{ search: '_' }, ['Beta_Works']],
    [{ search: '\\' }, ['Delta \\ Sons']],
    [{ search: '0% L' }, ['Alpha 100% Ltd']],
    [{ search: "'; drop table partners; --" }, []],
    [{ search: '$1' }, []],
  ])('lists partners by the filter %j, newest first', async (filter, expected) => {
    expect(await names(filter)).toEqual(expected);
  });

  test('finds a name in every composition and case of its letters, and an international domain', async () => {
    const elsewhere = await app.token('PROGRAM_MANAGER', { tenant: 'accents' });
    for (const [companyName, email] of [
      ['Cre\u0300me Bru\u0302le\u0301e', 'info@müller-shop.example'],
      ['ŁÓDŹ Straße', 'office@plain.example'],
    ])
      await makePartner(app, elsewhere, { companyName, email });
    const found = async (search: string) =>
      (await app.ask(elsewhere, LIST, { filter: { search } })).partners.edges.length;
    for (const search of [
      ...['Cr\u00e8me Br\u00fbl\u00e9e', 'creme brulee', 'CREME', 'lodz', 'STRASSE', 'straße', 'Łódź'],
      ...['müller-shop.example', 'info@Müller-shop.example', 'xn--mller-shop-9db'],
    ])
      expect(await found(search), search).toBe(1);
    expect(await found('brulot')).toBe(0);
  });

  test('refuses a search text above 100 characters and names the field', async () => {
    const refused = await app.refusal(manager, LIST, { filter: { search: 'x'.repeat(101) } });
    expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', field: 'filter.search' });
  });

  test.each([
    ['first', { first: 0 }],
    ['first', { first: -1 }],
    ['first', { first: 101 }],
    ['first', { first: 1.5 }],
    ['first', { first: '10' }],
    ['after', { after: 'x' }],
    ['after', { after: '' }],
    ['after', { after: 'AAAAAAAAAAAAAAAAAAAAAA==' }],
    ['after', { after: '0198c0de-0000-7000-8000-000000000000' }],
    ['after', { after: Buffer.from('0123456789abcdef').toString('base64url') }],
    ['after', { after: 7 }],
  ])('refuses %s and names the field: %j', async (field, variables) => {
    expect(await app.refusal(manager, LIST, variables)).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });
});

describe('paging', () => {
  const tenant = 'paging';
  let manager: string;
  beforeAll(async () => {
    manager = await app.token('PROGRAM_MANAGER', { tenant });
    for (let i = 0; i < 25; i++) await makePartner(app, manager, { companyName: `Paged ${i}` });
  });

  test('a page has twenty rows by default, and the total count', async () => {
    const { partners } = await app.ask(manager, LIST);
    expect(partners.edges).toHaveLength(20);
    expect(partners.totalCount).toBe(25);
    expect(partners.pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: partners.edges[0].cursor,
      endCursor: partners.edges[19].cursor,
    });
  });

  test('paging ends at the end of the list', async () => {
    const { partners: first } = await app.ask(manager, LIST, { first: 20 });
    const { partners: rest } = await app.ask(manager, LIST, { after: first.pageInfo.endCursor });
    expect(rest.edges).toHaveLength(5);
    expect(rest.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    const { partners: none } = await app.ask(manager, LIST, { after: rest.pageInfo.endCursor });
    expect(none).toMatchObject({
      edges: [],
      totalCount: 25,
      pageInfo: { hasNextPage: false, startCursor: null, endCursor: null },
    });
    const { partners: exact } = await app.ask(manager, LIST, { first: 25 });
    expect(exact.pageInfo.hasNextPage).toBe(false);
  });

  test('`last` and `before` return pages from the end, in the order of the list', async () => {
    const page = async (args: string) =>
      (
        await app.ask(
          manager,
          `{ partners(${args}) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor } } }`,
        )
      ).partners;
    const idsOf = ({ nodes }: { nodes: { id: string }[] }) => nodes.map(({ id }) => id);
    const all = idsOf(await page('first: 25'));
    const end = await page('last: 10');
    expect(idsOf(end)).toEqual(all.slice(15));
    expect(end.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    const middle = await page(`last: 10, before: "${end.pageInfo.startCursor}"`);
    expect(idsOf(middle)).toEqual(all.slice(5, 15));
    expect(middle.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
    const start = await page(`last: 10, before: "${middle.pageInfo.startCursor}"`);
    expect(idsOf(start)).toEqual(all.slice(0, 5));
    expect(start.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  });

  test('`first` and `last` together are refused', async () => {
    expect(await app.refusal(manager, '{ partners(first: 2, last: 2) { nodes { id } } }')).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'last',
    });
  });

  test('paging never skips or repeats a row during inserts', async () => {
    const { partners: before } = await app.ask(manager, LIST, { first: 100 });
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const page: { partners: typeof before } = await app.ask(manager, LIST, { first: 4, after });
      seen.push(...page.partners.edges.map(({ node }: { node: { id: string } }) => node.id));
      ({ endCursor: after, hasNextPage: more } = page.partners.pageInfo);
      await makePartner(app, manager, { companyName: 'Written meanwhile' });
    }
    expect(seen).toEqual(before.edges.map(({ node }: { node: { id: string } }) => node.id));
  });
});

describe('a program', () => {
  const PROGRAM = `query { program { tenantId currency timeZone roundingMode flatRefund holdDays minimumPayout { amount currency } }
    tierConfigs { tier minMonthlyRevenue { amount currency } minCustomers commissionRate apiCallsPerHour dedicatedManager benefits } }`;
  const UPDATE_PROGRAM = `mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) {
    timeZone roundingMode flatRefund holdDays minimumPayout { amount currency } } }`;
  const UPDATE_TIER = `mutation ($input: UpdateTierConfigInput!) { updateTierConfig(input: $input) {
    tier minMonthlyRevenue { amount } minCustomers commissionRate apiCallsPerHour dedicatedManager benefits } }`;

  test('is created with five tiers for a new tenant', async () => {
    const tokens = await Promise.all(
      [1, 2, 3, 4].map(() => app.token('ANALYST', { tenant: 'brand.new-tenant_1' })),
    );
    const [{ program, tierConfigs }] = await Promise.all(tokens.map((token) => app.ask(token, PROGRAM)));
    expect(program).toEqual({
      tenantId: 'brand.new-tenant_1',
      currency: 'USD',
      timeZone: 'UTC',
      roundingMode: 'HALF_UP',
      flatRefund: 'PROPORTIONAL',
      holdDays: 30,
      minimumPayout: { amount: '0.00', currency: 'USD' },
    });
    expect(
      tierConfigs.map((tier: Record<string, unknown> & { minMonthlyRevenue: { amount: string } }) => [
        tier['tier'],
        tier.minMonthlyRevenue.amount,
        tier['minCustomers'],
        tier['commissionRate'],
        tier['apiCallsPerHour'],
        tier['dedicatedManager'],
      ]),
    ).toEqual([
      ['BRONZE', '0.00', 0, 10, 1_000, false],
      ['SILVER', '5000.00', 10, 15, 2_500, false],
      ['GOLD', '25000.00', 50, 20, 5_000, false],
      ['PLATINUM', '100000.00', 200, 25, 10_000, true],
      ['DIAMOND', '500000.00', 1_000, 30, 25_000, true],
    ]);
  });

  test('is created for the tenant that an administrator names with a new partner', async () => {
    const partner = await create({ tenantId: 'named-by-admin', tier: 'DIAMOND' }, staff.admin);
    expect(partner.tenantId).toBe('named-by-admin');
    const { program, tierConfigs } = await app.ask(
      await app.token('ANALYST', { tenant: 'named-by-admin' }),
      PROGRAM,
    );
    expect(program.tenantId).toBe('named-by-admin');
    expect(tierConfigs).toHaveLength(5);
  });

  test('changes only the given settings', async () => {
    const by = await app.token('PROGRAM_MANAGER', { tenant: 'settings' });
    const change = async (input: object) => (await app.ask(by, UPDATE_PROGRAM, { input })).updateProgram;
    const all = {
      timeZone: 'America/New_York',
      roundingMode: 'HALF_EVEN',
      flatRefund: 'ALL_OR_NOTHING',
      holdDays: 0,
    };
    expect(await change({ ...all, minimumPayout: 50 })).toEqual({
      ...all,
      minimumPayout: { amount: '50.00', currency: 'USD' },
    });
    expect(await change({ holdDays: 365 })).toEqual({
      ...all,
      holdDays: 365,
      minimumPayout: { amount: '50.00', currency: 'USD' },
    });
    expect((await app.ask(staff.manager, PROGRAM)).program).toMatchObject({ timeZone: 'UTC', holdDays: 30 });
  });

  test.each([
    ['input.timeZone', { timeZone: 'Mars/Olympus' }],
    ['input.timeZone', { timeZone: '+02:00' }],
    ['input.timeZone', { timeZone: '' }],
    ['input.holdDays', { holdDays: 366 }],
    ['input.holdDays', { holdDays: -1 }],
    ['input.minimumPayout', { minimumPayout: '-1' }],
    ['input.minimumPayout', { minimumPayout: '1.001' }],
    ['input.roundingMode', { roundingMode: 'UP' }],
  ])('refuses a setting and names the field: %s in %j', async (field, input) => {
    const by = await app.token('PROGRAM_MANAGER', { tenant: 'refused-settings' });
    expect(await app.refusal(by, UPDATE_PROGRAM, { input })).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  test('changes thresholds and benefits of a tier, also for its partners', async () => {
    const by = await app.token('PROGRAM_MANAGER', { tenant: 'tiers' });
    const { id } = await makePartner(app, by, { tier: 'SILVER' });
    const before = (await app.ask(by, PROGRAM)).tierConfigs;
    const input = {
      tier: 'SILVER',
      minMonthlyRevenue: '7500.50',
      minCustomers: 12,
      commissionRate: 17.5,
      apiCallsPerHour: 3_000,
      dedicatedManager: true,
      benefits: ['One "quoted", line', 'Another'],
    };
    const changed = { ...input, minMonthlyRevenue: { amount: '7500.50' } };
    expect((await app.ask(by, UPDATE_TIER, { input })).updateTierConfig).toEqual(changed);
    const { updateTierConfig } = await app.ask(by, UPDATE_TIER, {
      input: { tier: 'SILVER', minCustomers: 13 },
    });
    expect(updateTierConfig).toEqual({ ...changed, minCustomers: 13 });

    const { partner } = await app.ask(
      by,
      'query ($id: ID!) { partner(id: $id) { tierConfig { tier commissionRate benefits } } }',
      { id },
    );
    expect(partner.tierConfig).toEqual({ tier: 'SILVER', commissionRate: 17.5, benefits: input.benefits });
    const after = (await app.ask(by, PROGRAM)).tierConfigs;
    const others = (tiers: { tier: string }[]) => tiers.filter(({ tier }) => tier !== 'SILVER');
    expect(others(after)).toEqual(others(before));
  });

  test.each([
    ['input.commissionRate', { commissionRate: 101 }],
    ['input.minCustomers', { minCustomers: -1 }],
    ['input.minMonthlyRevenue', { minMonthlyRevenue: '-0.01' }],
    ['input.apiCallsPerHour', { apiCallsPerHour: 0 }],
    ['input.benefits', { benefits: Array.from({ length: 21 }, () => 'x') }],
  ])('refuses an invalid tier: %s', async (field, input) => {
    const refused = await app.refusal(staff.manager, UPDATE_TIER, { input: { tier: 'GOLD', ...input } });
    expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });
});

test('an id that is not a UUID is refused with its field, and an unknown id is not found', async () => {
  expect(await app.refusal(staff.manager, PARTNER, { id: '42' })).toMatchObject({
    code: 'BAD_USER_INPUT',
    field: 'id',
  });
  expect((await app.refusal(staff.manager, PARTNER, { id: unknownId() })).code).toBe('NOT_FOUND');
});

test('every change of a partner is in the audit log with its actor', async () => {
  const { id } = await create({});
  await update(id, { tier: 'GOLD' });
  await app.ask(staff.manager, DELETE, { id });
  const { rows } = await app.database.pool.query(
    'select action, actor_role from audit_events where subject_id = $1 order by id',
    [id],
  );
  expect(rows).toEqual(
    ['partner.created', 'partner.updated', 'partner.deleted'].map((action) => ({
      action,
      actor_role: 'PROGRAM_MANAGER',
    })),
  );
});
