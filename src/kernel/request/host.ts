import { withoutUsualPort } from '../../domain/landing.ts';
import { type Reading, Refusal } from './reading.ts';

const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/;
const LOCAL_USUAL = /^(localhost|127\.0\.0\.1):80$/; // only a developer's own pages have no TLS

export const readHost: Reading = (text) => {
  if (!HOST.test(text)) throw new Refusal('must contain hosts such as "shop.example.com", in lower case');
  const host = withoutUsualPort(text, LOCAL_USUAL.test(text) ? 'http:' : 'https:');
  // A page of another spelling would never be on this host.
  const [name = ''] = host.split(':');
  if (name.includes('..') || !URL.canParse(`https://${host}`) || new URL(`https://${host}`).host !== host)
    throw new Refusal(
      'must contain hosts as browsers spell them, such as "shop.example.com" or "shop.example.com:8443"',
    );
  return host;
};
