const SECRET = 'graphiql:headers';
const TABS = 'graphiql:tabState';

interface Tab {
  readonly query: string | null;
  readonly variables: string | null;
  readonly headers?: string | null;
}

/** Returns the state of the tabs without their headers, which may contain a credential. */
function withoutHeaders(text: string): string {
  const state = JSON.parse(text) as { tabs: Tab[] };
  return JSON.stringify({ ...state, tabs: state.tabs.map((tab) => ({ ...tab, headers: null })) });
}

/** Operations outlive the browser's tab. Headers live as long as the tab, so that a reload keeps who one is. */
export const storage = {
  getItem: (key: string) => sessionStorage.getItem(key) ?? localStorage.getItem(key),
  setItem(key: string, value: string) {
    sessionStorage.setItem(key, value);
    if (key !== SECRET) localStorage.setItem(key, key === TABS ? withoutHeaders(value) : value);
  },
  removeItem(key: string) {
    sessionStorage.removeItem(key);
    localStorage.removeItem(key);
  },
  clear() {
    sessionStorage.clear();
    localStorage.clear();
  },
  get length() {
    return localStorage.length;
  },
};

/** Returns the tab that is shown, or null before the first one. */
function currentTab(): Tab | null {
  const text = storage.getItem(TABS);
  if (text === null) return null;
  const { tabs, activeTabIndex } = JSON.parse(text) as { tabs: Tab[]; activeTabIndex: number };
  return tabs[activeTabIndex] ?? null;
}

/** Returns an address that opens the query and the variables of the current tab, never its headers. The part after # is
 *  sent to no server. */
export function sharedLink(): string {
  const { query, variables } = currentTab() ?? {};
  const parts = new URLSearchParams({ query: query ?? '', ...(variables && { variables }) });
  return `${location.origin}/playground/#${parts}`;
}

/** Takes the query of a shared link out of the address. */
export function takeShared(): { initialQuery?: string; initialVariables?: string } {
  const parts = new URLSearchParams(location.hash.slice(1));
  const query = parts.get('query');
  if (!query) return {};
  history.replaceState(null, '', location.pathname);
  const variables = parts.get('variables');
  return { initialQuery: query, ...(variables && { initialVariables: variables }) };
}
