import ipaddr from 'ipaddr.js';

const GLOBAL_UNICAST = ipaddr.IPv6.parse('2000::');
const AZURE_METADATA = '168.63.129.16'; // looks public, answers inside of every Azure machine

/** Whether an address is of the public internet. Addresses that carry another one inside (IPv4-mapped, NAT64, 6to4,
 *  Teredo) are not: what they reach is decided elsewhere. */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv6
    ? address.match(GLOBAL_UNICAST, 3)
    : address.toString() !== AZURE_METADATA;
}
