import { posix } from 'node:path';
import { Marked, type Token, type Tokens } from 'marked';
import { escapeHtml, type Heading, hrefOf, type Page } from './page.ts';

/** Returns the path on the site of a Markdown file of the repository: `api/index.html` for `docs/api/README.md`. */
export const pathOf = (file: string): string =>
  file
    .replace('docs/README.md', 'documents.md') // the README of the repository is the first page
    .replace(/^docs\//, '')
    .toLowerCase()
    .replace(/(^|\/)readme\.md$/, '$1index.md')
    .replace(/\.md$/, '.html');

export interface MarkdownSite {
  /** Lists the Markdown files of the site, by their paths in the repository. */
  readonly files: ReadonlySet<string>;
  /** Returns the path on the site of `Partner`, `Partner.email` or `createPartner`; null for any other text. */
  schemaPath(name: string): string | null;
}

/** Returns the id that GitHub gives a heading, so that links work on both sites. */
export const idOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

/** Renders one file. A link to a file that is not on the site becomes plain text. */
export function renderMarkdown(file: string, text: string, kind: string, site: MarkdownSite): Page {
  const path = pathOf(file);
  const ids = new Map<Token, string>();
  const marked = new Marked({
    renderer: {
      heading(token: Tokens.Heading) {
        const id = ids.get(token) ?? idOf(token.text);
        const anchor =
          token.depth === 1 ? '' : ` <a class="anchor" href="#${id}" aria-label="Link here">#</a>`;
        return `<h${token.depth} id="${id}">${this.parser.parseInline(token.tokens)}${anchor}</h${token.depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const content = this.parser.parseInline(tokens);
        const target = linkTarget(file, href, site);
        return target === null ? content : `<a href="${escapeHtml(target)}">${content}</a>`;
      },
      image({ href, text }: Tokens.Image) {
        const source = /^https?:/.test(href) ? href : `/${posix.join(posix.dirname(file), href)}`;
        return `<img src="${escapeHtml(source)}" alt="${escapeHtml(text)}">`;
      },
      table(token: Tokens.Table) {
        const row = (cells: Tokens.TableCell[], tag: 'td' | 'th') =>
          `<tr>${cells.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join('')}</tr>`;
        const body = token.rows.map((cells) => row(cells, 'td')).join('\n');
        return `<div class="table"><table><thead>${row(token.header, 'th')}</thead><tbody>${body}</tbody></table></div>\n`;
      },
      codespan: ({ text }: Tokens.Codespan) => renderCode(text, site),
    },
  });
  const tokens = marked.lexer(text);
  const title = plainText(tokens.find(isHeading)?.text ?? path);
  const headings: Heading[] = [];
  // Text before the first section belongs to the page's title.
  const sections = [{ title, kind, path, text: '' }];
  const used = new Map<string, number>();
  for (const token of tokens) {
    if (isHeading(token)) {
      const base = idOf(token.text);
      const count = used.get(base) ?? 0;
      used.set(base, count + 1);
      const id = count ? `${base}-${count}` : base;
      ids.set(token, id);
      const heading = plainText(token.text);
      if (token.depth === 2 || token.depth === 3) headings.push({ id, text: heading, level: token.depth });
      if (token.depth === 2)
        sections.push({ title: heading, kind: `${kind} · ${title}`, path: `${path}#${id}`, text: '' });
      if (token.depth < 3) continue;
    }
    const section = sections.at(-1);
    if (section) section.text += ` ${plainText(token.raw)}`;
  }
  return { path, title, body: marked.parser(tokens), headings, entries: sections };
}

const isHeading = (token: Token): token is Tokens.Heading => token.type === 'heading';

/** Returns the text of Markdown without its marks. */
const plainText = (text: string): string =>
  text
    .replaceAll(/\]\([^)]*\)|```\w*|^#+ |[`*|[]|-{3,}/gm, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** Renders inline code, as a link if it names a type or a field of the schema. */
function renderCode(text: string, site: Pick<MarkdownSite, 'schemaPath'>): string {
  const code = `<code>${escapeHtml(text)}</code>`;
  const target = site.schemaPath(text);
  return target === null ? code : `<a href="${hrefOf(target)}">${code}</a>`;
}

/** Renders a description of the schema. */
export function renderDescription(text: string, site: Pick<MarkdownSite, 'schemaPath'>): string {
  const renderer = { codespan: ({ text }: Tokens.Codespan) => renderCode(text, site) };
  return new Marked({ renderer }).parse(text, { async: false });
}

function linkTarget(file: string, href: string, { files }: MarkdownSite): string | null {
  if (/^(https?:|mailto:|#)/.test(href)) return href;
  const [relative = '', fragment] = href.split('#');
  const target = posix.join(posix.dirname(file), relative).replace(/\/$/, '');
  const hash = fragment ? `#${fragment}` : '';
  if (target === 'schema.graphql') return hrefOf('schema/index.html');
  const page = [target, `${target}/README.md`].find((candidate) => files.has(candidate));
  return page === undefined ? null : `${hrefOf(pathOf(page))}${hash}`;
}
