import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { actorOf } from '../../src/kernel/request/actor.ts';
import { authorityOf } from '../../src/kernel/request/authority.ts';
import { rememberDecisions } from '../../src/kernel/request/remembered-decisions.ts';
import { logger } from '../../src/log.ts';
import type { PolicyDecision, Principal, Question } from '../../src/ports/policy-decision.ts';
import { POLICIES } from '../support/pdp.ts';

const maria: Principal = { id: 'maria', role: 'FINANCE', attributes: { tenantId: 'acme', scopes: null } };
const payout = (more: Question['attributes'] = {}, id = '1'): Question => ({
  kind: 'payout',
  id,
  attributes: { tenantId: 'acme', partnerId: 'p1', createdBy: 'tom', ...more },
  actions: ['approve'],
});

/** Approves what another person created, counts the questions, and is gone while `down`. */
function service({ validForMs = Number.POSITIVE_INFINITY, down = false } = {}) {
  const asked: Question[] = [];
  let plans = 0;
  const gone = () => Promise.reject(new Error('no policy service'));
  const policy: PolicyDecision = {
    check(principal, questions) {
      if (state.down) return gone();
      asked.push(...questions);
      return Promise.resolve(
        questions.map(({ attributes }) => ({
          allowed: new Set(attributes['createdBy'] === principal.id ? [] : ['approve']),
          reason: null,
        })),
      );
    },
    plan() {
      if (state.down) return gone();
      plans++;
      return Promise.resolve({ kind: 'ALWAYS_ALLOWED' });
    },
    probe: () => (state.down ? gone() : Promise.resolve()),
    validForMs,
    reads: (attribute) => attribute !== 'amountMinor',
    close: async () => {},
  };
  const state = { down, policy, asked, plans: () => plans };
  return state;
}

afterEach(() => void vi.useRealTimers());

