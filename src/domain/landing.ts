const MAX = 2_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop them and then open another address
const TRICKS = /[\u0000-\u0020\u007f\\]/;
const LOCAL = new Set(['localhost', '127.0.0.1']);

/** Returns the URL when its host is one of these hosts (`shop.example.com`, with the port unless it is the default).
 *  Returns null for an address that a browser could read differently: another scheme, no scheme, a user before an `@`, a
 *  backslash, spaces and control characters, letters outside ASCII, `%` in the host, another spelling of the host. */
export function pageOn(hosts: readonly string[], text: string): URL | null {
  if (text.length > MAX || TRICKS.test(text) || !URL.canParse(text)) return null;
  const host = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1]?.toLowerCase();
  const url = new URL(text);
  if (host === undefined || url.host !== host || !hosts.includes(host)) return null;
  return url.protocol === 'https:' || LOCAL.has(url.hostname) ? url : null;
}

/** Returns the landing page: the first wanted page whose host is on the program's list, else null. A wanted page without a
 *  host, such as `/pricing?plan=pro`, is on the host of `base`. */
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
