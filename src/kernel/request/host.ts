import { withoutUsualPort } from '../../domain/landing.ts';
import { type Reading, Refusal } from './reading.ts';

const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/;
const LOCAL_USUAL = /^(localhost|127\.0\.0\.1):80$/; // only a developer's own pages have no TLS

export const readHost: Reading = (text) => {
  if (!HOST.test(text)) throw new Refusal('must contain hosts such as "shop.example.com", in lower case');
  return withoutUsualPort(text, LOCAL_USUAL.test(text) ? 'http:' : 'https:');
};
