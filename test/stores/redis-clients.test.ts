import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { apiKeys } from 'latchkey';
import { type RedisClient, redisStore } from 'latchkey/redis';
import { createClient, createClientPool, createSentinel, RESP_TYPES } from 'redis';
import { createClient as createClient5, RESP_TYPES as RESP_TYPES5 } from 'redis5';

import { newRecord, unique } from '../../src/testing/store-contract/samples';
import { type RedisServer, startRedis } from '../support/redis';
import { CLIENTS, type Connected } from '../support/redis-clients';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

describe.each(Object.entries(CLIENTS))('by %s', (_, connect) => {
  let connected: Connected;
  let store: ReturnType<typeof redisStore>;
  beforeAll(async () => {
    connected = connect(server.port);
    await connected.ready;
    store = redisStore({ client: connected.client });
    // The first write starts a scan in the background, and a list waits for it.
    const { kind } = await inserted(store);
    await store.search({ kind }, { limit: 1 });
  });
  afterAll(() => connected.close());

  it('a look-up is one command', async () => {
    const keys = apiKeys({ prefix: 'osir', store });
    const { secret, record } = await keys.issue({ subject: 'acct_42', scopes: [] });
    await expect(server.commandsDuring(async () => keys.verify(secret))).resolves.toMatchObject({
      sent: ['HMGET'],
      lua: [],
    });
    await expect(server.commandsDuring(() => store.findById(record.id))).resolves.toMatchObject({
      sent: ['HMGET'],
      lua: [],
    });
  });

  it('revokes and publishes in one command, before the lists of the kind are written', async () => {
    const record = newRecord();
    await store.insert(record);
    await store.revoke((await inserted(store)).id, Date.now());
    const { sent, lua } = await server.commandsDuring(() => store.revoke(record.id, Date.now()));
    const lists = ['EVALSHA', 'EVALSHA'];
    expect(sent).toEqual(['EVALSHA', ...lists]);
    expect(lua.indexOf('PUBLISH')).toBeLessThan(lua.indexOf('HSET'));
    expect(lua).toContain('PUBLISH');
  });

  it.each<[string, (id: string) => Promise<unknown>, lists: readonly string[]]>([
    ['update()', (id) => store.update(id, { name: 'new' }), []],
    ['expireAt()', (id) => store.expireAt(id, Date.now()), ['EVALSHA', 'EVALSHA']],
    ['recordUsage()', (id) => store.recordUsage([{ id, count: 1, lastUsedAt: Date.now() }]), []],
  ])('%s changes the record in one command', async (_name, act, lists) => {
    await act((await inserted(store)).id);
    const { id } = await inserted(store);
    await expect(server.commandsDuring(() => act(id))).resolves.toMatchObject({
      sent: ['EVALSHA', ...lists],
    });
  });

  it.each<[string, string, (key: string) => Promise<unknown>]>([
    [
      'setIfAbsent()',
      'SET',
      (key) => store.setIfAbsent('group', key, 'value', Date.now() + 60_000),
    ],
    ['set()', 'SET', (key) => store.set('group', key, 'value', Date.now() + 60_000)],
    ['get()', 'GET', (key) => store.get('group', key)],
    ['getAndDelete()', 'GETDEL', (key) => store.getAndDelete('group', key)],
  ])('%s is one command', async (_name, command, act) => {
    await expect(server.commandsDuring(() => act(unique('key')))).resolves.toMatchObject({
      sent: [command],
      lua: [],
    });
  });

  it('sends a script in full only to a server that does not know it', async () => {
    await server.command('SCRIPT', 'FLUSH');
    const [first, second] = [await inserted(store), await inserted(store)];
    await server.command('SCRIPT', 'FLUSH');
    const calls = await server.commandsDuring(async () => {
      for (const { id } of [first, second]) {
        await expect(store.update(id, { name: 'new' })).resolves.toMatchObject({ name: 'new' });
      }
    });
    expect(calls.sent).toEqual(['EVALSHA', 'EVAL', 'EVALSHA']);
  });
});

async function inserted(store: ReturnType<typeof redisStore>) {
  const record = newRecord();
  await store.insert(record);
  return record;
}

