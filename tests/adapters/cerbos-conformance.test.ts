import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedCerbos, startEmbeddedCerbos } from '../../src/adapters/cerbos/embedded-cerbos.ts';
import { type AllowList, conditionsOf } from '../../src/kernel/data/plan-to-sql.ts';
import { prepare, sql } from '../../src/kernel/data/sql.ts';
import type { Attributes, Operand, Plan, Principal } from '../../src/ports/policy-decision.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const FOLDER = fileURLToPath(
  new URL('../../../shared/integrations/data/cerbos-conformance', import.meta.url),
);
const present = existsSync(FOLDER);
if (!present) process.stderr.write(`skipped: the Cerbos conformance vectors are not at ${FOLDER}\n`);

const json = (name: string) => JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8'));

type Scalar = string | number | boolean | null;
interface Seed {
  readonly id: string;
  readonly aBool: boolean;
  readonly aString: string;
  readonly aNumber: number;
  readonly aOptionalString: string | null;
  readonly parentSeedId: string | null;
}

/** What the table holds and what a policy may see, under the same names; a dot leads into an object. */
const columns = {
  aBool: 'boolean',
  aString: 'text',
  aNumber: 'double precision',
  aOptionalString: 'text',
  aDouble: 'double precision',
  scope: 'text',
  owner: 'text',
  coOwner: 'text',
  'obj.inner': 'text',
  'parent.aBool': 'boolean',
  'parent.aNumber': 'double precision',
  'parent.aString': 'text',
  'parent.aOptionalString': 'text',
  'parent.inner.aBool': 'boolean',
  'parent.inner.aNumber': 'double precision',
  'parent.inner.aString': 'text',
  'parent.inner.aOptionalString': 'text',
} as const;
const typeOf = { boolean: 'boolean', text: 'string', 'double precision': 'number' } as const;
const allowed: AllowList = Object.fromEntries(
  Object.entries(columns).map(([name, type]) => [name, { sql: `s."${name}"`, is: typeOf[type] }]),
);

function rowsOf(seeds: readonly Seed[]): Map<string, Record<string, Scalar>> {
  const derived = json('derived-fields.json').derived as Record<string, Record<string, Scalar>>;
  const byId = new Map(seeds.map((seed) => [seed.id, seed]));
  const scalars = (under: string, seed: Seed | undefined) =>
    Object.fromEntries(
      (['aBool', 'aString', 'aNumber', 'aOptionalString'] as const).map((name) => [
        `${under}${name}`,
        seed?.[name] ?? null,
      ]),
    );
  return new Map(
    seeds.map((seed) => {
      const parent = byId.get(seed.parentSeedId ?? '');
      const { aDouble = null, scope = null } = derived[seed.id] ?? {};
      return [
        seed.id,
        {
          ...scalars('', seed),
          ...scalars('parent.', parent),
          ...scalars('parent.inner.', byId.get(parent?.parentSeedId ?? '')),
          aDouble,
          scope,
          owner: seed.aOptionalString,
          coOwner: scope,
          'obj.inner': seed.aString,
        },
      ];
    }),
  );
}

/** As a policy sees the row: what is NULL does not exist. */
function attributesOf(row: Record<string, Scalar>): Attributes {
  const attributes: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(row)) {
    if (value === null) continue;
    const names = path.split('.');
    let at = attributes;
    for (const name of names.slice(0, -1)) {
      at[name] ??= {};
      at = at[name] as Record<string, unknown>;
    }
    at[names.at(-1) as string] = value;
  }
  return attributes as Attributes;
}

interface Wire {
  readonly expression?: { readonly operator: string; readonly operands: readonly Wire[] };
  readonly variable?: string;
  readonly value?: unknown;
}
const operandOf = ({ expression, variable, value }: Wire): Operand =>
  expression
    ? { operator: expression.operator, operands: expression.operands.map(operandOf) }
    : variable !== undefined
      ? { variable }
      : { value };
function planOf({ kind, condition }: { kind: string; condition?: Wire }): Plan {
  if (kind === 'KIND_CONDITIONAL') return { kind: 'CONDITIONAL', condition: operandOf(condition as Wire) };
  return { kind: kind === 'KIND_ALWAYS_ALLOWED' ? 'ALWAYS_ALLOWED' : 'ALWAYS_DENIED' };
}

