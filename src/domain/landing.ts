const MAX = 2_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop them and then open another address
const TRICKS = /[\u0000-\u0020\u007f\\]/;
const LOCAL = new Set(['localhost', '127.0.0.1']);

/** Removes the port that a host of this scheme has anyway, so that each host has one spelling, as in `URL.host`. */
export const withoutUsualPort = (host: string, protocol = 'https:'): string =>
  host.replace(protocol === 'https:' ? /:(443)?$/ : /:(80)?$/, '');

/** Returns the URL when its host is one of these hosts (`shop.example.com`, with its port unless it is the usual one).
 *  Returns null for an address that a browser could read differently: another scheme, no scheme, a user before an `@`, a
 *  backslash, spaces and control characters, letters outside ASCII, `%` in the host, another spelling of the host. */
export function pageOn(hosts: readonly string[], text: string): URL | null {
  if (text.length > MAX || TRICKS.test(text) || !URL.canParse(text)) return null;
  const host = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1]?.toLowerCase();
  const url = new URL(text);
  if (host === undefined || withoutUsualPort(host, url.protocol) !== url.host || !hosts.includes(url.host))
    return null;
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

/** Sets a parameter of a URL and leaves all others byte for byte, so that a signed query string stays valid. */
export function setParameter(url: URL, name: string, value: string): void {
  const parts = url.search ? url.search.slice(1).split('&') : [];
  const has = (part: string) => new URLSearchParams(`&${part}`).has(name); // a leading "?" is part of the name
  const at = parts.findIndex(has);
  const others = parts.filter((part, index) => index <= at || !has(part)); // a repeated parameter is given once
  const pair = `${name}=${encodeURIComponent(value)}`;
  if (at >= 0) others[at] = pair;
  else others.push(pair);
  url.search = `?${others.join('&')}`;
}
