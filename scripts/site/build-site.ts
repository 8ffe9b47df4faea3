import { cp, glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildSchema } from 'graphql';
import { build } from 'vite';
import { type MarkdownSite, pathOf, renderMarkdown } from './markdown.ts';
import { type NavigationGroup, renderPage } from './page.ts';
import { SCHEMA_LINKS, schemaPages, schemaPath } from './schema-pages.ts';
import { writeIndex } from './search-index.ts';

const BROWSER = join(import.meta.dirname, 'browser');

/** The folders of `docs` in the order of the sidebar; others follow. */
const FOLDERS = ['', 'guides', 'concepts', 'api', 'operations', 'decisions'];
const FIRST = ['README.md', 'docs/getting-started.md'];
const LAST = ['CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];

const folderOf = (file: string): string => /^docs\/(.+)\//.exec(file)?.[1] ?? '';
const titleOf = (folder: string): string =>
  folder === ''
    ? 'Partner Portal'
    : folder === 'api'
      ? 'API guide'
      : `${folder[0]?.toUpperCase()}${folder.slice(1)}`;

/** Writes the site of `/docs` to `folder`: the Markdown files of the repository and the reference of the schema. */
export async function buildSite(folder: string): Promise<void> {
  const files: string[] = [];
  for await (const file of glob(['*.md', 'docs/**/*.md'])) files.push(file);
  files.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const schema = buildSchema(await readFile('schema.graphql', 'utf8'));
  const site: MarkdownSite = { files: new Set(files), schemaPath: (name) => schemaPath(schema, name) };
  const documents = await Promise.all(
    files.map(async (file) => {
      const kind = titleOf(folderOf(file));
      return { file, page: renderMarkdown(file, await readFile(file, 'utf8'), kind, site) };
    }),
  );
  const folders = [...new Set([...FOLDERS, ...files.map(folderOf)])];
  const navigation: NavigationGroup[] = folders.map((name) => ({
    title: titleOf(name),
    links: documents
      .filter(({ file }) => folderOf(file) === name)
      .map(({ file, page }) => ({
        path: pathOf(file),
        title: file === 'README.md' ? 'Overview' : page.title,
      })),
  }));
  navigation.splice(2, 0, { title: 'GraphQL schema', links: SCHEMA_LINKS });
  const pages = [...documents.map(({ page }) => page), ...schemaPages(schema)];

  await rm(folder, { recursive: true, force: true });
  const shown = navigation.filter(({ links }) => links.length);
  for (const page of pages) await write(join(folder, page.path), renderPage(page, shown));
  await write(join(folder, 'search.json'), writeIndex(pages.flatMap(({ entries }) => entries)));
  for await (const image of glob('docs/**/*.{png,svg,jpg,webp}'))
    await cp(image, join(folder, image.slice('docs/'.length)));
  for (const file of ['style.css', 'favicon.svg']) await cp(join(BROWSER, file), join(folder, file));
  await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      outDir: folder,
      emptyOutDir: false,
      copyPublicDir: false,
      lib: { entry: join(BROWSER, 'search.ts'), formats: ['es'], fileName: () => 'search.js' },
    },
  });
}

const rank = (file: string): number => {
  if (FIRST.includes(file)) return FIRST.indexOf(file) - FIRST.length;
  return LAST.indexOf(file) + 1;
};

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