const OURS = new Set(['and', 'or', 'not', 'eq', 'ne', 'in']);
const operatorsOf = (operand: Operand): string[] =>
  'operator' in operand ? [operand.operator, ...operand.operands.flatMap(operatorsOf)] : [];
const simple = (plan: Plan): boolean =>
  plan.kind !== 'CONDITIONAL' || operatorsOf(plan.condition).every((operator) => OURS.has(operator));

describe.skipIf(!present)(
  'the vectors of Cerbos, as SQL on PostgreSQL and as checks of the same rows',
  () => {
    const { seeds, principal: given, resourceKind } = present ? json('seeds.json') : { seeds: [] };
    const actions: string[] = present
      ? readdirSync(`${FOLDER}/wire-fixtures`).map((name) => name.replace(/\.json$/, ''))
      : [];
    // Cerbos itself answers otherwise to has() in a plan than in a check.
    const broken = new Set<string>(
      present ? json('actions.json').knownDivergences.map(({ action }: { action: string }) => action) : [],
    );
    const rows = present ? rowsOf(seeds) : new Map<string, Record<string, Scalar>>();
    let database: TestDatabase;
    let pdp: EmbeddedCerbos;
    let principal: Principal;
    const agreed: string[] = [];
    const thrown: string[] = [];

    beforeAll(async () => {
      principal = { id: given.id, role: given.roles[0], attributes: given.attr };
      database = await createDatabase();
      pdp = await startEmbeddedCerbos(`${FOLDER}/policies`, { deadlineMs: 5_000 });
      const names = Object.keys(columns);
      await database.pool.query(
        `create table seeds (id text primary key, ${Object.entries(columns).map(([name, type]) => `"${name}" ${type}`)})`,
      );
      for (const [id, row] of rows)
        await database.pool.query(
          `insert into seeds (id, ${names.map((name) => `"${name}"`)}) values ($1, ${names.map((_, i) => `$${i + 2}`)})`,
          [id, ...names.map((name) => row[name])],
        );
    });
    afterAll(async () => {
      process.stderr.write(
        `Cerbos conformance: ${actions.length} vectors, ${agreed.length} translated and agreed, ${thrown.length} refused by the translation, ${broken.size} left out\n`,
      );
      await pdp.close();
      await database.drop();
    });

    const selected = async (plan: Plan): Promise<string[]> => {
      const { text, values } = prepare(
        sql`select s.id from seeds s where ${sql.and(conditionsOf(plan, allowed))} order by s.id`,
      );
      return (await database.pool.query(text, values)).rows.map(({ id }) => id);
    };
    const checked = async (action: string): Promise<string[]> => {
      const questions = Array.from(rows, ([id, row]) => ({
        kind: resourceKind as string,
        id,
        attributes: attributesOf(row),
        actions: [action],
      }));
      const verdicts = await pdp.check(principal, questions);
      return questions.flatMap(({ id }, i) => (verdicts[i]?.allowed.has(action) ? [id] : [])).sort();
    };
    const translates = (plan: Plan): boolean => {
      try {
        conditionsOf(plan, allowed);
        return true;
      } catch (error) {
        expect(String(error)).toMatch(/cannot be translated to SQL/);
        return false;
      }
    };

    test.each(actions.filter((action) => !broken.has(action)))('%s', async (action) => {
      const recorded = planOf(json(`wire-fixtures/${action}.json`).filter);
      const live = await pdp.plan(principal, resourceKind, action);
      expect(translates(live)).toBe(translates(recorded));
      if (!translates(live)) {
        thrown.push(action);
        return;
      }
      expect(simple(live)).toBe(true);
      const ids = await checked(action);
      expect(await selected(live)).toEqual(ids);
      expect(await selected(recorded)).toEqual(ids);
      agreed.push(action);
    });

    test('of which those are refused whose operators or operands are not ours', () => {
      expect(agreed).toEqual(
        expect.arrayContaining([
          'in-empty',
          'not-and',
          'triple-negation',
          'vf-ne',
          'optional-ne',
          'in-single',
        ]),
      );
      expect(agreed.length).toBeGreaterThanOrEqual(25);
      expect(thrown).toEqual(
        expect.arrayContaining(['null-eq', 'like-percent', 'or-eq-in', 'in-null-elem-mixed']),
      );
    });
  },
);
