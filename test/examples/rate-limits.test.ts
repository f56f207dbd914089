import express, { type RequestHandler } from 'express';
import { Redis } from 'ioredis';
import { apiKeys, type IssueOptions, latchkey, memoryStore } from 'latchkey';
import { Pool } from 'pg';
import { type RedisReply, RedisStore } from 'rate-limit-redis';
import {
  type RateLimiterAbstract,
  RateLimiterPostgres,
  RateLimiterRedis,
} from 'rate-limiter-flexible';

import { fromAllowedAddress } from '../../examples/rate-limits/addresses';
import { perMinute, perMonth } from '../../examples/rate-limits/limits';
import { instructionsOf } from '../support/markdown';
import { readText } from '../support/package';
import { type PostgresServer, startPostgres } from '../support/postgres';
import { type RedisServer, startRedis } from '../support/redis';
import { listen } from '../support/servers';

let redisServer: RedisServer;
let postgres: PostgresServer;
let redis: Redis;
let pool: Pool;
const closers: (() => Promise<void>)[] = [];
const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
const { authenticate, authorize } = latchkey({ verifiers: [keys] });

beforeAll(async () => {
  [redisServer, postgres] = await Promise.all([startRedis(), startPostgres()]);
  redis = new Redis(redisServer.port, '127.0.0.1');
  pool = new Pool({ connectionString: postgres.url });
}, 60_000);
afterAll(async () => {
  await Promise.all(closers.map((close) => close()));
  redis.disconnect();
  await pool.end();
  await Promise.all([redisServer.stop(), postgres.close()]);
});

/** Starts an instance of an API with these limits. Returns how to call it with a key. */
async function instance(...limits: readonly RequestHandler[]) {
  const app = express();
  app.get('/', authenticate(), ...limits, (_req, res) => void res.json({ ok: true }));
  const { port, close } = await listen(app);
  closers.push(close);
  return (key: string) => fetch(`http://127.0.0.1:${port}/`, { headers: { 'X-API-Key': key } });
}
const issue = async (options: Partial<IssueOptions> = {}) =>
  (await keys.issue({ subject: 'acct_42', scopes: [], ...options })).secret;

const inRedis = () =>
  new RedisStore({
    sendCommand: (command, ...args) => redis.call(command, ...args) as Promise<RedisReply>,
  });
/** The options that the guide shows. */
const QUOTA = { points: Number.MAX_SAFE_INTEGER, duration: 32 * 86_400, keyPrefix: 'quota' };
const QUOTAS: readonly [string, () => Promise<RateLimiterAbstract>][] = [
  ['Redis', async () => new RateLimiterRedis({ ...QUOTA, storeClient: redis })],
  [
    'PostgreSQL',
    () =>
      new Promise((resolve, reject) => {
        const options = { ...QUOTA, storeClient: pool, tableName: 'quotas' };
        const limiter = new RateLimiterPostgres(options, (error) =>
          error ? reject(error) : resolve(limiter),
        );
      }),
  ],
];

it('is what the guide shows', () => {
  const { files } = instructionsOf(readText('docs/rate-limits.md'));
  for (const name of ['limits.ts', 'addresses.ts']) {
    expect(files[name]).toBe(readText(`examples/rate-limits/${name}`));
  }
});

describe('requests in a minute', () => {
  it('are counted for each key, over all instances that share Redis', async () => {
    const instances = [await instance(perMinute(inRedis())), await instance(perMinute(inRedis()))];
    const [key, other] = [await issue(), await issue()];
    const statuses = await Promise.all(
      Array.from({ length: 61 }, async (_, at) => (await instances[at % 2]?.(key))?.status),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(60);
    expect((await instances[0]?.(other))?.status).toBe(200);

    const refused = await instances[1]?.(key);
    expect(await refused?.json()).toEqual({
      error: 'rate_limited',
      message: 'Too many requests in this minute',
    });
    expect([
      refused?.status,
      refused?.headers.get('ratelimit-policy'),
      refused?.headers.get('ratelimit'),
    ]).toEqual([
      429,
      expect.stringMatching(/^"minute"; q=60; w=60/),
      expect.stringMatching(/^"minute"; r=0; t=\d+/),
    ]);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('are more for a key with another plan', async () => {
    const ask = await instance(perMinute(inRedis()));
    const { headers } = await ask(await issue({ metadata: { plan: 'pro' } }));
    expect(headers.get('ratelimit')).toMatch(/^"minute"; r=599;/);
  });
});

describe.each(QUOTAS)('the quota of a month in %s', (_, open) => {
  it('is counted for all keys of an account, over all instances', async () => {
    const subject = 'acct_7';
    const limiter = await open();
    const one = await instance(perMonth(limiter));
    const other = await instance(perMonth(await open()));
    const month = new Date().toISOString().slice(0, 7);
    await limiter.penalty(`${month} ${subject}`, 9_998);
    const answers: Response[] = [];
    for (const ask of [one, other, one]) {
      answers.push(await ask(await issue({ subject })));
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get('ratelimit'))).toEqual([
      expect.stringMatching(/^"month"; r=1; t=\d+$/),
      expect.stringMatching(/^"month"; r=0; t=\d+$/),
      expect.stringMatching(/^"month"; r=0; t=\d+$/),
    ]);
    const [, , refused] = answers;
    const t = /t=(\d+)/.exec(refused?.headers.get('ratelimit') ?? '')?.[1];
    expect(refused?.headers.get('retry-after')).toBe(t);
    expect(Number(t)).toBeLessThanOrEqual(31 * 86_400);
  });

  it('is larger for a key with another plan, and has a header next to that of the minute', async () => {
    const ask = await instance(perMinute(inRedis()), perMonth(await open()));
    const { status, headers } = await ask(
      await issue({ subject: 'acct_8', metadata: { plan: 'pro' } }),
    );
    expect([status, headers.get('ratelimit')]).toEqual([
      200,
      expect.stringMatching(/^"minute"; r=599; t=\d+.*, "month"; r=999999; t=\d+$/),
    ]);
  });
});

describe('a list of addresses', () => {
  it.each<[string, unknown, number]>([
    ['no list', undefined, 200],
    ['the address', ['192.0.2.1', '127.0.0.1'], 200],
    ['a network of it', ['127.0.0.0/8'], 200],
    ['another network', ['192.0.2.0/24', '2001:db8::/32'], 403],
    ['nothing', [], 403],
    ['a text instead of a list', '127.0.0.1', 403],
    ['an entry that is no address', ['localhost'], 503],
  ])('with %s', async (_, addresses, status) => {
    const ask = await instance(authorize(fromAllowedAddress));
    const metadata = addresses === undefined ? {} : { addresses };
    expect((await ask(await issue({ metadata }))).status).toBe(status);
  });

  it('compares IPv6 addresses, and IPv4 addresses in the form of IPv6', () => {
    const check = (ip: string) =>
      fromAllowedAddress(
        { claims: { addresses: ['2001:db8::/32', '192.0.2.0/24'] } } as never,
        { ip } as never,
      );
    expect(['2001:db8::7', '::ffff:192.0.2.9', '::ffff:198.51.100.9', '::1'].map(check)).toEqual([
      ...[true, true, false, false],
    ]);
  });
});
