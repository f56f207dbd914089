import { inspect } from 'node:util';

import { Redis } from 'ioredis';
import type { Owner, StoredRecord } from 'latchkey';
import { redisStore } from 'latchkey/redis';

import { RETENTION_MS } from '../../src/stores/store';
import { newRecord, unique } from '../../src/testing/store-contract/samples';
import { type RedisServer, startRedis } from '../support/redis';
import { storeEvents } from '../support/store-events';

let server: RedisServer;
let redis: Redis;
let store: ReturnType<typeof redisStore>;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.port, '127.0.0.1');
  await redis.ping();
  store = redisStore({ client: redis });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const keyOf = ({ id }: StoredRecord) => `latchkey:record:${id}`;
const ownerOf = ({ kind, subject }: StoredRecord): Owner => ({ kind, by: 'subject', id: subject });
const listOf = ({ kind, subject }: StoredRecord) => `latchkey:owner:{${kind}:subject:${subject}}`;
const missedOf = ({ kind, subject }: StoredRecord) =>
  `latchkey:missed:{${kind}:subject:${subject}}`;
const listed = async (record: StoredRecord) =>
  (await store.list(ownerOf(record), { limit: 100 })).map(({ id }) => id);

/** The store of a process that dies after so many commands. */
const dyingAfter = (commands: number) => {
  let left = commands;
  const call = async (name: string, args: string[]) => {
    if (left-- <= 0) {
      throw new Error('killed');
    }
    return redis.call(name, args);
  };
  return redisStore({ client: Object.assign(Object.create(redis) as Redis, { call }) });
};
const gone = { name: 'RedisError', message: 'Redis EVALSHA: killed' };

describe('the keys in Redis', () => {
  it('are one for each record, and one for each of its owners', async () => {
    await redis.flushdb();
    await store.insert(
      newRecord({ id: 'one', subject: 'acct_42', clientId: 'app', grantId: 'g:1' }),
    );
    await store.insert(newRecord({ id: 'two', subject: 'acct_42' }));
    const keys = (await redis.keys('*')).filter((key) => key !== 'latchkey:indexed-at');
    expect(keys.sort()).toEqual([
      'latchkey:kind:{api_key}:issued',
      'latchkey:owner:{api_key:client:app}',
      'latchkey:owner:{api_key:grant:g:1}',
      'latchkey:owner:{api_key:subject:acct_42}',
      'latchkey:record:one',
      'latchkey:record:two',
    ]);
  });

  it('hold each member of a record in a field of its name, as JSON', async () => {
    const record = newRecord({ scopes: ['a', 'b'], metadata: { plan: 'pro' } });
    await store.insert(record);
    const fields = await redis.hgetall(keyOf(record));
    expect(
      Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, JSON.parse(text)])),
    ).toEqual(record);
  });

  it('of two prefixes are two stores', async () => {
    const other = redisStore({ client: redis, prefix: 'other:' });
    const record = newRecord();
    await store.insert(record);
    await store.setIfAbsent('group', 'key', 'value', Date.now() + 60_000);
    await expect(other.find(record.digest)).resolves.toBeUndefined();
    await expect(other.list(ownerOf(record), { limit: 10 })).resolves.toEqual([]);
    await expect(other.get('group', 'key')).resolves.toBeUndefined();
    await expect(other.insert(record)).resolves.toBe(true);
    await expect(other.revoke(record.id, Date.now())).resolves.toBe(true);
    await expect(store.find(record.digest)).resolves.toEqual(record);
  });

  it('are those of the prefix, whatever it would mean in a pattern', async () => {
    const kind = unique('kind');
    const prefixes = ['[ab]*?\\-^:', 'a1:', 'b2:', 'x[ab]*?\\-^:'];
    const stores = prefixes.map((prefix) => redisStore({ client: redis, prefix }));
    for (const each of stores) {
      await each.insert(newRecord({ kind, expiresAt: Date.now() - 1_000 }));
    }
    for (const each of stores) {
      await expect(each.prune(kind, Date.now())).resolves.toBe(1);
    }
  });
});

