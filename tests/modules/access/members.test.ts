import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../../src/ports/clock.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { person, STAFF_ORG, startIdentityProvider } from '../../support/identity-provider.ts';
import { type MailServer, type Received, startMailServer } from '../../support/mail-server.ts';
import {
  APPROVE,
  CREATE_API_KEY,
  INVITE,
  makeCommission,
  makePartner,
  staffOf,
  tally,
} from '../../support/make.ts';
import { until } from '../../support/until.ts';

const DAY_MS = 86_400_000;
const PORTAL = 'https://portal.example.com';

let ahead = 0;
const clock: Clock = { now: () => new Date(Date.now() + ahead) };
let app: TestApp;
let mail: MailServer;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partnerId: string;
beforeAll(async () => {
  mail = await startMailServer();
  app = await createTestApp(
    { clock },
    {
      SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
      PORTAL_URL: `${PORTAL}/`,
      MAIL_FROM: 'Portal <p@example.com>',
    },
  );
  staff = await staffOf(app);
  await app.app.startWorker();
});
beforeEach(async () => {
  ahead = 0;
  ({ id: partnerId } = await makePartner(app, staff.manager));
});
afterAll(async () => {
  await app.close();
  await mail.stop();
});

const ACCEPT = `mutation ($token: String!) {
  acceptInvitation(token: $token) { memberId role partnerId companyName }
}`;
const RESEND = 'mutation ($id: ID!) { resendInvitation(id: $id) { id status } }';
const ROLE = 'mutation ($id: ID!, $role: MemberRole!) { changeMemberRole(id: $id, role: $role) { id role } }';
const ROTATE = 'mutation ($id: ID!) { rotateApiKey(id: $id, overlapHours: 0) { secret } }';
const UPDATE_PARTNER =
  'mutation ($id: ID!) { updatePartner(id: $id, input: { contactName: "Other Name" }) { id } }';
const CREATE_LINK = `mutation ($id: ID!) {
  createTrackingLink(input: { partnerId: $id, name: "spring" }) { id }
}`;
const REMOVE = 'mutation ($id: ID!) { removeMember(id: $id, reason: "left") { id status removedAt } }';
const LIST = `query ($of: ID) { members(partnerId: $of) { totalCount edges { node { id email role status invitationExpiresAt } } } }`;
const READ = '{ partners { totalCount edges { node { id } } } }';
const REFUSED = { code: 'NOT_FOUND', field: 'token', message: 'The invitation was not found.' };

const newEmail = () => `${randomUUID()}@example.com`;
async function invited(by: string, input: object = {}, of = partnerId) {
  const { inviteMember } = await app.ask(by, INVITE, {
    partnerId: of,
    input: { email: newEmail(), name: 'Mia Member', role: 'MANAGER', ...input },
  });
  return inviteMember as { id: string; email: string; invitationExpiresAt: string };
}
const mailTo = (email: string, count = 1): Promise<Received> =>
  until(async () => mail.mails.filter(({ to }) => to.includes(email))[count - 1]);
const tokenIn = ({ text }: Received): string =>
  /https:\/\/portal\.example\.com\/accept-invitation#([\w-]+)/.exec(text)?.[1] as string;
const linkTo = async (email: string, count = 1) => tokenIn(await mailTo(email, count));
const guest = (user: string = randomUUID()) => app.token('GUEST', { user });

const lastError = async ({ database } = app): Promise<string | undefined> => {
  const { rows } = await database.pool.query(
    'select last_error from graphile_worker._private_jobs where last_error is not null',
  );
  return rows[0]?.last_error;
};

/** Somebody who was invited and accepted. */
async function member(role: string, of = partnerId) {
  const { id, email } = await invited(staff.admin, { role }, of);
  const user = randomUUID();
  const token = await guest(user);
  await app.ask(token, ACCEPT, { token: await linkTo(email) });
  return { id, email, token, user };
}

