import { setParameter, withoutUsualPort } from '../domain/landing.ts';

/** The script for a seller's own pages: stores the click of a visitor and passes its id on.
 *  `<script async src="https://portal.example/t.js" data-program="acme" data-domains="shop.example,pay.example"></script>` */
type Args = [command: string, ...rest: unknown[]];
interface Portal {
  (...args: Args): unknown;
  q?: Args[];
}

(() => {
  const script = document.currentScript as HTMLScriptElement;
  const { program = '', domains = '', days = '30', consent } = script.dataset;
  const hosts = domains.split(',').map((host) => withoutUsualPort(host.trim()));
  const PARAMETER = 'pp_click';
  const ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
  const STORE = 'pp_coupon';
  let allowed = consent !== 'required';
  let click = '';
  let coupon = '';

  const stored = (name: string): string => {
    try {
      return localStorage.getItem(name) || '';
    } catch {
      return ''; // a browser that stores nothing
    }
  };

  function keep(): void {
    const age = allowed ? Number(days) * 86_400 : 0;
    if (!allowed || click)
      // biome-ignore lint/suspicious/noDocumentCookie: Safari before 18.4 has no cookieStore, and the id needs no escaping
      document.cookie = `${PARAMETER}=${click};path=/;max-age=${age};SameSite=Lax;Secure`;
    for (const [name, value] of [
      [PARAMETER, click && `${click} ${Date.now() + age * 1_000}`],
      [STORE, coupon],
    ] as const)
      try {
        if (allowed && value) localStorage.setItem(name, value);
        else if (!allowed) localStorage.removeItem(name);
      } catch {}
  }

  /** A click in the address goes before a stored click: the last click counts. */
  function look(): void {
    const query = new URLSearchParams(location.search);
    const said = query.get(PARAMETER) || '';
    if (ID.test(said)) click = said;
    coupon = query.get('coupon') || coupon || stored(STORE);
    if (!click) {
      const cookie = document.cookie.match(/(?:^|; )pp_click=([\da-f-]{36})/);
      const [id = '', until] = stored(PARAMETER).split(' ');
      click = cookie ? (cookie[1] as string) : Number(until) > Date.now() && ID.test(id) ? id : '';
    }
    keep();
  }

  function portal(command: string, value?: unknown): unknown {
    if (command === 'click') return click;
    if (command === 'coupon') {
      if (value) coupon = String(value);
      keep();
      return coupon;
    }
    if (command === 'consent') {
      allowed = !!value;
      keep();
    }
    if (command === 'convert') {
      const { orderId, amount, currency, coupon: named } = value as Record<string, string>;
      const body = new URLSearchParams({
        program,
        click,
        order: orderId || '',
        amount: amount || '',
        currency: currency || '',
        coupon: named || coupon,
      });
      return navigator.sendBeacon(new URL('/t/conversion', script.src), body);
    }
    return undefined;
  }

  const listen = (type: string, act: (event: Event) => void) => document.addEventListener(type, act, true);
  const decorate = (event: Event) => {
    const link = (event.target as Element).closest?.('a[href]') as HTMLAnchorElement | null;
    if (!click || !link || link.host === location.host || !hosts.includes(link.host)) return;
    const url = new URL(link.href);
    setParameter(url, PARAMETER, click);
    link.href = url.href;
  };
  listen('click', decorate);
  listen('auxclick', decorate);
  listen('submit', (event) => {
    const form = event.target as HTMLFormElement;
    const { host } = new URL(form.getAttribute('action') || '', location.href);
    if (host !== location.host && !hosts.includes(host)) return;
    for (const [name, value] of [
      [PARAMETER, click],
      [STORE, coupon],
    ] as const) {
      if (!value) continue;
      let input = form.querySelector<HTMLInputElement>(`input[name=${name}]`);
      if (!input) {
        input = document.createElement('input');
        input.type = 'hidden';
        input.name = name;
        form.append(input);
      }
      input.value = value;
    }
  });

  // A page can change its address without loading; the new address may contain a click.
  for (const name of ['pushState', 'replaceState'] as const) {
    const change = history[name];
    history[name] = function (...args) {
      change.apply(this, args);
      look();
    };
  }
  addEventListener('popstate', look);

  look();
  const page = window as unknown as { portal?: Portal };
  const waiting = page.portal?.q ?? [];
  page.portal = portal as Portal;
  for (const [command, value] of waiting) portal(command, value);
})();
