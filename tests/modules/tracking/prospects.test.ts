import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { makePartner, staffOf, tally } from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let ahead = 0;
let host: string;
const own = { id: '', token: '' };
const rival = { id: '', token: '' };
const DAY_MS = 86_400_000;

beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => new Date(Date.now() + ahead) } });
  staff = await staffOf(app);
  for (const partner of [own, rival]) {
    ({ id: partner.id } = await makePartner(app, staff.manager));
    partner.token = await app.token('PARTNER', { partner: partner.id });
  }
});
beforeEach(() => {
  ahead = 0;
  host = `${randomUUID().slice(0, 8)}.example`;
});
afterAll(() => app?.close());

const LEAD = 'mutation ($input: SubmitLeadInput!) { submitLead(input: $input) { id domain } }';
const DEAL =
  'mutation ($input: RegisterDealInput!) { registerDeal(input: $input) { id expiresAt registeredAt } }';
const submit = (by: { id: string; token: string }, document: string, input: object) =>
  app.send(by.token, document, { input: { partnerId: by.id, company: 'Initech', ...input } });
const check = async (token: string, args: { domain?: string; email?: string; partnerId?: string }) =>
  (
    await app.ask(token, 'query ($input: CheckProspectInput!) { checkProspect(input: $input) }', {
      input: args,
    })
  ).checkProspect;

/** A refusal names no other partner, no person and no date. */
function refusedAs(reason: string, { errors }: Awaited<ReturnType<typeof submit>>): void {
  const text = JSON.stringify(errors);
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', reason });
  expect(text).not.toMatch(/\d{4}-\d{2}|until|days|Acme Resellers|john@acme/);
  expect(text).not.toContain(own.id);
}

describe('the first partner to submit a prospect', () => {
  test.each([
    ['a lead', LEAD, { email: 'Ann.Smith+x@gmail.com' }, { email: 'annsmith@googlemail.com' }],
    ['a lead of a mailbox', LEAD, { email: 'ann@HOST' }, { email: 'ANN@host' }],
    ['a lead of a domain', LEAD, { domain: 'HOST' }, { email: 'bob@mail.HOST' }],
    ['a deal', DEAL, { domain: 'HOST' }, { email: 'bob@HOST' }],
  ])(
    'owns it by %s, and a later one gets DUPLICATE without a name or a date',
    async (_, first, one, other) => {
      const here = (input: object): object =>
        JSON.parse(
          JSON.stringify(input)
            .replaceAll(/HOST/gi, host)
            .replace('smith', `smith${host.slice(0, 8)}`)
            .replace('Smith', `Smith${host.slice(0, 8)}`),
        );
      expect((await submit(own, first, here(one))).errors).toBeUndefined();
      refusedAs('DUPLICATE', await submit(rival, LEAD, here(other)));
      refusedAs('DEAL_REGISTERED', await submit(rival, DEAL, here(other)));
      expect(await check(rival.token, here(other))).toBe('TAKEN');
      expect(await check(own.token, here(other))).toBe('YOURS');
      expect(await check(staff.manager, here(other))).toBe('TAKEN');
      expect(await check(staff.manager, { ...here(other), partnerId: own.id })).toBe('YOURS');
    },
  );

  test('may add a deal to its own lead, and a lead to its own deal', async () => {
    const email = `ann@${host}`;
    for (const document of [LEAD, LEAD, DEAL, LEAD])
      expect((await submit(own, document, { email })).errors).toBeUndefined();
    refusedAs('DEAL_REGISTERED', await submit(own, DEAL, { email }));
  });

  test('owns only the mailbox by a lead without a domain', async () => {
    await submit(own, LEAD, { email: `ann@${host}` });
    expect(await check(rival.token, { email: `bob@${host}` })).toBe('FREE');
    expect((await submit(rival, LEAD, { email: `bob@${host}` })).errors).toBeUndefined();
  });

  test('owns it for the days of the program, and a rejected lead owns nothing', async () => {
    const set = (prospectDays: number) =>
      app.ask(
        staff.manager,
        'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { prospectDays } }',
        { input: { prospectDays } },
      );
    expect(await app.ask(staff.manager, '{ program { prospectDays } }')).toEqual({
      program: { prospectDays: 90 },
    });
    const email = `ann@${host}`;
    await submit(own, LEAD, { email });
    ahead = 90 * DAY_MS - 60_000;
    expect(await check(rival.token, { email })).toBe('TAKEN');
    ahead = 90 * DAY_MS + 60_000;
    expect(await check(rival.token, { email })).toBe('FREE');
    ahead = 0;
    await set(10);
    const { registerDeal } = (await submit(own, DEAL, { domain: `deal-${host}` })).data;
    expect(Date.parse(registerDeal.expiresAt) - Date.parse(registerDeal.registeredAt)).toBe(10 * DAY_MS);
    ahead = 11 * DAY_MS;
    expect(await check(rival.token, { email })).toBe('FREE');
    await set(90);
    ahead = 0;

    const { submitLead } = (await submit(own, LEAD, { email: `eve@${host}` })).data;
    await app.ask(staff.manager, 'mutation ($id: ID!) { rejectLead(id: $id, reason: "x") { id } }', {
      id: submitLead.id,
    });
    expect(await check(rival.token, { email: `eve@${host}` })).toBe('FREE');
  });

  test('is one of twenty partners that submit at the same time', async () => {
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, at) => submit(at % 2 ? own : rival, LEAD, { domain: host })),
    );
    const { ok = 0, CONFLICT = 0 } = tally(replies) as Record<string, number>;
    expect([ok, CONFLICT]).toEqual([10, 10]);
  });

  test('is known in its own program only', async () => {
    await submit(own, LEAD, { domain: host });
    const elsewhere = await staffOf(app, 'elsewhere');
    expect(await check(elsewhere.manager, { domain: host })).toBe('FREE');
    expect(
      await app.refusal(
        elsewhere.manager,
        'query ($id: ID) { checkProspect(input: { domain: "globex.example", partnerId: $id }) }',
        {
          id: own.id,
        },
      ),
    ).toMatchObject({ code: 'NOT_FOUND', field: 'input.partnerId' });
  });
});

test.each([
  [{}, 'input.domain'],
  [{ domain: 'co.uk' }, 'input.domain'],
  [{ domain: 'gmail.com' }, 'input.domain'],
])('does not check %j', async (args, field) => {
  const { errors } = await app.send(
    own.token,
    'query ($input: CheckProspectInput!) { checkProspect(input: $input) }',
    { input: args },
  );
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field });
});
