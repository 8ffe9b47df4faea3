import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  allFraudRules,
  emailDomain,
  type Facts,
  FraudOutcome,
  type FraudTerms,
  fraudRules,
  hitsOf,
  isWatching,
  judge,
  listed,
  mostInAnHour,
  normalEmail,
} from '../../src/domain/fraud.ts';

describe('one mailbox has one spelling', () => {
  test.each([
    ['John.Doe+shop@GMail.com', 'johndoe@gmail.com', 'case, dots and tag of Gmail'],
    ['john.doe@googlemail.com', 'johndoe@gmail.com', "Gmail's second name"],
    ['John.Doe+a+b@acme.com', 'john.doe@acme.com', 'dots count elsewhere'],
    ['  x@acme.com\n', 'x@acme.com', 'blanks around it'],
    ['+tag@acme.com', '+tag@acme.com', 'a tag of nothing is the name itself'],
    ['...@gmail.com', '...@gmail.com', 'dots alone stay'],
    ['"a@b"@acme.com', '"a@b"@acme.com', 'the last @ parts it'],
    ['nobody', 'nobody', 'what is no address stays'],
  ])('%s: %s (%s)', (given, normal) => expect(normalEmail(given)).toBe(normal));

  const local = fc.stringMatching(/^[A-Za-z0-9.+_-]{1,20}$/);
  const domain = fc.constantFrom('gmail.com', 'googlemail.com', 'acme.com', 'Mail.Example.org');
  const email = fc.tuple(local, domain).map(([name, host]) => `${name}@${host}`);

  test('normalising twice is normalising once', () => {
    fc.assert(
      fc.property(fc.oneof(email, fc.string()), (text) => {
        expect(normalEmail(normalEmail(text))).toBe(normalEmail(text));
      }),
    );
  });

  test('neither case nor a tag makes another mailbox of it, nor does a dot at Gmail', () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9.]{0,15}$/);
    const tag = fc.stringMatching(/^[a-z0-9.+]{0,10}$/);
    fc.assert(
      fc.property(name, tag, domain, fc.nat(), (text, tagged, host, at) => {
        const same = normalEmail(`${text}@${host}`);
        expect(normalEmail(`${text.toUpperCase()}+${tagged}@${host.toUpperCase()}`)).toBe(same);
        const cut = 1 + (at % text.length);
        const dotted = normalEmail(`${text.slice(0, cut)}.${text.slice(cut)}@${host}`);
        if (/^g.*mail\.com$/.test(host)) expect(dotted).toBe(same);
        else expect(dotted).not.toBe(same);
      }),
    );
  });

  test('a listed domain counts with all that lie under it, and no other', () => {
    const list = new Set(['mailinator.com']);
    expect(['mailinator.com', 'x.y.mailinator.com'].every((each) => listed(list, each))).toBe(true);
    expect(
      ['notmailinator.com', 'com', 'mailinator.com.evil.example'].some((each) => listed(list, each)),
    ).toBe(false);
    expect(emailDomain('A@X.Mailinator.com')).toBe('x.mailinator.com');
    expect(emailDomain('nobody')).toBeNull();
  });
});

const nothing: Facts = {
  customer: { externalId: 'cust_1', email: 'buyer@elsewhere.example' },
  partner: { id: 'p1', email: 'john@acme.com' },
  members: [{ id: 'm1', email: 'mia@partner.example', subject: 'auth|mia' }],
  sponsor: { id: 's1', email: 'sue@sponsor.example' },
  allowed: false,
  blockedBy: null,
  secondsToPurchase: 10,
  samePayment: [],
  sameAddress: [],
  sharedAccounts: [],
  partnerSales: 1,
  addressSales: 1,
  addressClicks: 1,
  couponAgainst: null,
  disposable: new Set(['mailinator.com']),
  freeMail: new Set(['gmail.com']),
};
const recommended: FraudTerms = {
  threshold: 50,
  rules: Object.fromEntries(
    allFraudRules.map((rule) => {
      const { recommended: mode, weight, limit } = fraudRules[rule];
      return [rule, { mode, weight, limit }];
    }),
  ),
};
const customer = (email: string, externalId = 'cust_1') => ({ customer: { externalId, email } });