describe('the end of a record', () => {
  const expiry = async (record: StoredRecord) =>
    Number(await redis.call('PEXPIRETIME', keyOf(record)));
  const now = Date.now();
  const kept = (end: number) => end + RETENTION_MS - 1;

  test.each<[string, Partial<StoredRecord>, number]>([
    ['a record without an end', {}, -1],
    ['one that expires', { expiresAt: now + 1_000 }, kept(now + 1_000)],
    ['one that was revoked', { revokedAt: now - 1_000 }, kept(now - 1_000)],
    [
      'one that was revoked before it would expire',
      { expiresAt: now + 1_000, revokedAt: now },
      kept(now),
    ],
    [
      'one that expired before it was revoked',
      { expiresAt: now - 2_000, revokedAt: now },
      kept(now - 2_000),
    ],
    [
      'one that expires at the end of all times',
      { expiresAt: 8_640_000_000_000_000 },
      kept(8_640_000_000_000_000),
    ],
  ])('of %s is that of its key, later by the retention', async (_, members, expected) => {
    const record = newRecord(members);
    await store.insert(record);
    await expect(expiry(record)).resolves.toBe(expected);
  });

  test.each<[string, (id: string) => Promise<unknown>, number]>([
    ['update()', (id) => store.update(id, { expiresAt: now + 5_000 }), kept(now + 5_000)],
    ['update() to none', (id) => store.update(id, { expiresAt: null }), -1],
    ['update() of something else', (id) => store.update(id, { name: 'new' }), kept(now + 9_000)],
    ['expireAt()', (id) => store.expireAt(id, now + 2_000), kept(now + 2_000)],
    ['revoke()', (id) => store.revoke(id, now + 1), kept(now + 1)],
    [
      'recordUsage()',
      (id) => store.recordUsage([{ id, count: 1, lastUsedAt: now }]),
      kept(now + 9_000),
    ],
    ['insert() again', (id) => store.insert(newRecord({ id })), kept(now + 9_000)],
  ])('is moved by %s together with that of its key', async (_, act, expected) => {
    const record = newRecord({ expiresAt: now + 9_000 });
    await store.insert(record);
    await act(record.id);
    await expect(expiry(record)).resolves.toBe(expected);
  });

  test.each([
    ['a time', now + 60_000],
    ['the end of all times', Number.MAX_SAFE_INTEGER],
  ])('of a value until %s is the millisecond before', async (_, until) => {
    const key = unique('key');
    await store.setIfAbsent('group', key, 'value', until);
    await expect(redis.call('PEXPIRETIME', `latchkey:state:group:${key}`)).resolves.toBe(until - 1);
  });
});

describe('uses', () => {
  it('bring nothing back that is gone', async () => {
    const record = newRecord();
    await store.insert(record);
    await redis.del(keyOf(record));
    await store.recordUsage([{ id: record.id, count: 1, lastUsedAt: Date.now() }]);
    await expect(redis.exists(keyOf(record))).resolves.toBe(0);
  });

  it('are all sent before the first reply arrives', async () => {
    let [asked, most] = [0, 0];
    const call = async (name: string, args: string[]) => {
      most = Math.max(most, ++asked);
      return redis.call(name, args).finally(() => asked--);
    };
    const counting = redisStore({ client: Object.assign(Object.create(redis) as Redis, { call }) });
    await counting.recordUsage(
      Array.from({ length: 200 }, () => ({ id: newRecord().id, count: 1, lastUsedAt: 7 })),
    );
    expect(most).toBe(200);
  });

  it('of a damaged record are reported, and do not hold up the others', async () => {
    const [record, damaged] = [newRecord(), newRecord()];
    for (const each of [record, damaged]) {
      await store.insert(each);
    }
    await redis.set(keyOf(damaged), 'another type');
    const uses = [damaged, record].map(({ id }) => ({ id, count: 2, lastUsedAt: 7 }));
    const events = storeEvents();
    await expect(store.recordUsage(uses)).resolves.toBeUndefined();
    expect(events.stop()).toEqual([
      {
        store: 'redis',
        event: 'usage_lost',
        count: 2,
        error: expect.objectContaining({ driverCode: 'WRONGTYPE' }) as Error,
      },
    ]);
    await expect(store.find(record.digest)).resolves.toEqual({
      ...record,
      useCount: 2,
      lastUsedAt: 7,
    });
    await expect(store.recordUsage(uses.slice(0, 1))).rejects.toThrow('Redis EVALSHA: WRONGTYPE');
  });
});

