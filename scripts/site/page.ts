/** A page of the site, without the frame that all pages share. */
export interface Page {
  /** Path below `/docs/`, such as `guides/finance.html`. */
  readonly path: string;
  readonly title: string;
  readonly body: string;
  readonly headings: readonly Heading[];
  readonly entries: readonly SearchEntry[];
}

export interface Heading {
  readonly id: string;
  readonly text: string;
  readonly level: 2 | 3;
}

/** An entry of the search: a page, a section of a page, a type or an operation. */
export interface SearchEntry {
  readonly title: string;
  /** Kind, as shown in the result: `mutation`, `object`, `Guides`. */
  readonly kind: string;
  readonly path: string;
  readonly text: string;
  /** Further search words: names of fields, arguments or values. */
  readonly names?: string;
}

/** A heading of the sidebar with its pages. */
export interface NavigationGroup {
  readonly title: string;
  readonly links: readonly { readonly path: string; readonly title: string }[];
}

const SPECIAL: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => SPECIAL[character] ?? '');

/** Returns the HTML of a page: header with search, sidebar, text, and the headings of the text. */
export function renderPage(page: Page, navigation: readonly NavigationGroup[]): string {
  const title = page.path === 'index.html' ? page.title : `${page.title} · Partner Portal`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="/docs/favicon.svg">
<link rel="stylesheet" href="/docs/style.css">
<script type="module" src="/docs/search.js"></script>
</head>
<body>
<a class="skip" href="#main-text">Skip to the text</a>
<header>
<a class="brand" href="/docs/">Partner Portal</a>
<div class="search" role="search">
<input type="search" placeholder="Search" aria-label="Search the documents and the schema" aria-controls="search-results" autocomplete="off" spellcheck="false">
<kbd>/</kbd>
<ol id="search-results" hidden></ol>
</div>
<a class="playground" href="/playground/" hidden>Playground</a>
</header>
<details class="menu"><summary>Menu</summary>${renderNavigation(page, navigation)}</details>
<div class="frame">
<aside class="sidebar">${renderNavigation(page, navigation)}</aside>
<main id="main-text">
${page.body}
</main>
${renderHeadings(page.headings)}
</div>
</body>
</html>
`;
}

function renderNavigation(page: Page, navigation: readonly NavigationGroup[]): string {
  const groups = navigation.map(({ title, links }) => {
    const items = links.map(({ path, title }) => {
      const current = path === page.path ? ' aria-current="page"' : '';
      return `<li><a href="${hrefOf(path)}"${current}>${escapeHtml(title)}</a></li>`;
    });
    return `<h2>${escapeHtml(title)}</h2><ul>${items.join('')}</ul>`;
  });
  return `<nav aria-label="Documents">${groups.join('')}</nav>`;
}

function renderHeadings(headings: readonly Heading[]): string {
  if (headings.length < 2) return '<div class="contents"></div>';
  const items = headings.map(
    ({ id, text, level }) => `<li class="level-${level}"><a href="#${id}">${escapeHtml(text)}</a></li>`,
  );
  return `<nav class="contents" aria-label="On this page"><h2>On this page</h2><ul>${items.join('')}</ul></nav>`;
}

export const hrefOf = (path: string): string => `/docs/${path.replace(/(^|\/)index\.html(?=#|$)/, '$1')}`;
