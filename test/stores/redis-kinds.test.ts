import { setTimeout as sleep } from 'node:timers/promises';

import { Redis } from 'ioredis';
import type { StoredRecord } from 'latchkey';
import { redisStore } from 'latchkey/redis';

import { newRecord, unique } from '../../src/testing/store-contract/samples';
import { type RedisServer, startRedis } from '../support/redis';

let server: RedisServer;
let redis: Redis;
let store: ReturnType<typeof redisStore>;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.port, '127.0.0.1');
  await redis.ping();
});
beforeEach(async () => {
  await redis.flushall();
  store = redisStore({ client: redis });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const idsOf = (records: readonly StoredRecord[]) => records.map(({ id }) => id);

/** Writes a record as Latchkey 0.1.0 does: without `disabledAt`, and in no list of its kind. */
async function insertAsIn01(members: Partial<StoredRecord>): Promise<StoredRecord> {
  const record = newRecord(members);
  const { disabledAt: _, ...fields } = record;
  await redis.zadd(
    `latchkey:owner:{${record.kind}:subject:${record.subject}}`,
    record.issuedAt,
    record.id,
  );
  await redis.hset(
    `latchkey:record:${record.id}`,
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]),
    ),
  );
  return record;
}

it('lists what 0.1.0 wrote before the upgrade, in every status', async () => {
  const kind = unique('kind');
  const now = Date.now();
  const active = await insertAsIn01({ kind, issuedAt: 1 });
  const revoked = await insertAsIn01({ kind, issuedAt: 2, revokedAt: now });
  const expired = await insertAsIn01({ kind, issuedAt: 3, expiresAt: now - 1_000 });
  const listed = async (filter = {}) =>
    idsOf(await store.search({ kind, ...filter }, { limit: 10 }));
  expect(await listed()).toEqual(idsOf([active, revoked, expired]));
  expect(await listed({ status: 'active' })).toEqual([active.id]);
  expect(await listed({ status: 'revoked' })).toEqual([revoked.id]);
  expect(await listed({ status: 'expired' })).toEqual([expired.id]);
  expect(await store.find(active.digest)).toEqual(active);
});

it('lists what 0.1.0 writes while both versions run, after a second', async () => {
  const kind = unique('kind');
  const mine = newRecord({ kind, issuedAt: 1 });
  await store.insert(mine);
  expect(idsOf(await store.search({ kind }, { limit: 10 }))).toEqual([mine.id]);
  const theirs = await insertAsIn01({ kind, issuedAt: 2 });
  await redis.hset(`latchkey:record:${mine.id}`, 'revokedAt', String(Date.now()));
  // Stands for a second that has passed.
  await redis.set('latchkey:indexed-at', String(Date.now() - 1_001));
  expect(idsOf(await store.search({ kind }, { limit: 10 }))).toEqual([mine.id, theirs.id]);
  expect(idsOf(await store.search({ kind, status: 'revoked' }, { limit: 10 }))).toEqual([mine.id]);
});

it('changes records of 0.1.0', async () => {
  const record = await insertAsIn01({});
  expect(await store.update(record.id, { name: 'new' })).toEqual({ ...record, name: 'new' });
  const now = Date.now();
  expect(await store.enable(record.id)).toBe(false);
  expect(await store.disable(record.id, now)).toBe(true);
  expect(await store.disable(record.id, now)).toBe(false);
  expect(await store.findById(record.id)).toMatchObject({ disabledAt: now });
  await store.recordUsage([{ id: record.id, count: 3, lastUsedAt: now }]);
  const days = await store.usage(record.id, { from: '1970-01-01', to: '9999-12-31' });
  expect(days.map(({ count }) => count)).toEqual([3]);
});