describe("an owner's list", () => {
  it('has a record from before it is written', async () => {
    const record = newRecord();
    await store.insert(newRecord());
    await expect(dyingAfter(1).insert(record)).rejects.toMatchObject(gone);
    await expect(redis.zrange(listOf(record), '0', '-1')).resolves.toEqual([record.id]);
    await expect(store.find(record.digest)).resolves.toBeUndefined();
    await expect(store.list(ownerOf(record), { limit: 10 })).resolves.toEqual([]);
    await expect(store.revokeAll(ownerOf(record), Date.now())).resolves.toBe(0);

    await expect(store.insert(record)).resolves.toBe(true);
    await expect(store.list(ownerOf(record), { limit: 10 })).resolves.toEqual([record]);
  });

  it('without which there is no record', async () => {
    const record = newRecord({ clientId: 'app' });
    await expect(dyingAfter(0).insert(record)).rejects.toMatchObject(gone);
    await expect(redis.exists(keyOf(record))).resolves.toBe(0);
  });

  it('is rid of what has no record at the second look, a minute after the first', async () => {
    const [dropped, stays] = [newRecord({ subject: unique('acct') }), newRecord()];
    await store.insert(dropped);
    await store.insert({ ...stays, subject: dropped.subject });
    await redis.del(keyOf(dropped));
    for (let look = 0; look < 3; look++) {
      await expect(listed(dropped)).resolves.toEqual([stays.id]);
      await expect(redis.zcard(listOf(dropped))).resolves.toBe(2);
    }
    const [since] = await redis.time();
    expect(Number(await redis.hget(missedOf(dropped), dropped.id))).toBeCloseTo(Number(since), -2);

    await redis.hset(missedOf(dropped), dropped.id, String(Number(since) - 61));
    await expect(Promise.all([listed(dropped), listed(dropped)])).resolves.toEqual([
      [stays.id],
      [stays.id],
    ]);
    await expect(redis.zrange(listOf(dropped), '0', '-1')).resolves.toEqual([stays.id]);
    await expect(redis.exists(missedOf(dropped))).resolves.toBe(0);
  });

  it('keeps what an insert is about to write, though its record was missed long ago', async () => {
    const record = newRecord();
    await store.insert(record);
    await redis.del(keyOf(record));
    await listed(record);
    await redis.hset(missedOf(record), record.id, '0');

    const again = { ...record, issuedAt: record.issuedAt + 7 };
    await expect(dyingAfter(1).insert(again)).rejects.toMatchObject(gone);
    await expect(listed(record)).resolves.toEqual([]);
    await expect(redis.zrange(listOf(record), '0', '-1', 'WITHSCORES')).resolves.toEqual([
      record.id,
      String(again.issuedAt),
    ]);
  });

  it('has a record although it was missed when it was not listed', async () => {
    const record = newRecord();
    await redis.hset(missedOf(record), record.id, '0');
    await store.insert(record);
    await expect(listed(record)).resolves.toEqual([record.id]);
    await expect(redis.exists(missedOf(record))).resolves.toBe(0);
  });

  it('keeps the place of a record that is known, whatever a refused insert says', async () => {
    const [first, second] = [newRecord({ issuedAt: 1 }), newRecord({ issuedAt: 2 })];
    await store.insert(first);
    await store.insert({ ...second, subject: first.subject });
    await expect(store.insert({ ...first, issuedAt: 3 })).resolves.toBe(false);
    await expect(listed(first)).resolves.toEqual([first.id, second.id]);
  });

  it("never has another owner's record, which a refused insert may have put there", async () => {
    const record = newRecord();
    const stranger = { ...record, subject: unique('acct') };
    await store.insert(record);
    await expect(store.insert(stranger)).resolves.toBe(false);
    await expect(redis.zcard(listOf(stranger))).resolves.toBe(1);
    await expect(listed(stranger)).resolves.toEqual([]);
    await expect(store.revokeAll(ownerOf(stranger), Date.now())).resolves.toBe(0);
    await expect(store.find(record.digest)).resolves.toEqual(record);

    await redis.hset(missedOf(stranger), record.id, '0');
    await listed(stranger);
    await expect(redis.exists(listOf(stranger), missedOf(stranger))).resolves.toBe(0);
    await expect(listed(record)).resolves.toEqual([record.id]);
  });

  it('fills a page past any number of records that are gone', async () => {
    const subject = unique('acct');
    const records = Array.from({ length: 40 }, (_, issuedAt) => newRecord({ subject, issuedAt }));
    for (const record of records) {
      await store.insert(record);
    }
    const left = records.filter((_, index) => index % 13 === 12);
    await redis.del(...records.filter((record) => !left.includes(record)).map(keyOf));
    const owner = ownerOf(records[0] as StoredRecord);
    await expect(store.list(owner, { limit: 2 })).resolves.toEqual(left.slice(0, 2));
    await expect(
      store.list(owner, { limit: 2, after: (left[1] as StoredRecord).id }),
    ).resolves.toEqual(left.slice(2));
    await expect(
      store.list(owner, { limit: 2, after: (records[0] as StoredRecord).id }),
    ).resolves.toEqual([]);
  });

  it('is tidied by prune() though nobody reads it', async () => {
    const kind = unique('kind:%');
    const [dropped, other] = [newRecord({ kind, expiresAt: Date.now() - 1_000 }), newRecord()];
    for (const record of [dropped, other]) {
      await store.insert(record);
    }
    await redis.del(keyOf(other));
    await redis.set('latchkey:record:of-another-type', 'text');
    const list = listOf(dropped).replace(kind, kind.replace('%', '%25').replace(':', '%3A'));
    const missed = list.replace(':owner:', ':missed:');
    await expect(store.prune(kind, Date.now())).resolves.toBe(1);
    await redis.hset(missed, dropped.id, '0');
    await expect(store.prune(kind, Date.now())).resolves.toBe(0);
    await expect(redis.exists(list, missed)).resolves.toBe(0);
    await expect(redis.exists(missedOf(other))).resolves.toBe(0);
  });
});