describe('an invitation', () => {
  test('an invitation is mailed as text and HTML, and makes its reader a member', async () => {
    const made = await invited(staff.manager, { name: 'Zoë <b>O\'Neil</b> & "Co"' });
    expect(made).toMatchObject({ status: 'INVITED', partner: { id: partnerId }, invitedBy: 'manager' });
    expect((Date.parse(made.invitationExpiresAt) - Date.now()) / DAY_MS).toBeCloseTo(7, 2);
    const received = await mailTo(made.email);
    expect(received.raw).toMatch(/^From: Portal <p@example.com>\r$/m);
    expect(received.raw).toContain('Content-Type: text/plain');
    expect(received.raw).toContain('Content-Type: text/html');
    expect(received.text).toContain('Acme Resellers Inc');
    expect(received.text).toContain('&lt;b&gt;O&#39;Neil&lt;/b&gt; &amp; &quot;Co&quot;');
    const user = await guest();
    expect((await app.refusal(user, READ)).code).toBe('FORBIDDEN');
    const { acceptInvitation } = await app.ask(user, ACCEPT, { token: tokenIn(received) });
    expect(acceptInvitation).toEqual({
      memberId: made.id,
      role: 'MANAGER',
      partnerId,
      companyName: 'Acme Resellers Inc',
    });
    const { members } = await app.ask(staff.manager, LIST, { of: partnerId });
    expect(members.edges).toMatchObject([{ node: { status: 'ACTIVE', invitationExpiresAt: null } }]);
    expect((await app.ask(user, READ)).partners).toEqual({
      totalCount: 1,
      edges: [{ node: { id: partnerId } }],
    });
  });

  test('an invitation is accepted once, also with simultaneous requests', async () => {
    const { email } = await invited(staff.manager);
    const token = await linkTo(email);
    const people = await Promise.all(Array.from({ length: 25 }, () => guest()));
    const answers = await Promise.all(people.map((person) => app.send(person, ACCEPT, { token })));
    expect(tally(answers)).toEqual({ ok: 1, NOT_FOUND: 24 });
    const inside = await Promise.all(people.map((person) => app.send(person, READ)));
    expect(tally(inside)).toEqual({ ok: 1, FORBIDDEN: 24 });
  });

  test('a wrong, used, expired, replaced or withdrawn invitation gets the same answer', async () => {
    const answers = [];
    const user = await guest();
    answers.push(await app.refusal(user, ACCEPT, { token: 'x'.repeat(43) }));

    const used = await invited(staff.manager);
    await app.ask(await guest(), ACCEPT, { token: await linkTo(used.email) });
    answers.push(await app.refusal(user, ACCEPT, { token: await linkTo(used.email) }));

    const old = await invited(staff.manager);
    const late = await linkTo(old.email);
    ahead = 7 * DAY_MS + 1_000;
    answers.push(await app.refusal(user, ACCEPT, { token: late }));
    ahead = 0;

    const resent = await invited(staff.manager);
    const first = await linkTo(resent.email);
    ahead = 61_000;
    await app.ask(staff.manager, RESEND, { id: resent.id });
    answers.push(await app.refusal(user, ACCEPT, { token: first }));

    const removed = await invited(staff.manager);
    const link = await linkTo(removed.email);
    await app.ask(staff.manager, REMOVE, { id: removed.id });
    answers.push(await app.refusal(user, ACCEPT, { token: link }));

    expect(answers).toEqual(answers.map(() => REFUSED));
    await app.ask(user, ACCEPT, { token: await linkTo(resent.email, 2) });
  });

  test('the token of an invitation is not in the database, the log or an answer', async () => {
    const { email } = await invited(staff.manager);
    const token = await linkTo(email);
    const { rows: tables } = await app.database.pool.query(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    for (const { name } of tables) {
      const { rows } = await app.database.pool.query(
        `select count(*)::int as found from ${name} t where t::text like '%' || $1 || '%'`,
        [token],
      );
      expect(`${name}: ${rows[0].found}`).toBe(`${name}: 0`);
    }
    expect(JSON.stringify(app.logged)).not.toContain(token);
  });

  test('refuses the invitation of an existing member and names the field', async () => {
    const { token } = await member('READ_ONLY');
    const other = await makePartner(app, staff.manager);
    const { email } = await invited(staff.manager, {}, other.id);
    expect(await app.refusal(token, ACCEPT, { token: await linkTo(email) })).toMatchObject({
      code: 'CONFLICT',
      reason: 'ALREADY_MEMBER',
    });
  });

  test('an API key cannot accept an invitation', async () => {
    const { createApiKey } = await app.ask(staff.manager, CREATE_API_KEY, {
      input: { name: 'x', scopes: ['READ'] },
    });
    const { email } = await invited(staff.manager);
    const token = await linkTo(email);
    expect((await app.refusal(createApiKey.secret, ACCEPT, { token })).code).toBe('FORBIDDEN');
    await app.ask(await guest(), ACCEPT, { token });
  });

  test('an invitation cannot be accepted by its creator', async () => {
    const { email } = await invited(staff.manager);
    const token = await linkTo(email);
    expect(await app.refusal(await guest('manager'), ACCEPT, { token })).toMatchObject({
      code: 'FORBIDDEN',
      field: 'token',
    });
    await app.ask(await guest(), ACCEPT, { token });
  });

  test('an invitation cannot be accepted by a person signed out at the identity provider', async () => {
    const provider = await startIdentityProvider();
    onTestFinished(() => provider.stop());
    const other = await createTestApp({}, provider.env);
    onTestFinished(() => other.close());
    const token = await provider.jwt(person('10', STAFF_ORG));
    await other.ask(token, '{ __typename }');
    provider.loggedOut.add(token);
    expect((await other.refusal(token, ACCEPT, { token: 'x'.repeat(43) })).code).toBe('UNAUTHENTICATED');
  });

  test('invites an e-mail address once, in any case, and again after the removal of its member', async () => {
    const { id, email } = await invited(staff.manager);
    const again = { partnerId, input: { email: email.toUpperCase(), name: 'Mia', role: 'OWNER' } };
    expect(await app.refusal(staff.manager, INVITE, again)).toMatchObject({
      code: 'CONFLICT',
      field: 'input.email',
      reason: 'ALREADY_INVITED',
    });
    await app.ask(staff.manager, REMOVE, { id });
    expect(await app.refusal(staff.manager, INVITE, again)).toMatchObject({ code: 'RATE_LIMITED' });
    ahead = 61_000;
    await app.ask(staff.manager, INVITE, again);
  });

  test('a repeated idempotency key creates one invitation and one mail', async () => {
    const input = { email: newEmail(), name: 'Mia', role: 'OWNER', idempotencyKey: randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => app.send(staff.manager, INVITE, { partnerId, input })),
    );
    expect(tally(answers)).toEqual({ ok: 5 });
    expect(new Set(answers.map(({ data }) => data.inviteMember.id)).size).toBe(1);
    await mailTo(input.email);
    const { rows } = await app.database.pool.query(
      'select count(*)::int as links from invitations i join members m on m.id = i.member_id where m.email = $1',
      [input.email],
    );
    expect(rows[0].links).toBe(1);
  });

  test('an invitation is mailed again at most once a minute', async () => {
    const { id } = await invited(staff.manager);
    expect(await app.refusal(staff.manager, RESEND, { id })).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfter: 60,
    });
  });

  test('refuses an invitation above 50 members, also with simultaneous requests', async () => {
    for (let i = 0; i < 45; i++) await invited(staff.manager);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        app.send(staff.manager, INVITE, {
          partnerId,
          input: { email: newEmail(), name: 'Mia', role: 'MANAGER' },
        }),
      ),
    );
    expect(tally(answers)).toEqual({ ok: 5, CONFLICT: 5 });
  });
});

