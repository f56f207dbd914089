import { apiKeys, type CredentialStore, type IssueOptions, memoryStore } from 'latchkey';

import { toDigest } from '../../src/credential/digest';
import type { PublishedChange } from '../../src/credentials/manager-context';
import { newRecord } from '../../src/credentials/records';
import { rotate } from '../../src/credentials/rotate';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2030, 0, 1);
const OLD = newRecord(
  { digest: toDigest('old'), subject: 'acct_42', scopes: ['a'], issuedAt: NOW - DAY_MS },
  'api_key',
  null,
);

beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'],
    }),
);
afterEach(() => void jest.useRealTimers());

/** A store that holds `OLD`, and what a rotation in it did. */
async function rotationIn(store: CredentialStore, old = OLD) {
  await store.insert(old);
  const notified: string[] = [];
  let count = 0;
  const insert = async (options: IssueOptions, rotatedFrom: string) => {
    const record = newRecord(
      { ...options, digest: toDigest(`new ${(count += 1)}`) },
      'api_key',
      rotatedFrom,
    );
    await store.insert(record);
    return { secret: 'secret', record };
  };
  const published: PublishedChange[] = [];
  const publish = (change: PublishedChange) => void published.push(change);
  return {
    notified,
    published,
    rotate: (overlapMs = 0) =>
      rotate({ store, insert, notifyChanged: (id) => notified.push(id), publish }, old, {
        overlapMs,
      }),
  };
}
const live = async (store: CredentialStore) =>
  (await store.list({ kind: 'api_key', by: 'subject', id: 'acct_42' }, { limit: 100 })).filter(
    ({ revokedAt }) => revokedAt === null,
  );

it('issues the replacement before the old credential ends, and notifies this instance of the old one', async () => {
  const store = memoryStore();
  const order: string[] = [];
  const { rotate, notified } = await rotationIn({
    ...store,
    insert: (record) => (order.push('insert'), store.insert(record)),
    revoke: (id, at) => (order.push('revoke'), store.revoke(id, at)),
  });
  const issued = await rotate();
  expect(order).toEqual(['insert', 'insert', 'revoke']);
  expect([issued?.record.rotatedFrom, notified]).toEqual([OLD.id, [OLD.id]]);
});

it('leaves the old credential valid if the replacement cannot be stored', async () => {
  const store = memoryStore();
  const { rotate } = await rotationIn(store);
  store.insert = () => Promise.reject(new Error('down'));
  await expect(rotate()).rejects.toThrow('down');
  expect((await live(store)).map(({ id }) => id)).toEqual([OLD.id]);
});

it.each([0, 60_000])(
  'revokes the replacement if the old credential is revoked in between (overlap %d ms)',
  async (overlapMs) => {
    const store = memoryStore();
    const { rotate } = await rotationIn(store);
    const insert = store.insert.bind(store);
    store.insert = async (record) => {
      const isAdded = await insert(record);
      await store.revoke(OLD.id, NOW);
      return isAdded;
    };
    expect(await rotate(overlapMs)).toBeUndefined();
    expect(await live(store)).toEqual([]);
  },
);

it('returns the secret if the store fails after the old credential has ended', async () => {
  const store = memoryStore();
  const { rotate, published } = await rotationIn(store);
  const revoke = store.revoke.bind(store);
  store.revoke = async (id, at) => {
    const isRevoked = await revoke(id, at);
    store.findById = () => Promise.reject(new Error('down'));
    return isRevoked;
  };
  expect((await rotate())?.secret).toBe('secret');
  expect(published.map(({ action }) => action)).toEqual(['rotated']);
});

it('lets one of twenty concurrent rotations win, and leaves one credential', async () => {
  const store = memoryStore();
  const { rotate } = await rotationIn(store);
  const results = await Promise.all(Array.from({ length: 20 }, () => rotate()));
  const winners = results.filter((issued) => issued !== undefined);
  expect((await live(store)).map(({ id }) => id)).toEqual(winners.map(({ record }) => record.id));
  expect(winners).toHaveLength(1);
});

it('counts an old credential that ends before the overlap does as ended', async () => {
  const store = memoryStore();
  const { rotate } = await rotationIn(store, { ...OLD, expiresAt: NOW + 1_000 });
  expect(await rotate(60_000)).toBeDefined();
  expect((await store.findById(OLD.id))?.expiresAt).toBe(NOW + 1_000);
});

it.each([
  [
    'as long as the old one was issued for',
    { issuedAt: NOW - DAY_MS, expiresAt: NOW + DAY_MS },
    NOW + 2 * DAY_MS,
  ],
  [
    'what is left of an imported one that is dated in the future',
    { issuedAt: NOW + 9 * DAY_MS, expiresAt: NOW + DAY_MS },
    NOW + DAY_MS,
  ],
  ['without end where the old one has none', { expiresAt: null }, null],
])('issues a replacement that lasts %s', async (_, members, expiresAt) => {
  const { rotate } = await rotationIn(memoryStore(), { ...OLD, ...members });
  expect((await rotate())?.record.expiresAt).toBe(expiresAt);
});

it('revokes the replacement if the old credential cannot be ended', async () => {
  const store = memoryStore();
  const { rotate, published } = await rotationIn(store);
  const revoke = store.revoke.bind(store);
  store.revoke = (id, at) => (id === OLD.id ? Promise.reject(new Error('down')) : revoke(id, at));
  await expect(rotate()).rejects.toThrow('down');
  expect((await live(store)).map(({ id }) => id)).toEqual([OLD.id]);
  expect(published.map(({ action }) => action)).toEqual(['issued', 'revoked']);
});

it('issues a replacement that expires at the time that the caller sets', async () => {
  const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
  const { record } = await keys.issue({ subject: 'acct_42', scopes: [] });
  const expiresAt = Date.now() + DAY_MS;
  expect((await keys.rotate(record.id, { expiresAt }))?.record).toMatchObject({ expiresAt });
  await expect(keys.rotate(record.id, { expiresAt: 1 })).rejects.toMatchObject({
    code: 'ERR_LATCHKEY_EXPIRY',
  });
});
