import { isPublicAddress } from '../../../src/authorization-server/clients/public-address';

test.each([
  ['unspecified', ['0.0.0.0', '::']],
  ['loopback', ['127.0.0.1', '127.255.255.254', '::1']],
  ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1']],
  ['link-local', ['169.254.169.254', 'fe80::1', 'febf::1']],
  ['shared (CGNAT)', ['100.64.0.1', '100.127.255.255']],
  ['unique local', ['fc00::1', 'fd12:3456::1', 'fec0::1']],
  ['multicast, reserved and broadcast', ['224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255']],
  ['IPv6 multicast', ['ff02::1', 'ff0e::1']],
  ['documentation and benchmarking', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '198.18.0.1']],
  ['IPv6 documentation', ['2001:db8::1', '3fff::1']],
  ['IPv4-mapped', ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:8.8.8.8']],
  ['IPv4-compatible', ['::127.0.0.1', '::8.8.8.8']],
  ['IPv4-translated', ['::ffff:0:127.0.0.1', '::ffff:0:a00:1']],
  ['NAT64 of a private address', ['64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '64:ff9b::a9fe:a9fe']],
  ['local-use NAT64', ['64:ff9b:1::7f00:1', '64:ff9b:1::808:808']],
  ['6to4 and Teredo', ['2002:7f00:1::', '2002:808:808::1', '2001:0:4136:e378::1']],
  ['not an address', ['', 'localhost', '127.1', '0x7f000001', '1.2.3', 'fe80::1%lo']],
])('rejects %s addresses', (_kind, addresses) => {
  expect(addresses.filter(isPublicAddress)).toEqual([]);
});

test.each([
  '8.8.8.8',
  '1.1.1.1',
  '100.63.255.255',
  '172.32.0.1',
  '192.0.1.1',
  '2606:4700:4700::1111',
  '2a00:1450:4001::1',
  '64:ff9b::808:808',
])('accepts the public address %s', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});
