import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { acts, type Duty, duties, refusedBy } from '../../src/domain/duties.ts';

const root = join(import.meta.dirname, '../..');
const table: readonly Duty[] = duties;

describe('the table of duties', () => {
  test('names each pair of acts once', () => {
    const pairs = table.flatMap(({ act, after }) => after.map((earlier) => `${act} after ${earlier}`));
    expect(pairs).toEqual([...new Set(pairs)]);
  });

  test('gives a refusal with its reason and a full sentence for each duty', () => {
    for (const { act, reason, sentence, code = 'FORBIDDEN' } of duties.filter(
      (duty) => !('instead' in duty),
    ) as Duty[]) {
      const error = refusedBy(act, reason as (typeof duties)[number]['reason']);
      expect(error).toMatchObject({ code, message: sentence });
      expect(sentence).toMatch(/^You .+, so another (person|approver) must .+\.$/);
    }
  });

  test('refuses no act for an unknown reason', () => {
    expect(() => refusedBy('MAKE', 'OWN_LINE')).toThrow('no duty forbids MAKE by OWN_LINE');
  });

  test('is the table of the document', () => {
    const path = join(root, 'docs/concepts/duties.md');
    const text = readFileSync(path, 'utf8');
    const of = (names: readonly (keyof typeof acts)[]) => names.map((name) => acts[name]).join(', or ');
    const rows = table.map(
      ({ act, after, money, ofSource, sentence, unless, instead }) =>
        `| ${acts[act]} | ${of(after)}${ofSource ? ' (another commission of the same sale)' : ''} | ${money}${unless ? `, unless ${unless}` : ''} | ${instead ?? sentence} |`,
    );
    const made = [
      '| A person who | must not be the one who | on the same money: | Refusal |',
      '|---|---|---|---|',
      ...rows,
    ].join('\n');
    const wanted = text.replace(
      /<!-- duties -->[\s\S]*<!-- \/duties -->/,
      `<!-- duties -->\n${made}\n<!-- /duties -->`,
    );
    if (process.env['UPDATE_DOCS']) writeFileSync(path, wanted);
    else expect(text).toBe(wanted);
  });
});

describe('the policies', () => {
  /** The duties that a policy decides too: its action, and the attribute with the people whom the duty keeps from it. */
  const inPolicies = [
    { act: 'APPROVE', reason: 'OWN_LINE', policy: 'commission', action: 'approve', attribute: 'makers' },
    {
      act: 'APPROVE',
      reason: 'DECIDED_SOURCE',
      policy: 'commission',
      action: 'approve',
      attribute: 'deciders',
    },
    { act: 'APPROVE', reason: 'OWN_TERMS', policy: 'commission', action: 'approve', attribute: 'pricers' },
    { act: 'RELEASE', reason: 'OWN_LINE', policy: 'commission', action: 'review', attribute: 'makers' },
    {
      act: 'CONFIRM_RATE',
      reason: 'OWN_RATE',
      policy: 'program',
      action: 'confirmRate',
      attribute: 'createdBy',
    },
    {
      act: 'APPROVE_PAYOUT',
      reason: 'OWN_PAYOUT',
      policy: 'payout',
      action: 'approve',
      attribute: 'createdBy',
    },
  ];

  test.each(inPolicies)('deny $action on a $policy by $reason with the sentence of the duty', (each) => {
    const { act, reason, policy, action, attribute } = each;
    const { resourcePolicy } = parse(readFileSync(join(root, `src/policies/${policy}.yaml`), 'utf8'));
    const sentence = table.find((duty) => duty.act === act && duty.reason === reason)?.sentence;
    const rules = resourcePolicy.rules.filter(
      ({
        effect,
        actions,
        output,
      }: {
        effect: string;
        actions: string[];
        output: { when: { ruleActivated: string } };
      }) =>
        effect === 'EFFECT_DENY' &&
        actions.includes(action) &&
        output.when.ruleActivated === JSON.stringify(sentence),
    );
    expect(rules).toHaveLength(1);
    expect(rules[0].roles).toEqual(['*']);
    expect(rules[0].condition.match.expr).toContain(`R.attr.${attribute}`);
  });
});
