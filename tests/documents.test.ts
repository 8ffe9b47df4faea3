import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeDemoData } from '../src/demo/demo-data.ts';
import { SkipReason } from '../src/domain/payout.ts';
import { createTestApp, type TestApp } from './support/app.ts';
import { createDatabase } from './support/database.ts';
import {
  anchorsOf,
  type Block,
  blocksOf,
  differences,
  documentJson,
  documentPaths,
  proseOf,
  readDocument,
  root,
  sourceFiles,
} from './support/documents.ts';

/** `UPDATE_DOCS=1` writes the answers of this run into the documents. */
const UPDATE = process.env['UPDATE_DOCS'] === '1';
const ACME = '550e8400-e29b-41d4-a716-446655440000';

const people = {
  ada: { role: 'PROGRAM_MANAGER' },
  maria: { role: 'FINANCE' },
  tom: { role: 'FINANCE' },
  ana: { role: 'ANALYST' },
  admin: { role: 'PLATFORM_ADMIN' },
} as const;

/** The documents are written in November 2026: these days stand for the current month. */
function currentMonth(): Map<string, string> {
  const now = new Date();
  const day = (month: number, date: number) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + month, date)).toISOString().slice(0, 10);
  return new Map([
    ['2026-11-01', day(0, 1)],
    ['2026-11-30', day(1, 0)],
  ]);
}

interface Call {
  readonly block: Block;
  readonly answer: Block | null;
}

function callsOf(path: string): Call[] {
  const blocks = blocksOf(readDocument(path));
  return blocks.flatMap((block, index) => {
    if (block.language !== 'graphql' && !block.options.has('run')) return [];
    const next = blocks[index + 1];
    return [{ block, answer: next?.language === 'json' ? next : null }];
  });
}

