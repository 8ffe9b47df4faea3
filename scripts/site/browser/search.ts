import { type Found, readIndex } from '../search-index.ts';

const SHOWN = 12;

const box = document.querySelector<HTMLInputElement>('.search input');
const list = document.querySelector<HTMLOListElement>('#search-results');
if (box && list) enableSearch(box, list);
void showPlayground();

function enableSearch(box: HTMLInputElement, list: HTMLOListElement): void {
  let loading: Promise<ReturnType<typeof readIndex>> | null = null;
  let selected = -1;
  async function load(): Promise<ReturnType<typeof readIndex>> {
    const response = await fetch('/docs/search.json');
    if (!response.ok) throw new Error(`The server answered with ${response.status}.`);
    return readIndex(await response.text());
  }
  const index = () => {
    loading ??= load();
    loading.catch(() => {
      loading = null; // the next letter tries again
    });
    return loading;
  };
  const links = () => [...list.querySelectorAll('a')];
  const close = () => {
    list.hidden = true;
    selected = -1;
  };

  async function show(): Promise<void> {
    const query = box.value.trim();
    if (!query) return close();
    const items = await index().then(
      (search) => search(query, SHOWN).map(resultOf),
      () => [messageOf('The search is not available. Reload the page to try again.')],
    );
    if (box.value.trim() !== query) return; // an answer to an older query
    list.replaceChildren(...(items.length ? items : [messageOf('No results.')]));
    list.hidden = false;
    selected = -1;
  }

  function select(step: 1 | -1): void {
    const all = links();
    all[selected]?.removeAttribute('aria-current');
    selected = Math.max(0, Math.min(all.length - 1, selected + step));
    all[selected]?.setAttribute('aria-current', 'true');
    all[selected]?.scrollIntoView({ block: 'nearest' });
  }

  box.addEventListener('focus', () => void index().then(show, show));
  box.addEventListener('input', () => void show());
  box.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      select(event.key === 'ArrowDown' ? 1 : -1);
    }
    if (event.key === 'Enter') links()[Math.max(0, selected)]?.click();
    if (event.key === 'Escape') {
      close();
      box.blur();
    }
  });
  list.addEventListener('click', close);
  document.addEventListener('click', ({ target }) => {
    if (target instanceof Node && !list.parentElement?.contains(target)) close();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || document.activeElement instanceof HTMLInputElement) return;
    event.preventDefault();
    box.focus();
  });
}

function resultOf(found: Found): HTMLLIElement {
  const item = document.createElement('li');
  const link = document.createElement('a');
  link.href = `/docs/${found.path}`;
  for (const part of ['title', 'kind', 'summary'] as const) {
    const span = document.createElement('span');
    span.className = part;
    span.textContent = found[part];
    link.append(span);
  }
  item.append(link);
  return item;
}

function messageOf(text: string): HTMLLIElement {
  const item = document.createElement('li');
  item.className = 'message';
  item.textContent = text;
  return item;
}

/** Shows the link to the playground only if the server has one: it is off in production. */
async function showPlayground(): Promise<void> {
  const { playground }: { playground: boolean } = await (await fetch('/docs/settings.json')).json();
  const link = document.querySelector<HTMLAnchorElement>('a.playground');
  if (link) link.hidden = !playground;
}
