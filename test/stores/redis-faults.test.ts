import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

import { Redis } from 'ioredis';
import { apiKeys, latchkey } from 'latchkey';
import { type RedisClient, redisStore } from 'latchkey/redis';

import { newRecord } from '../../src/testing/store-contract/samples';
import { type Proxy, startProxy } from '../support/proxy';
import { type RedisServer, startRedis } from '../support/redis';
import { CLIENTS, UNTUNED } from '../support/redis-clients';

// A rejection that nobody handles fails the test that runs: that is Jest's own rule.
let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** An API whose keys are in Redis behind a proxy, by one of the clients, and a good key for it. */
async function opened(name: string) {
  const proxy = await startProxy(server.port);
  const connected = CLIENTS[name]!(proxy.port);
  await connected.ready;
  const store = redisStore({ client: connected.client });
  const keys = apiKeys({ prefix: 'osir', store });
  const api = latchkey({ verifiers: [keys], cache: false });
  const { secret } = await keys.issue({ subject: 'acct_42', scopes: [] });
  const status = async () => {
    const authentication = await api.check({ method: 'GET', headers: { 'x-api-key': secret } });
    return authentication.status === 'refused'
      ? authentication.refusal.status
      : authentication.status;
  };
  const close = async () => {
    await api.close();
    connected.close();
    await proxy.close();
  };
  return { name, proxy, store, status, close };
}
type Opened = Awaited<ReturnType<typeof opened>>;

/** What comes of a call: nothing, where it takes much longer than the deadline. */
const outcome = (call: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    call.then(
      () => 'an answer',
      (error: unknown) =>
        error instanceof Error && error.name === 'RedisError' ? 'an error' : error,
    ),
    sleep(1_500, 'nothing', { ref: false }),
  ]);

/** Requests and revocations for a while, one after another's beginning: what came of them. */
async function outcomesFor(ms: number, { status, store }: Opened): Promise<ReadonlySet<unknown>> {
  const outcomes: Promise<unknown>[] = [];
  for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
    outcomes.push(
      status(),
      outcome(store.revoke(newRecord().id, Date.now())),
      outcome(store.get('group', 'key')),
    );
  }
  return new Set(await Promise.all(outcomes));
}

const FAULTS: Readonly<
  Record<
    string,
    { begin: (proxy: Proxy) => unknown; end: (proxy: Proxy) => unknown; shared?: true }
  >
> = {
  'refuses connections': { begin: (proxy) => proxy.refuse(), end: (proxy) => proxy.pass() },
  'swallows everything': { begin: (proxy) => proxy.blackHole(), end: (proxy) => proxy.pass() },
  'is slow': { begin: (proxy) => proxy.slow(2_000), end: (proxy) => proxy.pass() },
  'stands still': { begin: () => server.freeze(), end: () => server.thaw(), shared: true },
  'was killed': { begin: () => server.kill(), end: () => server.start(), shared: true },
};

describe('with a server that', () => {
  let all: readonly Opened[];
  beforeEach(async () => {
    all = await Promise.all(Object.keys(CLIENTS).map(opened));
  });
  afterEach(() => Promise.all(all.map(({ close }) => close())));

  const byName = async <T>(of: (each: Opened) => Promise<T>) =>
    Object.fromEntries(
      await Promise.all(all.map(async (each) => [each.name, await of(each)] as const)),
    );
  const forAll = <T>(value: T) => Object.fromEntries(all.map(({ name }) => [name, value]));
  const good = async ({ status, store }: Opened) => [
    await status(),
    await outcome(store.revoke(newRecord().id, Date.now())),
  ];
  const goodWithin = async (ms: number, each: Opened) => {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(10)) {
      if ((await status(each)) === 'authenticated') {
        break;
      }
    }
    return good(each);
  };
  const status = (each: Opened) => each.status();

  it.each(Object.entries(FAULTS))(
    '%s, every call fails fast, and succeeds again within a second of the end',
    async (_, { begin, end, shared }) => {
      await expect(byName(good)).resolves.toEqual(forAll(['authenticated', 'an answer']));
      const affected = shared ? all.slice(0, 1) : all;
      for (const { proxy } of affected) {
        await begin(proxy);
      }
      await sleep(20);
      await expect(byName((each) => outcomesFor(1_500, each))).resolves.toEqual(
        forAll(new Set([503, 'an error'])),
      );
      for (const { proxy } of affected) {
        await end(proxy);
      }
      await expect(byName((each) => goodWithin(1_000, each))).resolves.toEqual(
        forAll(['authenticated', 'an answer']),
      );
    },
    20_000,
  );

  it('is gone from the other end, the client reconnects, however many commands are sent meanwhile', async () => {
    for (const { proxy } of all) {
      proxy.loseConnections();
    }
    await byName((each) => outcomesFor(2_500, each));
    await expect(byName(good)).resolves.toEqual(forAll(['authenticated', 'an answer']));
  }, 20_000);

  it('pauses its clients, calls fail soon', async () => {
    await server.command('CLIENT', 'PAUSE', '1500');
    await expect(byName((each) => outcomesFor(100, each))).resolves.toEqual(
      forAll(new Set([503, 'an error'])),
    );
    await expect(byName((each) => goodWithin(3_000, each))).resolves.toEqual(
      forAll(['authenticated', 'an answer']),
    );
  }, 20_000);

  it('is cut off in the middle of a reply, that call fails and a later one does not', async () => {
    for (const bytes of [0, 1, 7, 60]) {
      for (const { proxy } of all) {
        proxy.cutNextReplies(bytes);
      }
      await expect(byName(({ status }) => status())).resolves.toEqual(forAll(503));
      await expect(byName((each) => goodWithin(1_000, each))).resolves.toEqual(
        forAll(['authenticated', 'an answer']),
      );
    }
  }, 20_000);

  it('accepts no more connections, calls fail until it does', async () => {
    const only = new Redis({ port: server.port, host: '127.0.0.1' });
    await only.config('SET', 'maxclients', '1');
    for (const { proxy } of all) {
      await proxy.refuse();
    }
    for (const { proxy } of all) {
      await proxy.pass();
    }
    await expect(byName((each) => outcomesFor(300, each))).resolves.toEqual(
      forAll(new Set([503, 'an error'])),
    );
    await only.config('SET', 'maxclients', '100');
    only.disconnect();
    await expect(byName((each) => goodWithin(1_000, each))).resolves.toEqual(
      forAll(['authenticated', 'an answer']),
    );
  }, 20_000);

  it('only reads, look-ups succeed and changes fail', async () => {
    const record = newRecord();
    await all[0]?.store.insert(record);
    await server.command('REPLICAOF', '127.0.0.1', '1');
    for (const { store, status } of all) {
      await expect(status()).resolves.toBe('authenticated');
      await expect(store.find(record.digest)).resolves.toEqual(record);
      await expect(
        store.list({ kind: record.kind, by: 'subject', id: record.subject }, { limit: 1 }),
      ).resolves.toEqual([record]);
      await expect(store.insert(newRecord())).rejects.toThrow('READONLY');
      await expect(store.update(record.id, { name: 'new' })).rejects.toThrow('READONLY');
      await expect(store.revoke(record.id, Date.now())).rejects.toThrow('READONLY');
      await expect(store.recordUsage([{ id: record.id, count: 1, lastUsedAt: 1 }])).rejects.toThrow(
        'READONLY',
      );
      await expect(store.setIfAbsent('group', 'key', 'value', Date.now() + 60_000)).rejects.toThrow(
        'READONLY',
      );
      await expect(store.getAndDelete('group', 'key')).rejects.toThrow('READONLY');
    }
    await server.command('REPLICAOF', 'NO', 'ONE');
    await expect(byName(good)).resolves.toEqual(forAll(['authenticated', 'an answer']));
    await expect(all[0]?.store.find(record.digest)).resolves.toEqual(record);
  });
});

