import MiniSearch, { type Options } from 'minisearch';
import type { SearchEntry } from './page.ts';

export interface Found {
  readonly title: string;
  readonly kind: string;
  readonly path: string;
  readonly summary: string;
}

/** Returns the words of a text; for a name such as `approveCommission` also its parts. */
const tokenize = (text: string): string[] =>
  (text.match(/[\p{L}\p{N}_]+/gu) ?? []).flatMap((word) => {
    const parts = word.split(/_|(?<=\p{Ll})(?=\p{Lu})/u).filter(Boolean);
    return parts.length > 1 ? [word, ...parts] : [word];
  });

// The build writes the index with these options, and the browser reads it with the same ones.
const OPTIONS: Options = {
  idField: 'path',
  fields: ['title', 'text', 'names'],
  storeFields: ['title', 'kind', 'path', 'summary'],
  tokenize,
  searchOptions: {
    boost: { title: 4 },
    // The schema has a hundred names with `commission`; pages that explain the word must rank above them.
    boostDocument: (path) => (String(path).startsWith('schema/') ? 1 : 1.4),
    prefix: true,
    fuzzy: 0.15,
    combineWith: 'AND',
  },
};

const SUMMARY_LENGTH = 140;

export function writeIndex(entries: readonly SearchEntry[]): string {
  const index = new MiniSearch(OPTIONS);
  index.addAll(entries.map((entry) => ({ ...entry, summary: entry.text.slice(0, SUMMARY_LENGTH) })));
  return JSON.stringify(index);
}

const singular = (name: string): string => name.toLowerCase().replace(/s$/, '');

/** Reads what `writeIndex` wrote. The search lists first the entry with exactly this name, then those that differ in case
 *  or number, then all others. */
export function readIndex(text: string): (query: string, limit: number) => Found[] {
  const index = MiniSearch.loadJSON(text, OPTIONS);
  return (query, limit) => {
    const found = index.search(query) as unknown as Found[];
    const rank = ({ title }: Found) => (title === query ? 0 : singular(title) === singular(query) ? 1 : 2);
    return found.toSorted((a, b) => rank(a) - rank(b)).slice(0, limit);
  };
}
