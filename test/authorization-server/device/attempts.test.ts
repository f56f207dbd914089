import { createAttempts, toNetwork } from '../../../src/authorization-server/device/attempts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['2001:db8::2:3:4:5:6', '2001:db8:0:2'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['', ''],
])('the network of %p is %p', (address, network) => {
  expect(toNetwork(address)).toBe(network);
});

it('forgives the attempt that succeeded, and only once', () => {
  const { begin } = createAttempts({ maxOfNetwork: 2, max: 3, windowMs: 1_000 });
  const forgive = begin('a');
  begin('a');
  expect(begin('a')).toBeUndefined();
  forgive?.();
  forgive?.();
  expect(begin('a')).toBeDefined();
  expect(begin('a')).toBeUndefined();
  expect(begin('b')).toBeDefined();
  expect(begin('c')).toBeUndefined();
});
