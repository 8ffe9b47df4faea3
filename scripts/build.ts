import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { build, transformWithOxc } from 'vite';
import { buildSite } from './site/build-site.ts';

/**
 * `npm run build` updates `dist`: the program (TypeScript without its types, which `npm run check:static` checks), every
 * other file that the program reads, the playground and the tracker. It writes only changed files.
 */
process.chdir(join(import.meta.dirname, '..'));
process.env['NODE_ENV'] = 'production'; // else React's development build is bundled

const PROGRAM = ['src/**', 'bench/**', 'migrations/**', 'mikro-orm.config.ts'];
const BROWSER = ['src/playground', 'src/tracker']; // Vite bundles them
const BUILT = 'dist/built.json'; // for each bundle, the hash of its sources

const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);
const secondsSince = (start: number): string => `${((performance.now() - start) / 1_000).toFixed(1)} s`;

async function files(patterns: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of glob(patterns, { withFileTypes: true }))
    if (entry.isFile()) found.push(relative('', join(entry.parentPath, entry.name)));
  return found.sort((a, b) => (a < b ? -1 : 1));
}

/** Returns the files of `dist` that are made from one source file. */
async function outputs(source: string): Promise<[path: string, content: Buffer][]> {
  const content = await readFile(source);
  if (!source.endsWith('.ts')) return [[join('dist', source), content]];
  const { code, map } = await transformWithOxc(content.toString(), source, {
    tsconfig: false,
    target: 'es2024',
    decorator: { legacy: true, emitDecoratorMetadata: true },
    typescript: { onlyRemoveTypeImports: true, rewriteImportExtensions: true },
    sourcemap: true,
  });
  const path = join('dist', source.replace(/\.ts$/, '.js'));
  const origin = relative(dirname(path), source);
  return [
    [path, Buffer.from(`${code}\n//# sourceMappingURL=${basename(path)}.map\n`)],
    [`${path}.map`, Buffer.from(JSON.stringify({ ...map, sources: [origin], sourcesContent: undefined }))],
  ];
}

/** Transpiles all files, which takes a tenth of a second, so there is no cache. Unchanged files are not written. */
async function buildProgram(): Promise<void> {
  const start = performance.now();
  const sources = (await files(PROGRAM)).filter((path) => !BROWSER.some((folder) => path.startsWith(folder)));
  const wanted = new Map((await Promise.all(sources.map(outputs))).flat());
  const present = await files([
    'dist/src/**',
    'dist/bench/**',
    'dist/migrations/**',
    'dist/mikro-orm.config.*',
  ]);
  await Promise.all(present.filter((path) => !wanted.has(path)).map((path) => rm(path)));
  const written = await Promise.all(Array.from(wanted, ([path, content]) => writeChanged(path, content)));
  const count = written.filter(Boolean).length;
  if (count) say(`  program: ${count} of ${wanted.size} files written (${secondsSince(start)})`);
}

async function writeChanged(path: string, content: Buffer): Promise<boolean> {
  if ((await readFile(path).catch(() => null))?.equals(content)) return false;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return true;
}

interface Bundle {
  readonly name: string;
  /** Glob patterns of the sources of the bundle, without the packages. */
  readonly from: readonly string[];
  make(): Promise<unknown>;
}

const vite = (root: string) => () => build({ root, logLevel: 'warn' });

const BUNDLES: readonly Bundle[] = [
  { name: 'tracker', from: ['src/tracker/**', 'src/domain/landing.ts'], make: vite('src/tracker') },
  { name: 'playground', from: ['src/playground/**', 'src/documents/**'], make: vite('src/playground') },
  {
    name: 'docs',
    from: ['*.md', 'docs/**', 'schema.graphql', 'scripts/site/**'],
    make: () => buildSite('dist/docs'),
  },
];

/** Builds the bundles whose sources, packages or this script changed. */
async function buildBundles(): Promise<void> {
  const built: Record<string, string> = JSON.parse(await readFile(BUILT, 'utf8').catch(() => '{}'));
  for (const { name, from, make } of BUNDLES) {
    const hash = createHash('sha256');
    for (const path of await files([...from, 'package-lock.json', 'scripts/build.ts']))
      hash.update(`${path}\n`).update(await readFile(path));
    const digest = hash.digest('hex');
    if (built[name] === digest && existsSync(join('dist', name))) continue;
    const start = performance.now();
    await make();
    say(`  ${name} (${secondsSince(start)})`);
    built[name] = digest;
    await writeFile(BUILT, `${JSON.stringify(built, null, 2)}\n`);
  }
}

say('Building ...');
await mkdir('dist', { recursive: true });
try {
  await Promise.all([buildProgram(), buildBundles()]);
} catch (error) {
  process.stderr.write(`The build failed. ${(error as Error).message}\n`); // the message names the file and the line
  process.exit(1);
}