describe('a client that may not publish', () => {
  it('changes nothing if it may not publish the change', async () => {
    await redis.call('ACL', 'SETUSER', 'silent', 'on', '>secret', '~*', '+@all', 'resetchannels');
    const silent = new Redis({
      port: server.port,
      host: '127.0.0.1',
      username: 'silent',
      password: 'secret',
    });
    await silent.ping();
    const quiet = redisStore({ client: silent });
    const record = newRecord();
    await expect(quiet.insert(record)).resolves.toBe(true);
    const acts = [
      () => quiet.update(record.id, { name: 'new' }),
      () => quiet.expireAt(record.id, Date.now()),
      () => quiet.revoke(record.id, Date.now()),
      () => quiet.revokeAll(ownerOf(record), Date.now()),
    ];
    for (const act of acts) {
      await expect(act()).rejects.toThrow("The user executing the script can't publish");
    }
    await expect(quiet.find(record.digest)).resolves.toEqual(record);
    silent.disconnect();
  });
});

describe('a key that somebody has damaged', () => {
  test.each<[string, (key: string) => Promise<unknown>]>([
    ['a member that is no JSON', (key) => redis.hset(key, 'metadata', 'top secret')],
    ['a member that is empty', (key) => redis.hset(key, 'revokedAt', '')],
    ['no member that says when it was revoked', (key) => redis.hdel(key, 'revokedAt')],
    ['no member that says when it expires', (key) => redis.hdel(key, 'expiresAt')],
    ['another type', (key) => redis.set(key, 'top secret')],
  ])('with %s is an error that does not quote the record', async (_, damage) => {
    const record = newRecord();
    await store.insert(record);
    await damage(keyOf(record));
    for (const act of [
      () => store.find(record.digest),
      () => store.findById(record.id),
      () => store.list(ownerOf(record), { limit: 1 }),
    ]) {
      const error: unknown = await act().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(Error);
      const shown = inspect(error, { showHidden: true, depth: 10 });
      for (const word of [record.id, record.digest, record.subject, 'top secret']) {
        expect(shown).not.toContain(word);
      }
    }
  });
});

describe('a list from which IDs are removed while it is read', () => {
  /** Keys of one subject. The records of the first two pages have been missing for long. */
  async function withMissing(): Promise<{ readonly owner: Owner; readonly left: string[] }> {
    const kind = unique('kind');
    const subject = unique('subject');
    const end = Date.now() + 60_000;
    const records = Array.from({ length: 560 }, (_, at) => {
      const place = at < 520 ? 1 : 2;
      return newRecord({ kind, subject, issuedAt: place, expiresAt: end + place });
    });
    await store.insertMany?.(records);
    const ids = await redis.zrange(listOf(records[0] as StoredRecord), '0', '-1');
    const [gone, left] = [ids.slice(0, 500), ids.slice(500)];
    await redis.del(...gone.map((id) => `latchkey:record:${id}`));
    const owner = { kind, by: 'subject', id: subject } as const;
    for (const missed of [`{${kind}:subject:${subject}}`, `{${kind}}:missed:issued`]) {
      const key = missed.endsWith('issued')
        ? `latchkey:kind:${missed}`
        : `latchkey:missed:${missed}`;
      await redis.hset(key, Object.fromEntries(gone.map((id): [string, string] => [id, '0'])));
    }
    return { owner, left };
  }

  it('is revoked to its end', async () => {
    const { owner, left } = await withMissing();
    const key = `latchkey:owner:{${owner.kind}:subject:${owner.id}}`;
    // Removes the last ID of the first page as soon as that page was read.
    const call = async (name: string, args: string[]) => {
      const reply = await redis.call(name, args);
      if (name === 'ZRANGE' && args[1] === '0') {
        await redis.zremrangebyrank(key, 0, 499);
      }
      return reply;
    };
    const client = Object.assign(Object.create(redis) as Redis, { call });
    const other = redisStore({ client });
    await expect(other.revokeAll(owner, Date.now())).resolves.toBe(left.length);
  });

  it('is tidied to its end by one prune()', async () => {
    const { owner, left } = await withMissing();
    await store.prune(owner.kind, 0);
    const kept = await Promise.all(
      ['issued', 'expiring'].map((list) => redis.zcard(`latchkey:kind:{${owner.kind}}:${list}`)),
    );
    expect(kept).toEqual([left.length, left.length]);
    await redis.del(...left.map((id) => `latchkey:record:${id}`));
    await store.prune(owner.kind, 0);
    expect(await redis.zcard(`latchkey:kind:{${owner.kind}}:expiring`)).toBe(0);
  });
});
