import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * `npm run check:words` keeps the text of the product in plain English (CONTRIBUTING.md). It looks for vague words in
 * descriptions, messages, comments, documents and names of tests.
 */
process.chdir(join(import.meta.dirname, '..'));

const WORDS: readonly (readonly [RegExp, instead: string])[] = [
  [
    // The Unix account is allowed: `nobody`.
    /\b(nobody(?!(?<=['`]nobody)['`])|somebody|anybody|whoever|whomever)\b/i,
    'name the person or role: "no person", "another person", "the caller"',
  ],
  [/\banswers? with\b/i, '"returns"'],
  [/\b(told|heard)\b/i, '"reported", "stated", "received"'],
  [/\bby (itself|themselves)\b/i, '"automatically", "separately"'],
  [/\bwhat (is|was|became|comes|came)\b/i, 'name the thing'],
  [
    /(?<!\b(person|partner|caller|member|actor|customer|user|approver|people|staff)s?,? )\bwho (is|may|has)\b/i,
    'name the person or role',
  ],
  [/\bas to whose\b|\bwhose is\b/i, 'name the owner'],
  [/\banew\b/i, '"again"'],
  [/\bDOMAIN\b.{0,12}\b(section|[A-Z]\d)|\bshared\/\w+/, 'spell the rule out, or link to docs/'],
];

// These files quote the words: the list itself, and the glossary.
const EXCEPT = ['scripts/check-words.ts', 'docs/glossary.md'];
const TEXTS = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/**/*.md',
  'schema.graphql',
  '.env.example',
];
const CODE = ['{src,bench,scripts,migrations}/**/*.{ts,tsx}', '*.ts'];
const SQL = ['src/**/*.sql'];
const TESTS = ['tests/**/*.ts'];

interface Piece {
  readonly line: number;
  readonly text: string;
}

const lines = (text: string, first = 1): Piece[] =>
  text.split('\n').map((each, at) => ({ line: first + at, text: each }));

/** Returns the comments and string literals of a TypeScript file; of a test file, only the names of its tests. */
function texts(path: string, source: string, isTest: boolean): Piece[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line + 1;
  const found = new Map<number, string>();
  const visit = (node: ts.Node): void => {
    if (!isTest)
      for (const range of ts.getLeadingCommentRanges(source, node.pos) ?? [])
        found.set(range.pos, source.slice(range.pos, range.end));
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      if (!isTest || isTestName(node)) found.set(node.getStart(), node.getText());
    ts.forEachChild(node, visit);
  };
  visit(file);
  if (!isTest)
    for (const { index } of source.matchAll(/\/\/ .*/g))
      if (!found.has(index)) found.set(index, source.slice(index).split('\n', 1)[0] ?? '');
  return Array.from(found, ([position, text]) => lines(text, lineOf(position))).flat();
}

function isTestName(node: ts.Node): boolean {
  const call = ts.isTemplateHead(node) ? node.parent.parent : node.parent;
  return (
    ts.isCallExpression(call) &&
    /^(test|describe|it)\b/.test(call.expression.getText()) &&
    call.arguments[0]?.pos === (ts.isTemplateHead(node) ? node.parent.pos : node.pos)
  );
}

const withoutCode = (markdown: string): string =>
  markdown.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, '')).replace(/`[^`\n]*`/g, '');

async function* pieces(): AsyncGenerator<[path: string, Piece[]]> {
  for await (const path of glob(TEXTS)) {
    const text = await readFile(path, 'utf8');
    yield [path, lines(path.endsWith('.md') ? withoutCode(text) : text)];
  }
  for await (const path of glob(CODE)) yield [path, texts(path, await readFile(path, 'utf8'), false)];
  for await (const path of glob(TESTS)) yield [path, texts(path, await readFile(path, 'utf8'), true)];
  for await (const path of glob(SQL))
    yield [path, lines(await readFile(path, 'utf8')).filter(({ text }) => /--|comment on|^\s*'/.test(text))];
}

let faults = 0;
for await (const [path, found] of pieces()) {
  if (EXCEPT.includes(path)) continue;
  for (const { line, text } of found)
    for (const [word, instead] of WORDS) {
      const match = word.exec(text);
      if (!match) continue;
      faults++;
      console.log(`${path}:${line}: "${match[0]}": write ${instead}`);
    }
}
if (faults > 0) {
  console.log(`${faults} places are not in plain English.`);
  process.exitCode = 1;
}