describe('a client with unusual settings', () => {
  const socket = () => ({ host: '127.0.0.1', port: server.port });
  const nodeRedis = async <
    C extends RedisClient & { connect(): Promise<unknown>; destroy(): void },
  >(
    client: C,
  ): Promise<Connected> => ({
    client,
    ready: client.connect(),
    close: () => client.destroy(),
  });
  const ioredis = (client: Redis | Redis5): Connected => ({
    client,
    ready: client.ping(),
    close: () => client.disconnect(),
  });
  const { BLOB_STRING, NUMBER } = RESP_TYPES;

  it.each<[string, () => Connected | Promise<Connected>]>([
    ['node-redis 6, to speak RESP 2', () => nodeRedis(createClient({ socket: socket(), RESP: 2 }))],
    [
      'node-redis 5, to speak RESP 3',
      () => nodeRedis(createClient5({ socket: socket(), RESP: 3 })),
    ],
    [
      'node-redis 6, to map replies to other types',
      () =>
        nodeRedis(
          createClient({
            socket: socket(),
            commandOptions: { typeMapping: { [BLOB_STRING]: Buffer, [NUMBER]: String } },
          }),
        ),
    ],
    [
      'node-redis 5, to map replies to other types',
      () =>
        nodeRedis(
          createClient5({
            socket: socket(),
            commandOptions: {
              typeMapping: { [RESP_TYPES5.BLOB_STRING]: Buffer, [RESP_TYPES5.NUMBER]: String },
            },
          }),
        ),
    ],
    [
      'node-redis 6, to put something before keys',
      () => nodeRedis(createClient({ socket: socket(), keyPrefix: 'app:' })),
    ],
    [
      'node-redis 6, to use another database',
      () => nodeRedis(createClient({ socket: socket(), database: 3 })),
    ],
    ['ioredis 6, to speak RESP 2', () => ioredis(new Redis({ ...socket(), protocol: 2 }))],
    [
      'ioredis 6, to give numbers as text',
      () => ioredis(new Redis({ ...socket(), stringNumbers: true })),
    ],
    [
      'ioredis 6, to give replies as RESP 3 has them',
      () => ioredis(new Redis({ ...socket(), replyMapping: 'resp3' })),
    ],
    [
      'ioredis 6, to put something before keys',
      () => ioredis(new Redis({ ...socket(), keyPrefix: 'app[*]{:' })),
    ],
    [
      'ioredis 5, to put something before keys',
      () => ioredis(new Redis5({ ...socket(), keyPrefix: 'app:' })),
    ],
    [
      'ioredis 6, to send commands together',
      () => ioredis(new Redis({ ...socket(), enableAutoPipelining: true })),
    ],
    [
      'ioredis 5, to connect when it is used',
      () => ioredis(new Redis5({ ...socket(), lazyConnect: true })),
    ],
  ])('is served all the same: %s', async (_, connect) => {
    const { client, ready, close } = await connect();
    await ready;
    const store = redisStore({ client });
    const [first, second] = [
      newRecord({ kind: unique('kind'), issuedAt: 1 }),
      newRecord({ expiresAt: Date.now() }),
    ];
    const heard: string[] = [];
    const end = store.subscribe(({ id }) => heard.push(id));
    try {
      await expect(store.insert(first)).resolves.toBe(true);
      await expect(store.insert(first)).resolves.toBe(false);
      await expect(
        store.insert({ ...second, kind: first.kind, subject: first.subject }),
      ).resolves.toBe(true);
      await expect(store.find(first.digest)).resolves.toEqual(first);
      const owner = { kind: first.kind, by: 'subject', id: first.subject } as const;
      await expect(store.list(owner, { limit: 1 })).resolves.toEqual([first]);
      await expect(store.update(first.id, {})).resolves.toEqual(first);
      await expect(store.expireAt(first.id, Date.now() + 60_000)).resolves.toBe(true);
      await store.recordUsage([{ id: first.id, count: 2, lastUsedAt: 1 }]);
      await expect(store.findById(first.id)).resolves.toMatchObject({ useCount: 2, lastUsedAt: 1 });
      while (!heard.includes(first.id)) {
        await store.update(first.id, {});
      }
      await expect(store.revokeAll(owner, Date.now())).resolves.toBe(2);
      await expect(store.prune(first.kind, Date.now() + 1)).resolves.toBe(2);
      await expect(store.list(owner, { limit: 10 })).resolves.toEqual([]);

      const until = Date.now() + 60_000;
      await expect(store.setIfAbsent(first.id, 'key', 'value', until)).resolves.toBe(true);
      await expect(store.setIfAbsent(first.id, 'key', 'other', until)).resolves.toBe(false);
      await expect(store.get(first.id, 'key')).resolves.toBe('value');
      await expect(store.getAndDelete(first.id, 'key')).resolves.toBe('value');
      await expect(store.getAndDelete(first.id, 'key')).resolves.toBeUndefined();
    } finally {
      await end();
      close();
    }
  });
});

describe('the options of redisStore', () => {
  const client = {
    isReady: false,
    isOpen: false,
    sendCommand() {},
    duplicate() {},
    select() {},
  } as unknown as RedisClient;
  const CLIENT =
    'redisStore(): option "client" must be a client or a cluster of node-redis (5, 6) or ioredis (5, 6)';
  const PREFIX =
    'redisStore(): option "prefix" must be a non-empty string without { and }, which would choose the slot of a cluster';

  it.each<[string, unknown, string]>([
    ['without a client', {}, CLIENT],
    ['with null for a client', { client: null }, CLIENT],
    ['with the address of a client', { client: 'redis://:password@127.0.0.1' }, CLIENT],
    ['with an object that is no client', { client: { get: () => 'value' } }, CLIENT],
    ['with a pool of node-redis', { client: createClientPool() }, CLIENT],
    [
      'with a sentinel of node-redis',
      { client: createSentinel({ name: 'main', sentinelRootNodes: [] }) },
      CLIENT,
    ],
    ['with an empty prefix', { client, prefix: '' }, PREFIX],
    ['with a prefix that chooses a slot', { client, prefix: '{latchkey}:' }, PREFIX],
    ['with a prefix that is a number', { client, prefix: 1 }, PREFIX],
    [
      'with a misspelt option',
      { client, prefiks: 'a:' },
      'redisStore(): unknown option "prefiks"; allowed are client, prefix, subscribe',
    ],
  ])('%s are a TypeError that says so', (_, options, message) => {
    expect(() => redisStore(options as Parameters<typeof redisStore>[0])).toThrow(
      new TypeError(message),
    );
  });
});
