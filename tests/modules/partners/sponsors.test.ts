import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { CONVERT, type MadePartner, makeClick, makePartner, staffOf, tally } from '../../support/make.ts';

const ASSIGN = `mutation ($partnerId: ID!, $sponsorId: ID!) {
  assignSponsor(partnerId: $partnerId, sponsorId: $sponsorId, reason: "brought it") { sponsor { partnerId companyName reason } } }`;
const END =
  'mutation ($partnerId: ID!) { endSponsorship(partnerId: $partnerId, reason: "left") { sponsor { partnerId } } }';
const READ = `query ($id: ID!) { partner(id: $id) { sponsor { partnerId } sponsorHistory { partnerId endedAt } } }`;

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
});
afterAll(() => app.close());

const made = (count: number, input: object = {}) =>
  Promise.all(Array.from({ length: count }, () => makePartner(app, staff.manager, input)));
const sponsor = (partner: MadePartner, by: MadePartner) =>
  app.ask(staff.manager, ASSIGN, { partnerId: partner.id, sponsorId: by.id });
const refused = (partner: MadePartner, by: MadePartner) =>
  app.refusal(staff.manager, ASSIGN, { partnerId: partner.id, sponsorId: by.id });
const sql = (text: string, ...values: unknown[]) => app.database.pool.query(text, values);

describe('a partner’s sponsor', () => {
  test('a partner has one sponsor at a time, with its history; a sponsor lists its recruited partners', async () => {
    const [a, b, c] = (await made(3)) as [MadePartner, MadePartner, MadePartner];
    const { assignSponsor } = await sponsor(a, b);
    expect(assignSponsor.sponsor).toEqual({
      ...{ partnerId: b.id, companyName: 'Acme Resellers Inc', reason: 'brought it' },
    });
    expect(await refused(a, b)).toMatchObject({ reason: 'ALREADY_ASSIGNED' });
    await sponsor(a, c);
    const { partner } = await app.ask(staff.analyst, READ, { id: a.id });
    expect(partner.sponsor).toEqual({ partnerId: c.id });
    expect(partner.sponsorHistory).toMatchObject([
      { partnerId: c.id, endedAt: null },
      { partnerId: b.id, endedAt: expect.any(String) },
    ]);
    const found = await app.ask(
      staff.analyst,
      'query ($by: ID!) { partners(filter: { sponsorId: $by }) { totalCount edges { node { id } } } }',
      { by: c.id },
    );
    expect(found.partners).toEqual({ totalCount: 1, edges: [{ node: { id: a.id } }] });
    const { endSponsorship } = await app.ask(staff.manager, END, { partnerId: a.id });
    expect(endSponsorship.sponsor).toBeNull();
    expect(await app.refusal(staff.manager, END, { partnerId: a.id })).toMatchObject({
      reason: 'NO_SPONSOR',
    });
  });

  test('a partner can neither read nor set sponsors', async () => {
    const [a, b] = (await made(2)) as [MadePartner, MadePartner];
    await sponsor(a, b);
    for (const { id } of [a, b]) {
      const own = await app.token('PARTNER', { partner: id });
      expect((await app.ask(own, READ, { id })).partner).toEqual({ sponsor: null, sponsorHistory: [] });
      expect(await app.refusal(own, ASSIGN, { partnerId: a.id, sponsorId: b.id })).toMatchObject({
        code: 'FORBIDDEN',
      });
    }
  });

  test('a sponsorship never closes a cycle (T91), also not in the database', async () => {
    const [a, b, c] = (await made(3)) as [MadePartner, MadePartner, MadePartner];
    expect(await refused(a, a)).toMatchObject({ code: 'BAD_USER_INPUT', field: 'sponsorId' });
    await sponsor(b, a);
    await sponsor(c, b);
    expect(await refused(a, c)).toMatchObject({ reason: 'SPONSOR_CYCLE', field: 'sponsorId' });
    const insert = `insert into sponsorships (id, tenant_id, partner_id, sponsor_id, assigned_at, assigned_by, reason)
      values (gen_random_uuid(), 'acme', $1, $2, now(), 'x', 'x')`;
    await expect(sql(insert, a.id, c.id)).rejects.toThrow('would become its own sponsor');
    await expect(sql(insert, a.id, a.id)).rejects.toThrow('sponsorships_not_itself');
    await app.ask(staff.manager, END, { partnerId: b.id });
    await sponsor(a, c);
  });

  test('simultaneous sponsorships close no cycle', async () => {
    for (let round = 0; round < 5; round++) {
      const ring = await made(5);
      const replies = await Promise.all(
        Array.from({ length: 25 }, (_, n) =>
          app.send(staff.manager, ASSIGN, {
            partnerId: ring[n % 5]?.id,
            sponsorId: ring[(n + 1) % 5]?.id,
          }),
        ),
      );
      expect(tally(replies)).toEqual({ ok: 4, CONFLICT: 21 });
    }
    const { rows } = await sql(
      'select 1 from sponsorships s where ended_at is null and partner_id in (select * from sponsors_of(partner_id))',
    );
    expect(rows).toEqual([]);
  });

  test('a sponsor must belong to the same program', async () => {
    const other = await staffOf(app, 'other');
    const theirs = await makePartner(app, other.manager);
    const [a] = (await made(1)) as [MadePartner];
    expect(await refused(a, theirs)).toMatchObject({ code: 'NOT_FOUND', field: 'sponsorId' });
    expect(await app.refusal(staff.admin, ASSIGN, { partnerId: a.id, sponsorId: theirs.id })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'sponsorId',
    });
  });

  test('a sponsor cannot be a customer of the partner if the program blocks that', async () => {
    const SETTINGS =
      'mutation ($input: UpdateFraudSettingsInput!) { updateFraudSettings(input: $input) { threshold } }';
    await app.ask(staff.manager, SETTINGS, {
      input: { rules: [{ rule: 'SPONSOR_CUSTOMER', mode: 'BLOCK' }] },
    });
    const [a] = (await made(1)) as [MadePartner];
    const [by] = (await made(1, { email: 'sue@sponsor.example' })) as [MadePartner];
    await sponsor(a, by);
    const buys = async (customerEmail: string) => {
      const id = await makeClick(app, a.referralCode);
      const input = { customerId: randomUUID(), customerEmail, amount: '100.00' };
      return (await app.ask(staff.manager, CONVERT, { id, input })).convertReferral.commissions;
    };
    expect(await buys('Sue+shop@sponsor.example')).toEqual([]);
    expect(await buys('ann@buyer.example')).toHaveLength(1);
    await app.ask(staff.manager, END, { partnerId: a.id });
    expect(await buys('sue@sponsor.example')).toHaveLength(1);
  });
});
