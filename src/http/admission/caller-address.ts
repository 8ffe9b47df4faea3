import type { IncomingMessage } from 'node:http';
import proxyAddr from '@fastify/proxy-addr';
import ipaddr from 'ipaddr.js';

/** Whether the `hop`th address before this process is one of our proxies. */
export type Trusts = (address: string, hop: number) => boolean;

/** Of a number of proxies, or of their addresses and networks. */
export const trusting = (proxies: number | readonly string[]): Trusts =>
  typeof proxies === 'number' ? (_, hop) => hop < proxies : proxyAddr.compile([...proxies]);

/** The address of the caller: the farthest of the hops that our proxies saw, or the one before a hop that is no address.
 *  It takes Node's request and not Fastify's, because sockets have no other. */
export function callerAddress(request: IncomingMessage, trusts: Trusts): string {
  const [nearest = '', ...before] = proxyAddr.all(request, trusts);
  const nonsense = before.findIndex((address) => !ipaddr.isValid(address));
  return before.slice(0, nonsense < 0 ? undefined : nonsense).at(-1) ?? nearest;
}
