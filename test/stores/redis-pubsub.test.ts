import { setTimeout as sleep } from 'node:timers/promises';

import { redisStore } from 'latchkey/redis';

import { newRecord } from '../../src/testing/store-contract/samples';
import { ROOT } from '../support/package';
import { run } from '../support/programs';
import { startProxy } from '../support/proxy';
import { type RedisServer, startRedis } from '../support/redis';
import { CLIENTS } from '../support/redis-clients';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const names = Object.keys(CLIENTS);

/** A store behind a proxy, and what it hears. */
async function opened(name: string) {
  const proxy = await startProxy(server.port);
  const connected = CLIENTS[name]!(proxy.port);
  const store = redisStore({ client: connected.client });
  const heard: string[] = [];
  const end = store.subscribe(({ id }) => heard.push(id));
  const close = async () => {
    await end();
    connected.close();
    await proxy.close();
  };
  return { proxy, connected, store, heard, end, close };
}
const subscribers = async () =>
  (await server.command('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n').filter(Boolean).length;
const connections = async () => (await server.command('CLIENT', 'LIST')).split('\n').length;
const becomes = async (count: number) => {
  while ((await subscribers()) !== count) {
    await sleep(5);
  }
};

/** Revokes one record after another on another machine until one is heard of. */
async function untilHeard(heard: readonly string[]) {
  const other = CLIENTS['ioredis 6']!(server.port);
  await other.ready;
  const store = redisStore({ client: other.client });
  const before = heard.length;
  while (heard.length === before) {
    const record = newRecord();
    await store.insert(record);
    await store.revoke(record.id, Date.now());
    await sleep(20);
  }
  other.close();
}

describe.each(names)('push by %s', (name) => {
  it('uses one connection for all subscribers, from the first to the last', async () => {
    const { store, heard, end, close } = await opened(name);
    await untilHeard(heard);
    await expect(subscribers()).resolves.toBe(1);
    const another: string[] = [];
    const endAnother = store.subscribe(({ id }) => another.push(id));
    await end();
    await untilHeard(another);
    await expect(subscribers()).resolves.toBe(1);
    await endAnother();
    await becomes(0);

    const endThird = store.subscribe(({ id }) => another.push(id));
    await untilHeard(another);
    await endThird();
    await close();
    await becomes(0);
  });

  it('begins though the server is not there yet', async () => {
    const proxy = await startProxy(server.port);
    await proxy.refuse();
    const connected = CLIENTS[name]!(proxy.port);
    const heard: string[] = [];
    const end = redisStore({ client: connected.client }).subscribe(({ id }) => heard.push(id));
    await sleep(600);
    await proxy.pass();
    await untilHeard(heard);
    await end();
    connected.close();
    await proxy.close();
    await becomes(0);
  });

  it('leaves no connection behind when it ends while that is being made', async () => {
    const { proxy, connected, end, close } = await opened(name);
    await connected.ready;
    await end();
    const store = redisStore({ client: connected.client });
    await becomes(0);
    const before = await connections();
    proxy.slow(4);
    for (let turns = 0; turns < 40; turns++) {
      const endInTurns = store.subscribe(() => {});
      for (let turn = 0; turn < turns; turn++) {
        await Promise.resolve();
      }
      await endInTurns();
      const endInTime = store.subscribe(() => {});
      await sleep(turns);
      await endInTime();
    }
    while ((await connections()) !== before) {
      await sleep(5);
    }
    await close();
  });

  it('goes on after the server was killed and started again', async () => {
    const { heard, close } = await opened(name);
    await untilHeard(heard);
    await server.kill();
    await sleep(300);
    await server.start();
    await untilHeard(heard);
    await close();
    await becomes(0);
  });

  it('ignores messages that are not revocation events', async () => {
    const { heard, close } = await opened(name);
    await untilHeard(heard);
    const junk = [
      '',
      'x',
      'null',
      '1',
      '[]',
      '{}',
      '{"kind":"key","id":"1","at":1}',
      '{"kind":"digest","id":1,"at":1}',
      '{"kind":"grant","id":"1"}',
    ];
    heard.length = 0;
    for (const text of [...junk, '{"kind":"grant","id":"the last","at":1}']) {
      await server.command('PUBLISH', 'latchkey:marks', text);
    }
    while (!heard.includes('the last')) {
      await sleep(5);
    }
    expect(heard).toEqual(['the last']);
    await close();
    await becomes(0);
  });

  it('lets the process exit when it ends, be the server there, just being reached or away', async () => {
    const exits = [
      [server.port, 300],
      [server.port, 0],
      [1, 800],
    ].map(([port, forMs]) =>
      run(ROOT, [
        'node',
        '--import',
        'tsx',
        'test/support/redis-watcher.ts',
        name,
        `${port}`,
        `${forMs}`,
      ]),
    );
    await expect(Promise.all(exits)).resolves.toEqual(['let go\n', 'let go\n', 'let go\n']);
  }, 30_000);
});

describe('push', () => {
  it('reconnects after its connection died silently', async () => {
    const all = await Promise.all(names.map(opened));
    await Promise.all(all.map(({ heard }) => untilHeard(heard)));
    for (const { proxy } of all) {
      proxy.loseConnections();
    }
    await Promise.all(all.map(({ heard }) => untilHeard(heard)));
    await Promise.all(all.map(({ close }) => close()));
  }, 20_000);
});
