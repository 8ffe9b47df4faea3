const MAX = 2_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop them, and then read another address
const TRICKS = /[\u0000-\u0020\u007f\\]/;
const LOCAL = new Set(['localhost', '127.0.0.1']);

/** The page of that address, where it is one of these hosts (`shop.example.com`, with its port if it is not the usual
 *  one). What a browser could read otherwise than it is written is no such page: another scheme, no scheme, a user before
 *  an `@`, a backslash, blanks and control characters, letters that are not ASCII, `%` in the host, another spelling. */
export function pageOn(hosts: readonly string[], text: string): URL | null {
  if (text.length > MAX || TRICKS.test(text) || !URL.canParse(text)) return null;
  const host = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1]?.toLowerCase();
  const url = new URL(text);
  if (host === undefined || url.host !== host || !hosts.includes(host)) return null;
  return url.protocol === 'https:' || LOCAL.has(url.hostname) ? url : null;
}

/** Where a visitor goes: the first of the wanted pages that is on the program's list; null: none is. A wanted page may
 *  leave out the host, `/pricing?plan=pro`: then it is that of `base`. */
export function landingPage(
  hosts: readonly string[],
  base: string | null,
  wanted: readonly (string | null)[],
): URL | null {
  for (const text of [...wanted, base]) {
    if (!text) continue;
    const whole = /^\/(?![/\\])/.test(text)
      ? base && URL.canParse(base) && new URL(base).origin + text
      : text;
    const page = whole ? pageOn(hosts, whole) : null;
    if (page) return page;
  }
  return null;
}
