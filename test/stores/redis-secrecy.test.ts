import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  accessTokens,
  apiKeys,
  type CredentialStore,
  latchkey,
  type ManagedVerifier,
  sessionTokens,
} from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { createClient } from 'redis';

import { toDigest } from '../../src/credential/digest';
import { generateSecret } from '../../src/credential/secret';
import { underBearer } from '../support/own-verifier';
import { type RedisServer, startRedis } from '../support/redis';
import { CLIENTS } from '../support/redis-clients';
import { tellsOf } from '../support/secrets';

let server: RedisServer;
beforeAll(async () => {
  // Nothing shall be compressed out of sight, and every command is slow enough to be remembered.
  server = await startRedis(
    '--rdbcompression',
    'no',
    '--slowlog-log-slower-than',
    '0',
    '--slowlog-max-len',
    '10000',
  );
});
afterAll(() => server.stop());

/** All that is in a folder of the server, and in the folders in it. */
const filesOf = (folder: string): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');

/** All that Redis keeps and passes on of what `act` does, by where. */
async function tracesOf(act: () => Promise<unknown>): Promise<Readonly<Record<string, string>>> {
  const heard: string[] = [];
  const listener = createClient({ url: `redis://127.0.0.1:${server.port}` });
  await listener.connect();
  await listener.pSubscribe('*', (message, channel) => void heard.push(channel, message));
  const { log } = await server.commandsDuring(act);
  // What was published comes before the answer.
  await listener.ping();
  listener.destroy();

  const appendOnly = join(server.folder, 'appendonlydir');
  const grown = filesOf(appendOnly);
  await server.command('SAVE');
  await server.command('BGREWRITEAOF');
  while (
    /aof_rewrite_(in_progress|scheduled):1/.test(await server.command('INFO', 'persistence'))
  ) {
    await sleep(20);
  }
  return {
    MONITOR: log,
    channels: heard.join('\n'),
    'slow log': await server.command('SLOWLOG', 'GET', '-1'),
    'append-only file': grown,
    'append-only file, rewritten': filesOf(appendOnly),
    dump: readFileSync(join(server.folder, 'dump.rdb'), 'latin1'),
  };
}

const scopes = ['read'];

/** The whole life of credentials of one kind. Resolves to the secrets that were in it. */
async function liveThrough(keys: ManagedVerifier, imported: string): Promise<readonly string[]> {
  const cached = latchkey({ verifiers: [keys] });
  const uncached = latchkey({ verifiers: [keys], cache: false });
  const use = async (secret: string) => {
    for (const { check } of [uncached, cached, cached]) {
      await check(underBearer(secret), { scopes: ['read'] });
    }
  };
  const { secret, record } = await keys.issue({
    subject: 'acct_42',
    clientId: 'app',
    grantId: 'grant',
    name: 'CI',
    scopes,
  });
  await use(secret);
  await keys.update(record.id, { name: 'CI 2', metadata: { plan: 'pro' } });
  const overlapping = await keys.rotate(record.id, { overlapMs: 60_000 });
  const rotated = await keys.rotate(overlapping?.record.id as string);
  const ended = await keys.issue({ subject: 'acct_43', scopes });
  const added = await keys.import([{ digest: toDigest(imported), subject: 'acct_44', scopes }]);
  const secrets = [
    secret,
    overlapping?.secret as string,
    rotated?.secret as string,
    ended.secret,
    imported,
  ];
  for (const each of secrets) {
    await use(each);
  }
  await keys.revoke(rotated?.record.id as string);
  await keys.revokeAll({ subject: 'acct_43' });
  const refused = [
    generateSecret('osir', 'live'),
    `${generateSecret('osir', 'live').slice(0, -6)}000000`,
  ];
  for (const each of [...secrets, ...refused]) {
    await use(each);
    await keys.verify(each);
  }
  await Promise.all([cached.close(), uncached.close()]);
  expect(await keys.list({ subject: 'acct_44' })).toMatchObject([
    { id: added[0]?.id, useCount: 6 },
  ]);
  await keys.prune();
  return [...secrets, ...refused];
}

test.each<[string, (store: CredentialStore) => ManagedVerifier, string]>([
  [
    'API keys',
    (store) => apiKeys({ prefix: 'osir', store, legacy: /^old-/ }),
    `old-key-42${generateSecret('osir', 'live').slice(-49)}`,
  ],
  [
    'access tokens',
    (store) => accessTokens({ prefix: 'osir', store }),
    generateSecret('osir', 'live'),
  ],
  [
    'session tokens',
    (store) => sessionTokens({ prefix: 'osir', store }),
    generateSecret('osir', 'live'),
  ],
])(
  'Redis never has a secret of %s, whatever becomes of them, in any place that others can read',
  async (_, verifierOn, imported) => {
    const { client, ready, close } = CLIENTS['node-redis 6']!(server.port);
    await ready;
    const planted = generateSecret('osir', 'live');
    let secrets: readonly string[] = [];
    const traces = await tracesOf(async () => {
      await server.command('HSET', `planted:${planted}`, 'a', '1');
      await server.command('PUBLISH', 'news', planted);
      secrets = await liveThrough(verifierOn(redisStore({ client })), imported);
    });
    close();
    expect(secrets).toHaveLength(7);
    for (const [place, text] of Object.entries(traces)) {
      expect({ place, found: tellsOf(text, planted) }).toEqual({
        place,
        found: tellsOf(planted, planted),
      });
      expect({ place, found: secrets.flatMap((secret) => tellsOf(text, secret)) }).toEqual({
        place,
        found: [],
      });
      // The credentials were there indeed: the channels name them by id.
      for (const known of secrets.slice(0, 3)) {
        expect(text).toContain(toDigest(known).slice(0, 22));
      }
    }
  },
);