describe('by a client with the settings that it has by itself', () => {
  it.each(Object.entries(UNTUNED))(
    'of %s, a command that is sent while it is not ready fails at once, and is never executed',
    async (_, connect) => {
      const { client, ready, close } = connect(server.port);
      await ready;
      const store = redisStore({ client });
      const record = newRecord();
      await server.kill();
      while (isReady(client)) {
        await sleep(1);
      }
      await expect(store.insert(record)).rejects.toThrow('Redis EVALSHA: the client is not ready');
      await expect(store.find(record.digest)).rejects.toThrow(
        'Redis HMGET: the client is not ready',
      );
      await server.start();
      while (!isReady(client)) {
        await sleep(1);
      }
      await expect(store.find(record.digest)).resolves.toBeUndefined();
      await expect(store.insert(record)).resolves.toBe(true);
      close();
    },
  );
});

const isReady = (client: RedisClient) =>
  'status' in client ? client.status === 'ready' : 'isReady' in client && client.isReady;

describe('an error', () => {
  const COMMANDS = ['HMGET', 'EVALSHA', 'ZRANGE', 'SET', 'GET', 'GETDEL', 'SCAN'];
  let lacking: RedisServer;
  beforeAll(async () => {
    lacking = await startRedis(...COMMANDS.flatMap((name) => ['--rename-command', name, '']));
  });
  afterAll(() => lacking.stop());

  it.each(Object.keys(CLIENTS))(
    'of %s says what failed, and does not quote the command',
    async (name) => {
      const { client, ready, close } = CLIENTS[name]!(lacking.port);
      await ready;
      const store = redisStore({ client });
      const record = newRecord({ name: 'a name', metadata: { text: 'some text' } });
      const { id, digest, kind, subject } = record;
      const until = Date.now() + 60_000;
      const calls: [string, () => Promise<unknown>][] = [
        ['HMGET', () => store.find(digest)],
        ['HMGET', () => store.findById(id)],
        ['EVALSHA', () => store.insert(record)],
        ['ZRANGE', () => store.list({ kind, by: 'subject', id: subject }, { limit: 1 })],
        ['EVALSHA', () => store.update(id, { name: 'a name' })],
        ['EVALSHA', () => store.expireAt(id, until)],
        ['EVALSHA', () => store.revoke(id, until)],
        ['ZRANGE', () => store.revokeAll({ kind, by: 'subject', id: subject }, until)],
        ['EVALSHA', () => store.recordUsage([{ id, count: 1, lastUsedAt: until }])],
        ['SCAN', () => store.prune(kind, until)],
        ['SET', () => store.setIfAbsent('a group', 'a key', 'a value', until)],
        ['SET', () => store.set('a group', 'a key', 'a value', until)],
        ['GET', () => store.get('a group', 'a key')],
        ['GETDEL', () => store.getAndDelete('a group', 'a key')],
      ];
      for (const [command, call] of calls) {
        const error = await call().then(
          () => undefined,
          (reason: Error) => reason,
        );
        expect(error?.message).toBe(`Redis ${command}: ERR unknown command`);
        const shown = inspect(error, { showHidden: true, depth: 10 });
        for (const word of [id, digest, subject, 'a name', 'some text', 'a key', 'a value']) {
          expect(shown).not.toContain(word);
        }
      }
      close();
    },
  );
});
