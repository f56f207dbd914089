import { SingleFlight } from '../../src/authentication/in-flight';
import { deferred } from '../support/deferred';

const never = new Promise<never>(() => {});

it('shares a pending look-up only under its own key', async () => {
  const inFlight = new SingleFlight<string>();
  const source = deferred<string>();
  const tracked = inFlight.track('key', source.promise);
  expect(inFlight.get('key')).toBe(tracked);
  expect(inFlight.get('another key')).toBeUndefined();
  source.resolve('result');
  await expect(tracked).resolves.toBe('result');
});

test.each([
  ['resolved', () => Promise.resolve('result')],
  ['rejected', () => Promise.reject(new Error('down'))],
])('does not share a look-up that has %s', async (_, lookUp) => {
  const inFlight = new SingleFlight<string>();
  await inFlight.track('key', lookUp()).catch(() => undefined);
  expect(inFlight.get('key')).toBeUndefined();
});

it('shares nothing after clear(), and still settles the requests that wait', async () => {
  const inFlight = new SingleFlight<string>();
  const source = deferred<string>();
  const tracked = inFlight.track('key', source.promise);
  inFlight.clear();
  expect(inFlight.get('key')).toBeUndefined();
  source.resolve('result');
  await expect(tracked).resolves.toBe('result');
});

it('keeps a later look-up of the same key when an earlier one settles', async () => {
  const inFlight = new SingleFlight<string>();
  const first = inFlight.track('key', Promise.resolve('first'));
  const second = inFlight.track('key', never);
  await first;
  expect(inFlight.get('key')).toBe(second);
});
