import { BlockList, isIP } from 'node:net';

/**
 * IPv4 networks that are not on the public internet.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const SPECIAL_IPV4: readonly (readonly [network: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast, reserved and broadcast.
  ['224.0.0.0', 3],
];

/**
 * The public part of IPv6, and the networks in it that are not public.
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const GLOBAL_IPV6 = ['2000::', 3] as const;
const SPECIAL_IPV6: readonly (readonly [network: string, bits: number])[] = [
  // Teredo and other protocol assignments.
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4 embeds any IPv4 address.
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
];

/** NAT64 (RFC 6052): IPv4 addresses for hosts that have only IPv6. */
const NAT64 = '64:ff9b::';
const NAT64_BITS = 96;

const special = new BlockList();
const global = new BlockList();
const nat64 = new BlockList();
global.addSubnet(...GLOBAL_IPV6, 'ipv6');
nat64.addSubnet(NAT64, NAT64_BITS, 'ipv6');
for (const [network, bits] of SPECIAL_IPV4) {
  special.addSubnet(network, bits);
  special.addSubnet(`${NAT64}${toHextets(network)}`, NAT64_BITS + bits, 'ipv6');
}
for (const [network, bits] of SPECIAL_IPV6) {
  special.addSubnet(network, bits, 'ipv6');
}

/** Writes an IPv4 address as the last 32 bits of an IPv6 address. */
function toHextets(address: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/**
 * Whether an IP address is of the public internet. Loopback, private, link-local, shared,
 * multicast, unspecified and documentation addresses are not, nor are IPv6 addresses that embed an
 * IPv4 address, except NAT64 of a public one.
 */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !special.check(address);
    case 6:
      return (
        (global.check(address, 'ipv6') || nat64.check(address, 'ipv6')) &&
        !special.check(address, 'ipv6')
      );
    default:
      return false;
  }
}