describe('a decision that is remembered', () => {
  test('is asked for once, for every row with the same attributes', async () => {
    const { policy, asked } = service();
    const remembering = rememberDecisions(policy);
    for (const id of ['1', '2', '3']) {
      const [verdict] = await remembering.check(maria, [payout({}, id)]);
      expect(verdict?.allowed.has('approve')).toBe(true);
    }
    expect(asked).toHaveLength(1);
  });

  test('is not asked for again when only an attribute differs that no policy reads, or that is null', async () => {
    const { policy, asked } = service();
    const remembering = rememberDecisions(policy);
    for (const more of [{ amountMinor: 1 }, { amountMinor: 2 }, { amountMinor: 2, status: null }])
      await remembering.check(maria, [payout(more)]);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['another creator', maria, payout({ createdBy: 'maria' })],
    ['another tenant', maria, payout({ tenantId: 'other' })],
    ['another partner', maria, payout({ partnerId: 'p2' })],
    ['an attribute that is missing', maria, payout({ createdBy: null })],
    ['an attribute that is added', maria, payout({ status: 'PENDING' })],
    ['an attribute of another type', maria, payout({ partnerId: 1 })],
    ['another person', { ...maria, id: 'tom' }, payout()],
    ['another role', { ...maria, role: 'ANALYST' }, payout()],
    [
      'a caller with scopes',
      { ...maria, attributes: { tenantId: 'acme', scopes: ['payout:decide'] } },
      payout(),
    ],
    ['another kind of row', maria, { ...payout(), kind: 'commission' }],
    ['another action', maria, { ...payout(), actions: ['cancel'] }],
  ] as const)('is no answer for %s', async (_, principal, question) => {
    const { policy, asked } = service();
    const remembering = rememberDecisions(policy);
    await remembering.check(maria, [payout()]);
    await remembering.check(principal, [question]);
    expect(asked).toHaveLength(2);
  });

  test('is asked for once by simultaneous callers, and a batch asks only for new decisions', async () => {
    const { policy, asked } = service();
    const remembering = rememberDecisions(policy);
    await Promise.all([
      remembering.check(maria, [payout(), payout()]),
      remembering.check(maria, [payout(), payout({ partnerId: 'p2' })]),
    ]);
    expect(asked.map(({ attributes }) => attributes['partnerId'])).toEqual(['p1', 'p2']);
    const verdicts = await remembering.check(maria, [
      payout({ createdBy: 'maria' }),
      payout(),
      payout({ partnerId: 'p2' }),
    ]);
    expect(verdicts.map(({ allowed }) => allowed.has('approve'))).toEqual([false, true, true]);
    expect(asked).toHaveLength(3);
  });

  test('stays while the policy service is gone, and everything else is refused', async () => {
    const state = service();
    const remembering = rememberDecisions(state.policy);
    await remembering.check(maria, [payout()]);
    await remembering.plan(maria, 'payout', 'read');
    state.down = true;
    expect((await remembering.check(maria, [payout()]))[0]?.allowed.has('approve')).toBe(true);
    expect(await remembering.plan(maria, 'payout', 'read')).toEqual({ kind: 'ALWAYS_ALLOWED' });
    await expect(remembering.check(maria, [payout({ partnerId: 'p2' })])).rejects.toThrow(
      'no policy service',
    );
    await expect(remembering.check(maria, [payout(), payout({ partnerId: 'p2' })])).rejects.toThrow();
    await expect(remembering.plan(maria, 'payout', 'approve')).rejects.toThrow('no policy service');
    state.down = false;
    await remembering.check(maria, [payout({ partnerId: 'p2' })]);
    expect(state.asked).toHaveLength(2);
  });

  test('is asked for again when the policies may have changed', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const state = service({ validForMs: 60_000 });
    const remembering = rememberDecisions(state.policy);
    await remembering.check(maria, [payout()]);
    vi.advanceTimersByTime(59_999);
    await remembering.check(maria, [payout()]);
    expect(state.asked).toHaveLength(1);
    vi.advanceTimersByTime(1);
    state.down = true;
    await expect(remembering.check(maria, [payout()])).rejects.toThrow('no policy service');
  });

  test('makes room for new ones, and the least used goes first', async () => {
    const { policy, asked } = service();
    const remembering = rememberDecisions(policy);
    const partners = Array.from({ length: 10_000 }, (_, i) => payout({ partnerId: `p${i}` }));
    await remembering.check(maria, partners);
    await remembering.check(maria, [partners[0] as Question]); // used
    await remembering.check(maria, [payout({ partnerId: 'one more' })]);
    asked.length = 0;
    await remembering.check(maria, [partners[0] as Question]);
    expect(asked).toHaveLength(0);
    await remembering.check(maria, [partners[1] as Question]);
    expect(asked).toHaveLength(1);
  });
});

test('the rights of a kind of caller are asked for once, and a failure is not remembered', async () => {
  const state = service({ down: true });
  const authority = authorityOf({ policy: state.policy, log: logger('silent') });
  const actor = actorOf({ id: 'maria', role: 'FINANCE', tenantId: 'acme', credential: 'TOKEN' });
  await expect(authority.granted(actor)).rejects.toThrow('no policy service');
  state.down = false;
  const granted = await authority.granted(actor);
  expect(granted.reads.get('payout')).toEqual({ kind: 'ALWAYS_ALLOWED' });
  const plans = state.plans();
  state.down = true;
  expect(authority.granted({ ...actor, id: 'another person' })).not.toBeInstanceOf(Promise);
  expect(state.plans()).toBe(plans);
});

test('no policy depends on the time, on the id of a row or on an attribute whose name is computed', () => {
  const files = readdirSync(POLICIES).filter((name) => name.endsWith('.yaml'));
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) {
    const text = readFileSync(`${POLICIES}/${file}`, 'utf8');
    expect
      .soft(text, file)
      .not.toMatch(/\bnow\b|timeSince|R\.id|resource\.id|attr\[|aux_?data|globals|\benv\b/i);
  }
});