it('issues and revokes although the lists of the kind cannot be written', async () => {
  const kind = unique('kind');
  for (const list of ['issued', 'revoked', 'disabled', 'expiring']) {
    await redis.set(`latchkey:kind:{${kind}}:${list}`, 'not a sorted set');
  }
  const record = newRecord({ kind, expiresAt: Date.now() + 60_000 });
  expect(await store.insert(record)).toBe(true);
  expect(await store.disable(record.id, Date.now())).toBe(true);
  expect(await store.revoke(record.id, Date.now())).toBe(true);
});

it('removes IDs from the lists of a kind when their records are gone', async () => {
  const kind = unique('kind');
  const now = Date.now();
  const gone = newRecord({ kind, expiresAt: now - 1_000, disabledAt: now });
  await store.insert(gone);
  expect(await store.prune(kind, now)).toBe(1);
  expect(await redis.exists(`latchkey:kind:{${kind}}:expiring`)).toBe(0);
  for (const list of ['issued', 'disabled']) {
    await redis.hset(`latchkey:kind:{${kind}}:missed:${list}`, gone.id, '0');
  }
  await store.prune(kind, now);
  expect(await redis.keys(`latchkey:kind:{${kind}}:*`)).toEqual([]);
});

it('reads a page of a few disabled keys among many without reading the others', async () => {
  const kind = unique('kind');
  const records = Array.from({ length: 600 }, (_, n) => newRecord({ kind, issuedAt: n }));
  await store.insertMany?.(records);
  const [first] = records;
  await store.disable(first?.id ?? '', Date.now());
  await store.search({ kind }, { limit: 1 });
  const { sent } = await server.commandsDuring(() =>
    store.search({ kind, status: 'disabled' }, { limit: 10 }),
  );
  expect(sent.length).toBeLessThan(10);
});

describe('a list of keys that expire soon', () => {
  const HOUR_MS = 3_600_000;

  it('reads no key that has expired, and none that expires later', async () => {
    const kind = unique('kind');
    const now = Date.now();
    const ends = [-1, -2, 24, 48, null].map((hours) => hours && now + hours * HOUR_MS);
    for (const expiresAt of Array.from({ length: 100 }, () => ends).flat()) {
      await store.insert(newRecord({ kind, expiresAt }));
    }
    const soon = newRecord({ kind, issuedAt: now + 1, expiresAt: now + HOUR_MS });
    await store.insert(soon);
    const filter = { kind, status: 'active', expiresBefore: now + 2 * HOUR_MS } as const;
    await store.search(filter, { limit: 10 });
    const { sent } = await server.commandsDuring(async () => {
      expect(idsOf(await store.search(filter, { limit: 10 }))).toEqual([soon.id]);
    });
    expect(sent.filter((command) => /HMGET/i.test(command))).toHaveLength(1);
  });

  it('has those whose expiry was deferred or brought forward, in any order', async () => {
    const kind = unique('kind');
    const now = Date.now();
    const at = (hours: number) => now + hours * HOUR_MS;
    const deferred = newRecord({ kind, issuedAt: 1, expiresAt: now + 50 });
    const sooner = newRecord({ kind, issuedAt: 2, expiresAt: at(48) });
    const late = newRecord({ kind, issuedAt: 3, expiresAt: at(1) });
    const endless = newRecord({ kind, issuedAt: 4, expiresAt: at(1) });
    for (const record of [late, endless, sooner, deferred]) {
      await store.insert(record);
    }
    await store.update(deferred.id, { expiresAt: at(1) });
    await store.expireAt(sooner.id, at(1));
    await store.update(late.id, { expiresAt: at(48) });
    await store.update(endless.id, { expiresAt: null });
    // Until the first expiry of the one that was deferred has passed.
    while (Date.now() <= now + 50) {
      await sleep(10);
    }
    const filter = { kind, status: 'active', expiresBefore: at(2) } as const;
    expect(idsOf(await store.search(filter, { limit: 10 }))).toEqual([deferred.id, sooner.id]);
    expect(idsOf(await store.search(filter, { limit: 1, after: deferred.id }))).toEqual([
      sooner.id,
    ]);
  });
});