describe('documents', () => {
  const documents = documentPaths();

  describe('name only what exists:', () => {
    const scripts = Object.keys(JSON.parse(readDocument('package.json')).scripts);
    const vocabulary = new Set(
      [...sourceFiles(), ...['schema.graphql', '.env.example', 'docker-compose.yml'].map(readDocument)]
        .join('\n')
        .match(/\b\w+\b/g),
    );
    vocabulary.add('UPDATE_DOCS');

    /** What `find` names in each document and `exists` does not know, with the document. */
    const missing = (
      find: (markdown: string) => (string | undefined)[],
      exists: (name: string, path: string) => boolean,
    ): string[] =>
      documents.flatMap((path) =>
        find(readDocument(path))
          .filter((name) => name !== undefined && !exists(name, path))
          .map((name) => `${path}: ${name}`),
      );
    const matches = (text: string, pattern: RegExp) =>
      [...text.matchAll(pattern)].map(([all, first, second]) => first ?? second ?? all);

    test('relative links and anchors', () => {
      const found = missing(
        (markdown) => matches(proseOf(markdown), /\]\(([^)\s]+)\)|src="([^"]+)"/g),
        (link, path) => {
          const [file = '', anchor] = link.split('#');
          if (/^[a-z]+:/.test(link)) return true;
          const target = file === '' ? path : normalize(join(dirname(path), file));
          return (
            existsSync(join(root, target)) &&
            (anchor === undefined || anchorsOf(readDocument(target)).has(anchor))
          );
        },
      );
      expect(found).toEqual([]);
    });

    test('npm scripts', () => {
      const found = missing(
        (markdown) => matches(markdown, /npm run (?:-s )?([\w:-]+)/g),
        (name) => scripts.includes(name),
      );
      expect(found).toEqual([]);
    });

    test('files and folders', () => {
      const found = missing(
        (markdown) => matches(markdown, /(?<![\w/.-])(?:src|tests|docs|migrations|scripts)\/[\w./-]*\w/g),
        (name) => ['', '.test.ts'].some((ending) => existsSync(join(root, name + ending))),
      );
      expect(found).toEqual([]);
    });

    test('fields, arguments, enum values, variables and functions in inline code', () => {
      const found = missing(
        (markdown) =>
          matches(proseOf(markdown), /`([^`\n]+)`/g).flatMap((code) =>
            matches(code, /\b(?:[a-z]+[A-Z]\w*|[A-Z]+(?:_[A-Z]+)+)\b/g),
          ),
        (name, path) => vocabulary.has(name) || path === 'docs/glossary.md',
      );
      expect(found).toEqual([]);
    });
  });

  test('SECURITY.md names a test for its promises', () => {
    const promises = readDocument('SECURITY.md')
      .split('## What we promise')[1]
      ?.split('## What we do not')[0];
    const items = promises?.split(/^- /m).slice(1) ?? [];
    expect(items.length).toBeGreaterThan(25);
    expect(items.filter((item) => !/\[tests\/[^\]]+\]\s*(###.*\s*)?$/.test(item))).toEqual([]);
  });

  test('docs/api/errors.md has every reason of the code', () => {
    const list = readDocument('docs/api/errors.md') + readDocument('docs/concepts/payouts.md');
    const stated = sourceFiles().flatMap((text) =>
      [...text.matchAll(/reason: '([A-Z_]{3,})'/g)].map(([, reason]) => reason),
    );
    const reasons = new Set([...stated, ...Object.keys(SkipReason)]);
    expect([...reasons].filter((reason) => !list.includes(`\`${reason}\``))).toEqual([]);
  });

  describe('show answers that the product gives:', () => {
    const schema = buildSchema(readFileSync(join(root, 'schema.graphql'), 'utf8'));
    let app: TestApp;
    let url: string;

    beforeAll(async () => {
      const database = await createDatabase();
      await makeDemoData(database.pool, { now: new Date() });
      app = await createTestApp({}, {}, database);
      await app.app.startWorker();
      url = `http://127.0.0.1:${await app.app.listen()}`;
    }, 120_000);
    afterAll(() => app.close());

    const tokens = new Map<string, Promise<string>>();
    function tokenFor(name: string | undefined, known: Map<string, string>): Promise<string | null> {
      if (name === undefined || name === 'anonymous') return Promise.resolve(null);
      const [who = '', id = ACME] = name.split(':');
      const partner = who === 'partner' ? (known.get(id) ?? id) : undefined;
      const key = partner ?? who;
      let token = tokens.get(key);
      if (!token) {
        const role = partner ? 'PARTNER' : people[who as keyof typeof people].role;
        token = app.token(role, { tenant: 'demo', user: key, ...(partner && { partner }) });
        tokens.set(key, token);
      }
      return token;
    }

    async function run({ options, text, language }: Block, known: Map<string, string>): Promise<unknown> {
      const source = [...known].reduce(
        (out, [documented, actual]) => out.replaceAll(documented, actual),
        text,
      );
      const token = await tokenFor(options.get('as'), known);
      if (language === 'graphql') return app.send(token, source);
      const { promisify } = await import('node:util');
      const { execFile } = await import('node:child_process');
      const shell = source.replaceAll('http://localhost:3500', url).replaceAll('localhost:3500', url);
      const { stdout } = await promisify(execFile)('bash', ['-c', shell], {
        env: { ...process.env, TOKEN: token ?? '' },
      });
      return JSON.parse(stdout);
    }

    const isMutation = (block: Block) => block.language !== 'graphql' || /^\s*mutation\b/.test(block.text);

    for (const path of documents) {
      const calls = callsOf(path);
      if (calls.length === 0) continue;
      const known = currentMonth();
      const answers = new Map<Block, string>();

      test(`${path}, ${calls.length} calls`, async () => {
        for (const { block, answer } of calls) {
          const at = `${path}:${block.line}`;
          if (block.language === 'graphql') {
            const faults = validate(schema, parse(block.text)).map(({ message }) => message);
            expect([at, faults]).toEqual([at, []]);
            if (/^\s*(subscription|fragment)\b/.test(block.text)) continue;
          }
          if (block.options.has('parse')) continue;
          const documented = answer && answer.text.trim() !== '' ? JSON.parse(answer.text) : null;
          const shapeOnly = answer?.options.has('shape') ?? false;
          let found: string[] = [];
          let actual: unknown;
          for (const end = Date.now() + (UPDATE ? 3_000 : 10_000); ; ) {
            actual = await run(block, known);
            if (documented !== null) found = differences(documented, actual, known, shapeOnly);
            else found = 'errors' in (actual as object) ? [JSON.stringify(actual)] : [];
            if (found.length === 0 || isMutation(block) || Date.now() > end) break;
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          if (UPDATE && answer && 'errors' in (actual as object) === 'errors' in documented) {
            const text = [...known].reduce(
              (out, [from, to]) => out.replaceAll(to, from),
              documentJson(actual),
            );
            answers.set(answer, text);
          } else expect([at, ...found]).toEqual([at]);
        }
        if (UPDATE) write(path, answers);
      }, 120_000);
    }
  });
});

function write(path: string, answers: ReadonlyMap<Block, string>): void {
  const lines = readDocument(path).split('\n');
  for (const [{ line, text }, answer] of [...answers].reverse())
    lines.splice(
      line,
      text === '' && lines[line] === '```' ? 0 : text.split('\n').length,
      ...answer.split('\n'),
    );
  writeFileSync(join(root, path), lines.join('\n'));
}