describe('an inviting caller', () => {
  test.each(['PROGRAM_MANAGER', 'PLATFORM_ADMIN', 'PARTNER'] as const)(
    'needs a fresh sign-in as %s, except to remove a member',
    async (role) => {
      const { id } = await invited(staff.manager);
      const signedInAt = new Date(Date.now() - 16 * 60_000);
      const stale = await app.token(role, { signedInAt, ...(role === 'PARTNER' && { partner: partnerId }) });
      const input = { email: newEmail(), name: 'Mia', role: 'READ_ONLY' };
      for (const [document, variables] of [
        [INVITE, { partnerId, input }],
        [RESEND, { id }],
        [ROLE, { id, role: 'READ_ONLY' }],
      ] as const)
        expect(await app.refusal(stale, document, variables)).toMatchObject({
          code: 'FORBIDDEN',
          reason: 'STEP_UP_REQUIRED',
        });
      await app.ask(stale, REMOVE, { id });
    },
  );

  const inviteAs = (role: string) => ({ partnerId, input: { email: newEmail(), name: 'Mia', role } });

  test('gives only rights that it has, except to the first owner', async () => {
    const refused = { code: 'FORBIDDEN', field: 'input.role' };
    expect(await app.refusal(staff.manager, INVITE, inviteAs('FINANCE'))).toMatchObject(refused);
    const owner = await invited(staff.manager, { role: 'OWNER' });
    expect(await app.refusal(staff.manager, INVITE, inviteAs('OWNER'))).toMatchObject(refused);
    await app.ask(await guest(), ACCEPT, { token: await linkTo(owner.email) });
    const second = await app.refusal(staff.manager, INVITE, inviteAs('OWNER'));
    expect(second).toMatchObject(refused);
    expect(second.message).toMatch(/PROGRAM_MANAGER cannot change payout accounts, so it can only give/);

    const { id } = await invited(staff.manager, { role: 'MANAGER' });
    for (const role of ['OWNER', 'FINANCE'])
      expect(await app.refusal(staff.manager, ROLE, { id, role })).toMatchObject({
        code: 'FORBIDDEN',
        field: 'role',
      });
    await app.ask(staff.manager, ROLE, { id, role: 'READ_ONLY' });
    for (const role of ['OWNER', 'FINANCE']) await app.ask(staff.admin, ROLE, { id, role });
  });

  test('creates one first owner, also with simultaneous requests', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => app.send(staff.manager, INVITE, inviteAs('OWNER'))),
    );
    expect(tally(answers)).toEqual({ ok: 1, FORBIDDEN: 4 });
  });
});

