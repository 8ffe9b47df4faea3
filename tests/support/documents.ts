import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { idOf } from '../../scripts/site/markdown.ts';

export const root = join(import.meta.dirname, '../..');
const ROOT_FILES = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];

export interface Block {
  readonly line: number;
  readonly language: string;
  /** Words after the language: `as=ada` names the caller, `shape` compares the structure of an answer only. */
  readonly options: ReadonlyMap<string, string>;
  readonly text: string;
}

/** Paths of all Markdown files that are documents, relative to the repository. */
export function documentPaths(): string[] {
  const found = readdirSync(join(root, 'docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  return [...ROOT_FILES, ...found.sort()];
}

export const readDocument = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The text of every source file. */
export const sourceFiles = (): string[] =>
  readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|sql|graphql|yaml)$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));

/** The fenced code blocks of a document. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; info: string; lines: string[] } | null = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (!fence) open?.lines.push(line);
    else if (open) {
      const [language = '', ...words] = open.info.trim().split(/\s+/);
      const options = new Map(words.map((word) => [word.split('=')[0] ?? '', word.split('=')[1] ?? '']));
      blocks.push({ line: open.line, language, options, text: open.lines.join('\n') });
      open = null;
    } else open = { line: index + 1, info: fence[1] ?? '', lines: [] };
  }
  if (open) throw new Error(`the code block of line ${open.line} is not closed`);
  return blocks;
}

/** The part of a document that is not code. */
export function proseOf(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, (block) => '\n'.repeat(block.split('\n').length - 1));
}

/** The anchors that GitHub and the `/docs` pages give to the headings of a document. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of proseOf(markdown).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = idOf(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
    for (let n = 0; ; n++) {
      const anchor = n === 0 ? slug : `${slug}-${n}`;
      if (anchors.has(anchor)) continue;
      anchors.add(anchor);
      break;
    }
  }
  return anchors;
}

const GENERATED: readonly RegExp[] = [
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, // ids
  /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/, // instants
  /^\d{4}-\d{2}-\d{2}$/, // days
  /^[A-Z]{4}[A-Z0-9]{6}$/, // referral codes
  /^sandbox_[0-9a-f]+$/, // references of the sandbox rail
  /^pp_test_\w+$/, // API keys
  /^[\w-]{80,}$/, // cursors and tokens
];

const isGenerated = (value: string): boolean => GENERATED.some((pattern) => pattern.test(value));

/** Where an answer is not the documented one. Values that each run makes anew are remembered in `known`, from the documented
 *  one to the one of this run. */
export function differences(
  documented: unknown,
  actual: unknown,
  known: Map<string, string>,
  shapeOnly: boolean,
  path = 'answer',
): string[] {
  const isNot = (expected: unknown) => [
    `${path} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`,
  ];
  if (documented !== null && typeof documented === 'object') {
    if (actual === null || typeof actual !== 'object') {
      return shapeOnly && actual === null ? [] : isNot(documented);
    }
    const [expected, found] = [Object.entries(documented), actual as Record<string, unknown>];
    const sameKeys = Object.keys(found).join() === expected.map(([key]) => key).join();
    const shorter =
      Array.isArray(documented) && shapeOnly && (expected.length === 0 || Object.keys(found).length > 0);
    const inner = expected
      .filter(([key]) => !Array.isArray(documented) || key in found)
      .flatMap(([key, value]) => differences(value, found[key], known, shapeOnly, `${path}.${key}`));
    return sameKeys || shorter ? inner : [...isNot(documented), ...inner];
  }
  if (typeof documented === 'string' && typeof actual === 'string' && isGenerated(documented)) {
    if (!isGenerated(actual) && known.get(documented) !== actual) return isNot(documented);
    if (documented !== actual) known.set(documented, actual);
    return [];
  }
  const sameShape = documented === null || actual === null || typeof documented === typeof actual;
  return documented === actual || (shapeOnly && sameShape) ? [] : isNot(documented);
}

/** JSON as the documents write it: a value on one line where that has at most 110 characters. */
export function documentJson(value: unknown, indent = ''): string {
  const line = JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, ' ')
    .replace(/([[{]) /g, '$1')
    .replace(/ ([\]}])/g, '$1');
  if (indent.length + line.length <= 110 || value === null || typeof value !== 'object') return line;
  const inner = `${indent}  `;
  const rows = Array.isArray(value)
    ? value.map((item) => inner + documentJson(item, inner))
    : Object.entries(value).map(
        ([key, item]) => `${inner}${JSON.stringify(key)}: ${documentJson(item, inner)}`,
      );
  const [opening, closing] = Array.isArray(value) ? '[]' : '{}';
  return `${opening}\n${rows.join(',\n')}\n${indent}${closing}`;
}