describe('a rule hits', () => {
  test.each([
    ['nothing of an ordinary sale', {}, []],
    ['the partner itself', customer('a@b.example', 'p1'), ['SAME_USER']],
    ['one of its people, by its sign-in', customer('a@b.example', 'auth|mia'), ['SAME_USER']],
    ["the partner's address", customer('John+1@Acme.com'), ['SAME_EMAIL', 'SAME_COMPANY_DOMAIN']],
    ["its people's address", customer('MIA@partner.example'), ['SAME_EMAIL', 'SAME_COMPANY_DOMAIN']],
    ['a colleague', customer('jane@acme.com'), ['SAME_COMPANY_DOMAIN']],
    [
      'no colleague where the mail is free',
      { ...customer('jane@gmail.com'), partner: { id: 'p1', email: 'john@gmail.com' } },
      [],
    ],
    ['a mailbox that is thrown away', customer('x@mx.mailinator.com'), ['DISPOSABLE_EMAIL']],
    ['the same payment', { samePayment: ['k2'] }, ['SAME_PAYMENT']],
    ['its sponsor, by its address', customer('Sue+x@sponsor.example'), ['SPONSOR_CUSTOMER']],
    ['its sponsor, by its id', customer('a@b.example', 's1'), ['SPONSOR_CUSTOMER']],
    ['a blocked customer', { blockedBy: 'e1' }, ['BLOCKED_CUSTOMER']],
    ['nothing of an allowed one', { blockedBy: 'e1', samePayment: ['k2'], allowed: true }, []],
    ['a purchase after 9.999 seconds', { secondsToPurchase: 9.999 }, ['FAST_PURCHASE']],
    ['not one after 10', { secondsToPurchase: 10 }, []],
    ['not one without a click', { secondsToPurchase: null }, []],
    ['the 60th sale of an hour', { partnerSales: 60 }, ['PARTNER_VELOCITY']],
    ['not the 59th', { partnerSales: 59 }, []],
    ['the fifth from one address', { addressSales: 5 }, ['ADDRESS_VELOCITY']],
    ['300 clicks from one address', { addressClicks: 300 }, ['CLICK_FLOOD']],
    ['another customer of that address', { sameAddress: ['r2'] }, ['SAME_ADDRESS']],
    ['a shared payout account', { sharedAccounts: ['p2'] }, ['SHARED_PAYOUT_ACCOUNT']],
    ["a coupon against another's click", { couponAgainst: 'p2' }, ['FOREIGN_COUPON']],
    ['nothing of a customer that nobody knows', { customer: null }, []],
  ])('%s', (_, facts, rules) =>
    expect(hitsOf({ ...nothing, ...facts }, recommended).map(({ rule }) => rule)).toEqual(rules),
  );

  test('nothing while it is OFF, and no rule is on until the program says so', () => {
    const off = { threshold: 50, rules: { SAME_EMAIL: { mode: 'OFF', weight: 100, limit: null } } } as const;
    expect(hitsOf({ ...nothing, ...customer('john@acme.com') }, off)).toEqual([]);
    expect([isWatching(off), isWatching(null), isWatching(recommended)]).toEqual([false, false, true]);
  });

  test('and what it keeps names no address of a person', () => {
    const all = { ...nothing, ...customer('John@Acme.com'), samePayment: ['k2'], secondsToPurchase: 1 };
    expect(JSON.stringify(hitsOf(all, recommended))).not.toMatch(/john|@/i);
  });
});

describe('a score', () => {
  const hit = fc.record({
    mode: fc.constantFrom('SHADOW' as const, 'HOLD' as const, 'BLOCK' as const),
    weight: fc.integer({ min: 1, max: 100 }),
  });
  const rank = Object.keys(FraudOutcome);

  test('never lowers the score or the outcome with an additional match', () => {
    fc.assert(
      fc.property(
        fc.array(hit, { maxLength: 12 }),
        hit,
        fc.integer({ min: 1, max: 100 }),
        (hits, more, limit) => {
          const [before, after] = [judge(hits, limit), judge([...hits, more], limit)];
          expect(after.score).toBeGreaterThanOrEqual(before.score);
          expect(after.shadowScore).toBeGreaterThanOrEqual(before.shadowScore);
          expect(rank.indexOf(after.outcome)).toBeGreaterThanOrEqual(rank.indexOf(before.outcome));
          expect(after.score).toBeLessThanOrEqual(after.shadowScore);
          expect(after.shadowScore).toBeLessThanOrEqual(100);
        },
      ),
    );
  });

  test.each([
    [
      'holds at the threshold',
      [
        ['HOLD', 30],
        ['HOLD', 20],
      ],
      'HELD',
    ],
    [
      'does not hold below it',
      [
        ['HOLD', 30],
        ['HOLD', 19],
      ],
      'NOTED',
    ],
    [
      'would hold with what is in shadow',
      [
        ['HOLD', 30],
        ['SHADOW', 20],
      ],
      'WOULD_HOLD',
    ],
    ['holds for nothing in shadow', [['SHADOW', 100]], 'WOULD_HOLD'],
    ['does not matter where a rule blocks', [['BLOCK', 1]], 'BLOCKED'],
  ] as const)('%s', (_, hits, outcome) => {
    const given = hits.map(([mode, weight]) => ({ mode, weight }));
    expect(judge(given, 50).outcome).toBe(outcome);
  });
});

test('counts the most sales of an hour the same for each sale, in any order of recording', () => {
  const minutes = fc.array(fc.integer({ min: 0, max: 180 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(minutes, (told) => {
      const times = told.map((minute) => minute * 60_000);
      const most = (order: number[]) =>
        Math.max(...order.map((time, index) => mostInAnHour(order.slice(0, index), new Date(time))));
      const busiest = Math.max(
        ...times.map((from) => times.filter((time) => time >= from && time < from + 3_600_000).length),
      );
      expect(most(times)).toBe(busiest);
      expect(most(times.toSorted((a, b) => b - a))).toBe(busiest);
    }),
  );
});