describe('a mail', () => {
  test.each(['Mia\r\nBcc: everybody@example.com', 'Mia\nX-Evil: 1', 'Mia\u0000', 'Mia\u0085'])(
    'refuses a mail for the name %j',
    async (name) => {
      expect(
        await app.refusal(staff.manager, INVITE, {
          partnerId,
          input: { email: newEmail(), name, role: 'OWNER' },
        }),
      ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.name' });
    },
  );

  test('a mail has no header from the name of the partner', async () => {
    const { id } = await makePartner(app, staff.manager, {
      companyName: 'Evil\r\nBcc: everybody@example.com\r\n\r\n<script>alert(1)</script>',
    });
    const { email } = await invited(staff.manager, {}, id);
    const received = await mailTo(email);
    expect(received.to).toEqual([email]);
    const [headers] = received.raw.split('\r\n\r\n');
    expect(headers).not.toMatch(/^bcc:/im);
    const [, html] = received.text.split('<body>');
    expect(html).not.toContain('<script>');
    expect(received.text).toContain(
      'account of Evil Bcc: everybody@example.com <script>alert(1)</script>, as',
    );
  });

  test('a mail that the server delays is sent again, and arrives once', async () => {
    const { port } = mail;
    await mail.stop();
    const { email } = await invited(staff.manager);
    await until(async () => app.logged.some(({ msg }) => `${msg}`.startsWith('job failed')));
    const kept = await until(lastError);
    mail = await startMailServer(port);
    expect(kept).toMatch(/^Error E[A-Z]+$/);
    await app.ask(await guest(), ACCEPT, { token: await linkTo(email) });
    const { rows } = await app.database.pool.query(
      'select sent_at from invitations i join members m on m.id = i.member_id where m.email = $1',
      [email],
    );
    expect(rows).toEqual([{ sent_at: expect.any(Date) }]);
    expect(mail.mails.filter(({ to }) => to.includes(email))).toHaveLength(1);
  });

  test('a refused mail leaves no personal data in the table of jobs', async () => {
    const mailer = {
      async send({ to }: { to: { address: string; name: string } }) {
        throw new TypeError(`550 <${to.address}>: ${to.name} is unknown`);
      },
    };
    const other = await createTestApp({ mailer });
    onTestFinished(() => other.close());
    const { manager } = await staffOf(other);
    const { id } = await makePartner(other, manager);
    await other.app.startWorker();
    const input = { email: 'zebra@example.com', name: 'Zebra', role: 'READ_ONLY' };
    await other.ask(manager, INVITE, { partnerId: id, input });
    const kept = await until(() => lastError(other));
    expect(kept).toBe('TypeError');
    const [line] = other.logged.filter(({ msg }) => `${msg}`.startsWith('job failed'));
    expect(line).toMatchObject({ error: { message: expect.stringContaining('550 <') } });
  });

  test('a mail keeps its id over all attempts', async () => {
    const { email } = await invited(staff.manager);
    const first = await mailTo(email);
    // The mail arrives before the job records that it was sent.
    const rows = await until(async () => {
      const updated = await app.database.pool.query(
        `update invitations i set sent_at = null from members m
         where m.id = i.member_id and m.email = $1 and i.sent_at is not null returning i.id`,
        [email],
      );
      return updated.rowCount ? updated.rows : null;
    });
    await app.database.pool.query(
      `select graphile_worker.add_job('send_invitation', json_build_object('invitationId', $1::text))`,
      [rows[0].id],
    );
    const second = await mailTo(email, 2);
    const idOf = ({ raw }: Received) => /^message-id: (.*)$/im.exec(raw)?.[1];
    expect(idOf(first)).toBe(`<${rows[0].id}@example.com>`);
    expect(idOf(second)).toBe(idOf(first));
    expect(tokenIn(second)).toBe(tokenIn(first));
  });
});

test('an invitation cannot be accepted into a SUSPENDED partner, and is accepted once the partner is active again', async () => {
  const { email } = await invited(staff.admin, { role: 'OWNER' });
  const [token, user] = [await linkTo(email), await guest()];
  const setStatus = (status: string) =>
    app.ask(
      staff.manager,
      'mutation ($id: ID!, $status: PartnerStatus) { updatePartner(id: $id, input: { status: $status }) { id } }',
      { id: partnerId, status },
    );
  await setStatus('SUSPENDED');
  expect(await app.refusal(user, ACCEPT, { token })).toMatchObject({ reason: 'PARTNER_SUSPENDED' });
  await setStatus('ACTIVE');
  await app.ask(user, ACCEPT, { token });
});

describe('a person who works for the program or the platform', () => {
  test.each([
    ['a platform administrator of another tenant', 'PLATFORM_ADMIN', 'platform'],
    ['a platform administrator of the tenant', 'PLATFORM_ADMIN', 'acme'],
    ['a manager of the program', 'PROGRAM_MANAGER', 'acme'],
    ['finance of the program', 'FINANCE', 'acme'],
    ['an analyst of the program', 'ANALYST', 'acme'],
  ] as const)('%s cannot join one of its partners', async (_, role, tenant) => {
    const { email } = await invited(staff.admin, { role: 'OWNER' });
    const token = await linkTo(email);
    const person = await app.token(role, { tenant, user: randomUUID() });
    expect(await app.refusal(person, ACCEPT, { token })).toMatchObject(REFUSED);
    await app.ask(await guest(), ACCEPT, { token }); // the link was not used up
  });

  test('a member who becomes staff has the rights of staff only, and none on the money of its partner', async () => {
    const user = randomUUID();
    const { email } = await invited(staff.admin, { role: 'OWNER' });
    await app.ask(await guest(user), ACCEPT, { token: await linkTo(email) });
    const other = await makePartner(app, staff.manager);
    const asStaff = await app.token('FINANCE', { user });
    expect((await app.refusal(asStaff, LIST)).code).toBe('FORBIDDEN');
    for (const [id, reason] of [
      [partnerId, 'OWN_PARTNER'],
      [other.id, undefined],
    ] as const) {
      const commission = await makeCommission(app, staff.manager, id);
      const { errors } = await app.send(asStaff, APPROVE, { id: commission });
      expect(errors?.[0]?.extensions.reason).toBe(reason);
    }
  });
});

describe('an owner', () => {
  test('an owner manages only the members of its own partner', async () => {
    const { token } = await member('OWNER');
    const { id, email } = await invited(token);
    expect((await app.ask(token, LIST)).members.edges).toHaveLength(2);
    const other = await makePartner(app, staff.manager);
    const stranger = await member('MANAGER', other.id);
    const before = await app.ask(staff.manager, LIST, { of: other.id });
    for (const [document, variables] of [
      [INVITE, { partnerId: other.id, input: { email: newEmail(), name: 'Mia', role: 'OWNER' } }],
      [RESEND, { id: stranger.id }],
      [ROLE, { id: stranger.id, role: 'OWNER' }],
      [REMOVE, { id: stranger.id }],
    ] as const)
      expect((await app.refusal(token, document, variables)).code).toBe('NOT_FOUND');
    expect((await app.ask(token, LIST, { of: other.id })).members.totalCount).toBe(0);
    expect(await app.ask(staff.manager, LIST, { of: other.id })).toEqual(before);
    await app.ask(token, ROLE, { id, role: 'FINANCE' });
    const { acceptInvitation } = await app.ask(await guest(), ACCEPT, { token: await linkTo(email) });
    expect(acceptInvitation.role).toBe('FINANCE');
  });

  test("an owner of one tenant's partner has no rights in another tenant", async () => {
    const elsewhere = await staffOf(app, 'elsewhere');
    const { id } = await member('OWNER');
    expect((await app.refusal(elsewhere.manager, REMOVE, { id })).code).toBe('NOT_FOUND');
    expect((await app.ask(elsewhere.manager, LIST, { of: partnerId })).members.totalCount).toBe(0);
  });

  test.each(['MANAGER', 'FINANCE', 'READ_ONLY'])('a %s cannot manage members', async (role) => {
    const { token, id } = await member(role);
    for (const [document, variables] of [
      [LIST, {}],
      [INVITE, { partnerId, input: { email: newEmail(), name: 'Mia', role: 'OWNER' } }],
      [ROLE, { id, role: 'OWNER' }],
      [REMOVE, { id }],
    ] as const)
      expect((await app.refusal(token, document, variables)).code).toBe('FORBIDDEN');
  });

  test('an owner cannot change its own role', async () => {
    const { token, id } = await member('OWNER');
    await member('OWNER');
    expect((await app.refusal(token, ROLE, { id, role: 'READ_ONLY' })).code).toBe('FORBIDDEN');
  });

  test('a partner always keeps an owner, also when two owners remove each other', async () => {
    const [one, two] = [await member('OWNER'), await member('OWNER')];
    const answers = await Promise.all([
      app.send(one.token, REMOVE, { id: two.id }),
      app.send(two.token, REMOVE, { id: one.id }),
    ]);
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1);
    const { members } = await app.ask(staff.manager, LIST, { of: partnerId });
    const active = members.edges.filter(({ node }: { node: { status: string } }) => node.status === 'ACTIVE');
    expect(active).toHaveLength(1);
    const last = active[0].node.id;
    for (const [document, variables] of [
      [REMOVE, { id: last }],
      [ROLE, { id: last, role: 'MANAGER' }],
    ] as const)
      expect((await app.refusal(one.token, document, variables)).code).not.toBe('NOT_FOUND');
    const kept = await app.ask(staff.manager, LIST, { of: partnerId });
    expect(kept.members.edges).toContainEqual({
      node: expect.objectContaining({ id: last, status: 'ACTIVE' }),
    });
  });

  test.each([
    ['remove', REMOVE, 'removed Mia Member', 'member.removed'],
    ['demote', ROLE, 'this owner is now a manager', 'member.roleChanged'],
  ])(
    'staff may %s the last owner, with an audit entry and a mail to the partner',
    async (_, document, told, action) => {
      const email = newEmail();
      ({ id: partnerId } = await makePartner(app, staff.manager, { email }));
      const { token, id } = await member('OWNER');
      await app.ask(token, READ);
      await app.ask(staff.manager, document, { id, role: 'MANAGER' });
      const { text } = await mailTo(email);
      expect(text).toContain(told);
      expect((await app.refusal(token, LIST)).code).toBe('FORBIDDEN');
      const { rows } = await app.database.pool.query(
        'select actor_id from audit_events where action = $1 and subject_id = $2',
        [action, id],
      );
      expect(rows).toEqual([{ actor_id: 'manager' }]);
      const { email: next } = await invited(staff.manager, { role: 'OWNER' }); // the way back
      expect(
        (await app.ask(await guest(), ACCEPT, { token: await linkTo(next) })).acceptInvitation.role,
      ).toBe('OWNER');
    },
  );

  test('the last owner cannot be removed by the partner itself', async () => {
    const { token, id } = await member('OWNER');
    expect(await app.refusal(token, REMOVE, { id })).toMatchObject({
      code: 'CONFLICT',
      reason: 'LAST_OWNER',
    });
  });
});

