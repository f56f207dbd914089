import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { Redis } from 'ioredis';
import { apiKeys, latchkey, type StoredRecord } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { createClient } from 'redis';

import { newRecord } from '../../src/testing/store-contract/samples';
import { type RedisServer, startRedis } from '../support/redis';
import { storeEvents } from '../support/store-events';

const ownerOf = ({ kind, subject }: StoredRecord) =>
  ({ kind, by: 'subject', id: subject }) as const;

describe('a Redis that is full', () => {
  let server: RedisServer;
  let client: Redis;
  let store: ReturnType<typeof redisStore>;
  beforeEach(async () => {
    server = await startRedis('--maxmemory-policy', 'noeviction');
    client = new Redis(server.port, '127.0.0.1');
    store = redisStore({ client });
  });
  afterEach(async () => {
    client.disconnect();
    await server.stop();
  });
  const fill = () => server.command('CONFIG', 'SET', 'maxmemory', '1');

  it('still revokes, expires and changes keys, also if it does not know the scripts', async () => {
    const records = Array.from({ length: 6 }, () =>
      newRecord({ subject: 'acct_42', scopes: ['a', 'b'] }),
    );
    for (const record of records) {
      await store.insert(record);
    }
    const [revoked, ended, narrowed] = records as [StoredRecord, StoredRecord, StoredRecord];
    const at = Date.now();
    await fill();
    await server.command('SCRIPT', 'FLUSH');
    await expect(store.revoke(revoked.id, at)).resolves.toBe(true);
    await expect(store.revoke(revoked.id, at)).resolves.toBe(false);
    await expect(store.expireAt(ended.id, Date.now() - 1)).resolves.toBe(true);
    await expect(store.update(narrowed.id, { scopes: ['a'] })).resolves.toMatchObject({
      scopes: ['a'],
    });
    await expect(store.revokeAll(ownerOf(revoked), at)).resolves.toBe(5);
    await expect(store.findById(revoked.id)).resolves.toEqual({ ...revoked, revokedAt: at });
    await expect(store.findById(narrowed.id)).resolves.toEqual({
      ...narrowed,
      scopes: ['a'],
      revokedAt: at,
    });
  });

  it('refuses new keys and state with an error that says so', async () => {
    await fill();
    for (const call of [
      () => store.insert(newRecord()),
      () => store.setIfAbsent('group', 'key', 'value', Date.now() + 60_000),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'ERR_LATCHKEY_STORE', driverCode: 'OOM' });
    }
  });

  it('does not lose usage: it is written when there is room', async () => {
    const keys = apiKeys({ prefix: 'osir', store });
    const guard = latchkey({ verifiers: [keys] });
    const { secret, record } = await keys.issue({ subject: 'acct_42', scopes: [] });
    await fill();
    const published = storeEvents();
    for (let n = 0; n < 5; n++) {
      await guard.check({ headers: { 'x-api-key': secret } });
    }
    await expect(guard.flush()).rejects.toMatchObject({ count: 5 });
    expect(published.stop()).toMatchObject([
      { store: 'redis', event: 'usage_lost', count: 5, error: { driverCode: 'OOM' } },
    ]);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await guard.close();
    await expect(keys.get(record.id)).resolves.toMatchObject({ useCount: 5 });
  });
});

it('a Redis that cannot save refuses to revoke with an error that says so', async () => {
  const server = await startRedis('--save', '3600 1', '--appendonly', 'no');
  const client = new Redis(server.port, '127.0.0.1');
  const store = redisStore({ client });
  const record = newRecord();
  await store.insert(record);
  // A folder in place of the file: the dump cannot be renamed to it.
  await mkdir(`${server.folder}/dump.rdb/x`, { recursive: true });
  await server.command('BGSAVE');
  while (!(await server.command('INFO', 'persistence')).includes('rdb_last_bgsave_status:err')) {
    await sleep(10);
  }
  await expect(store.revoke(record.id, 7)).rejects.toMatchObject({
    code: 'ERR_LATCHKEY_STORE',
    driverCode: 'MISCONF',
  });
  await expect(store.findById(record.id)).resolves.toEqual(record);
  client.disconnect();
  await server.stop();
});

describe('list()', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it.each([
    ['may not write', ['+@read', '+evalsha', '+eval']],
    ['may run no script', ['+@read']],
  ])('reads for a user that %s, if records are gone', async (name, rights) => {
    const writing = new Redis(server.port, '127.0.0.1');
    const writer = redisStore({ client: writing });
    const records = Array.from({ length: 5 }, (_, n) =>
      newRecord({ subject: name, kind: 'api_key', issuedAt: n + 1 }),
    );
    for (const record of records) {
      await writer.insert(record);
    }
    for (const gone of [records[1], records[3]]) {
      await server.command('DEL', `latchkey:record:${gone?.id}`);
    }
    await server.command(
      'ACL',
      'SETUSER',
      'reader',
      'reset',
      'on',
      '>pw',
      '~latchkey:*',
      '+@connection',
      '+info',
      ...rights,
    );
    const client = createClient({ url: `redis://reader:pw@127.0.0.1:${server.port}` });
    await client.connect();
    const reader = redisStore({ client, subscribe: false });
    const owner = ownerOf(records[0]!);
    const first = await reader.list(owner, { limit: 2 });
    expect(first.map(({ issuedAt }) => issuedAt)).toEqual([1, 3]);
    const next = await reader.list(owner, { limit: 2, after: first.at(-1)?.id });
    expect(next.map(({ issuedAt }) => issuedAt)).toEqual([5]);
    await expect(reader.find(records[0]!.digest)).resolves.toEqual(records[0]);
    client.destroy();
    writing.disconnect();
  });

  it('gives each record once while others are added before it', async () => {
    const client = new Redis(server.port, '127.0.0.1');
    const store = redisStore({ client });
    const records = Array.from({ length: 40 }, (_, n) =>
      newRecord({ subject: 'busy', issuedAt: 1_000 + n }),
    );
    await store.insertMany?.(records);
    const owner = ownerOf(records[0]!);
    let adding = true;
    const earlier = (async () => {
      for (let n = 999; adding; n--) {
        await store.insert(newRecord({ subject: 'busy', kind: records[0]!.kind, issuedAt: n }));
      }
    })();
    const seen: string[] = [];
    for (let after: string | undefined = records[0]!.id; after;) {
      const page = await store.list(owner, { limit: 3, after });
      seen.push(...page.map(({ id }) => id));
      after = page.at(-1)?.id;
    }
    adding = false;
    await earlier;
    expect(seen).toEqual(records.slice(1).map(({ id }) => id));
    client.disconnect();
  });

  it('insertMany() says of each record whether it was new', async () => {
    const client = new Redis(server.port, '127.0.0.1');
    const store = redisStore({ client });
    const records = Array.from({ length: 600 }, () => newRecord());
    await store.insert(records[300]!);
    const added = await store.insertMany?.([...records, records[0]!]);
    expect(added?.flatMap((isNew, at) => (isNew ? [] : [at]))).toEqual([300, 600]);
    client.disconnect();
  });
});
