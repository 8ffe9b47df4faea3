import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';

/** Whether the `hop`th address before this process is one of our proxies. */
export type Trusts = (address: string, hop: number) => boolean;

/** Of a number of proxies, or of their addresses and networks. */
export function trusting(proxies: number | readonly string[]): Trusts {
  if (typeof proxies === 'number') return (_, hop) => hop < proxies;
  const networks = {
    proxies: proxies.map((network) => {
      if (network.includes('/')) return ipaddr.parseCIDR(network);
      const address = ipaddr.process(network);
      return [address, address.kind() === 'ipv4' ? 32 : 128] as ReturnType<typeof ipaddr.parseCIDR>;
    }),
  };
  return (address) =>
    ipaddr.isValid(address) &&
    ipaddr.subnetMatch(ipaddr.process(address), networks, 'stranger') === 'proxies';
}

/** The address of who called, read from the nearest hop outwards for as long as the hops are our own. */
export function callerAddress(request: IncomingMessage, trusts: Trusts): string {
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
  let address = request.socket.remoteAddress ?? '';
  for (let hop = 0; trusts(address, hop); hop++) {
    const before = forwarded.pop()?.trim() ?? '';
    if (!ipaddr.isValid(before)) break;
    address = before;
  }
  return address;
}