describe('a member', () => {
  test('a removed member loses all rights at once, and a second removal changes nothing', async () => {
    await member('OWNER');
    const { token, id } = await member('OWNER');
    await app.ask(token, READ);
    const { removeMember } = await app.ask(staff.manager, REMOVE, { id });
    expect(removeMember).toMatchObject({ status: 'REMOVED' });
    expect((await app.refusal(token, READ)).code).toBe('FORBIDDEN');
    expect((await app.refusal(token, LIST)).code).toBe('FORBIDDEN');
    expect((await app.ask(staff.manager, REMOVE, { id })).removeMember).toEqual(removeMember);
  });

  test('removing a member revokes the keys that it saw, and keeps other keys', async () => {
    const [leaves, stays] = [await member('OWNER'), await member('OWNER')];
    const keyOf = async (by: string) =>
      (await app.ask(by, CREATE_API_KEY, { input: { partnerId, name: 'shop', scopes: ['READ'] } }))
        .createApiKey as { secret: string; apiKey: { id: string } };
    const [own, rotated, other] = [
      await keyOf(leaves.token),
      await keyOf(stays.token),
      await keyOf(stays.token),
    ];
    const { rotateApiKey } = await app.ask(
      leaves.token,
      'mutation ($id: ID!) { rotateApiKey(id: $id, overlapHours: 1) { secret } }',
      { id: rotated.apiKey.id },
    );
    const ended = [own.secret, rotated.secret, rotateApiKey.secret];
    for (const secret of [...ended, other.secret]) await app.ask(secret, READ);
    await app.ask(staff.manager, REMOVE, { id: leaves.id });
    for (const secret of ended) expect((await app.refusal(secret, READ)).code).toBe('UNAUTHENTICATED');
    await app.ask(other.secret, READ);
    const { rows } = await app.database.pool.query(
      `select after->'revokedApiKeys' as keys, subjects from audit_events where action = 'member.removed' and subject_id = $1`,
      [leaves.id],
    );
    const ids = [own.apiKey.id, rotated.apiKey.id].sort();
    expect(rows).toEqual([{ keys: ids, subjects: ids }]);
  });

  test('a member removed by another process can no longer move money or give access', async () => {
    const { token, id } = await member('OWNER');
    await app.ask(token, READ);
    await app.database.pool.query("update members set status = 'REMOVED', removed_at = now() where id = $1", [
      id,
    ]);
    await app.ask(token, READ); // what was read a moment ago is still remembered
    expect(
      (
        await app.refusal(token, INVITE, {
          partnerId,
          input: { email: newEmail(), name: 'Mia', role: 'OWNER' },
        })
      ).code,
    ).toBe('UNAUTHENTICATED');
    expect((await app.refusal(token, READ)).code).toBe('FORBIDDEN');
  });

  test('a changed role is in force at once', async () => {
    const { token, id } = await member('READ_ONLY');
    expect((await app.refusal(token, LIST)).code).toBe('FORBIDDEN');
    await app.ask(staff.admin, ROLE, { id, role: 'OWNER' });
    await app.ask(token, LIST);
  });

  test.each([
    ['READ_ONLY', 'FORBIDDEN'],
    ['FINANCE', 'FORBIDDEN'],
    ['MANAGER', 'ok'],
  ])('a key does no more than its maker may now, who became %s', async (role, answer) => {
    const olga = await member('OWNER');
    const keyOf = async (by: string): Promise<{ secret: string; apiKey: { id: string } }> =>
      (
        await app.ask(by, CREATE_API_KEY, {
          input: { name: 'shop', scopes: ['READ', 'EDIT_PARTNERS'], partnerId },
        })
      ).createApiKey;
    const own = await keyOf(olga.token);
    const ofStaff = await keyOf(staff.manager);
    const { rotateApiKey } = await app.ask(olga.token, ROTATE, {
      id: (await keyOf(staff.manager)).apiKey.id,
    });
    const changes = (key: string) => [
      app.send(key, UPDATE_PARTNER, { id: partnerId }),
      app.send(key, CREATE_LINK, { id: partnerId }),
    ];
    const codes = async (key: string) =>
      (await Promise.all(changes(key))).map(({ errors }) => errors?.[0]?.extensions.code ?? 'ok');
    expect(await codes(own.secret)).toEqual(['ok', 'ok']);
    await app.ask(staff.admin, ROLE, { id: olga.id, role });
    expect(await codes(own.secret)).toEqual([answer, answer]);
    expect(await codes(rotateApiKey.secret)).toEqual([answer, answer]);
    expect(await codes(ofStaff.secret)).toEqual(['ok', 'ok']);
    await app.ask(own.secret, READ);
    await app.ask(staff.admin, ROLE, { id: olga.id, role: 'OWNER' });
    expect(await codes(own.secret)).toEqual(['ok', 'ok']);
  });

  test('changes of members are in the audit log with their actor', async () => {
    const { id, email } = await invited(staff.manager);
    const user = randomUUID();
    await app.ask(await guest(user), ACCEPT, { token: await linkTo(email) });
    await app.ask(staff.manager, ROLE, { id, role: 'READ_ONLY' });
    await app.ask(staff.manager, REMOVE, { id });
    const { rows } = await app.database.pool.query(
      'select action, actor_id, partner_id, reason from audit_events where subject_id = $1 order by id',
      [id],
    );
    expect(rows).toEqual([
      { action: 'member.invited', actor_id: 'manager', partner_id: partnerId, reason: null },
      { action: 'member.accepted', actor_id: user, partner_id: partnerId, reason: null },
      { action: 'member.roleChanged', actor_id: 'manager', partner_id: partnerId, reason: null },
      { action: 'member.removed', actor_id: 'manager', partner_id: partnerId, reason: 'left' },
    ]);
  });
});
