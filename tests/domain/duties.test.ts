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
      ({ act, after, money, ofSource, sentence, policy, unless, instead }) =>
        `| ${acts[act]} | ${of(after)}${ofSource ? ' (another commission of the same sale)' : ''} | ${money}${unless ? `, unless ${unless}` : ''} | ${instead ?? sentence} | ${policy ? 'yes' : 'no'} |`,
    );
    const made = [
      '| A person who | must not be the one who | on the same money: | Refusal | Also by a policy |',
      '|---|---|---|---|---|',
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
  interface Rule {
    readonly effect: string;
    readonly actions: readonly string[];
    readonly roles?: readonly string[];
    readonly condition: { readonly match: { readonly expr: string } };
    readonly output: { readonly when: { readonly ruleActivated: string } };
  }
  const rulesOf = (kind: string): Rule[] =>
    parse(readFileSync(join(root, `src/policies/${kind}.yaml`), 'utf8')).resourcePolicy.rules;
  const inPolicies = table.flatMap(({ policy, sentence }) => (policy ? [{ ...policy, sentence }] : []));

  test.each(inPolicies)('deny $action on a $kind by $attribute with the sentence of the duty', (each) => {
    const { kind, action, attribute, sentence } = each;
    const rules = rulesOf(kind).filter(
      ({ effect, actions, output }) =>
        effect === 'EFFECT_DENY' &&
        actions.includes(action) &&
        output.when.ruleActivated === JSON.stringify(sentence),
    );
    expect(rules).toHaveLength(1);
    expect(rules[0]?.roles).toEqual(['*']);
    expect(rules[0]?.condition.match.expr).toContain(`R.attr.${attribute}`);
  });

  test('deny by no other duty', () => {
    const kinds = [...new Set(inPolicies.map(({ kind }) => kind))];
    const denied = kinds.flatMap((kind) =>
      rulesOf(kind)
        .filter(({ effect }) => effect === 'EFFECT_DENY')
        .map(({ output }) => JSON.parse(output.when.ruleActivated)),
    );
    expect(new Set(denied)).toEqual(new Set(inPolicies.map(({ sentence }) => sentence)));
  });
});
