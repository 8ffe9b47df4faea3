import ipaddr from 'ipaddr.js';

const GLOBAL_UNICAST = ipaddr.IPv6.parse('2000::');
const AZURE_METADATA = '168.63.129.16'; // looks public, but answers inside every Azure machine

/** True for an address of the public internet. False for addresses that contain another address (IPv4-mapped, NAT64, 6to4,
 *  Teredo), because their real destination is unknown. */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv6
    ? address.match(GLOBAL_UNICAST, 3)
    : address.toString() !== AZURE_METADATA;
}
