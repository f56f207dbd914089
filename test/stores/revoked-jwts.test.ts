import { setTimeout as sleep } from 'node:timers/promises';

import { jwt, latchkey, type RevocationStore, type RevokedTokens } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';
import { Client } from 'pg';
import { createClient } from 'redis';

import { unique } from '../../src/testing/store-contract/samples';
import { startPostgres } from '../support/postgres';
import { startProxy } from '../support/proxy';
import { startRedis } from '../support/redis';
import { connect } from '../support/sql-databases';
import { AUDIENCE, ISSUER, PAIRS, tokenOf } from '../verifiers/jwt/tokens';

/**
 * A database, and stores in it with connections of their own; one that is deaf hears of nothing.
 */
interface Shared {
  readonly store: (
    deaf?: boolean,
  ) => Promise<{ readonly store: RevocationStore; readonly close: () => unknown }>;
  readonly close: () => Promise<unknown>;
}

async function onRedis(): Promise<Shared> {
  const server = await startRedis();
  // It may read everything: Redis refuses it every channel.
  await server.command('ACL', 'SETUSER', 'deaf', 'on', 'nopass', '~*', '+@all', 'resetchannels');
  return {
    close: () => server.stop(),
    async store(deaf = false) {
      const client = createClient({
        url: `redis://${deaf ? 'deaf:-@' : ''}127.0.0.1:${server.port}`,
      });
      client.on('error', () => {});
      await client.connect();
      return { store: redisStore({ client }), close: () => client.destroy() };
    },
  };
}

async function onPostgres(): Promise<Shared> {
  const server = await startPostgres();
  const blackHole = await startProxy(server.port);
  blackHole.blackHole();
  const open = (deaf: boolean) => {
    const db = connect({ postgres: server.url });
    const connectionString = deaf
      ? server.url.replace(`${server.port}`, `${blackHole.port}`)
      : server.url;
    return {
      store: sqlStore({ db, listen: () => new Client({ connectionString }) }),
      close: () => db.destroy(),
    };
  };
  const { store, close } = open(false);
  await store.migrate();
  await close();
  return {
    store: async (deaf = false) => open(deaf),
    async close() {
      await blackHole.close();
      await server.close();
    },
  };
}

const DAY_MS = 86_400_000;

describe.each([
  ['Redis', onRedis],
  ['PostgreSQL', onPostgres],
])('a JWT that one instance revokes while another has it cached, both on %s', (_, start) => {
  let shared: Shared;
  beforeAll(async () => {
    shared = await start();
  }, 60_000);
  afterAll(() => shared.close());

  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) {
      await close();
    }
    // A connection to a server that says nothing is waited for a while.
  }, 20_000);

  async function instance({ ttlMs = DAY_MS, deaf = false } = {}) {
    const opened = await shared.store(deaf);
    closing.push(opened.close);
    const verifier = jwt({
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: ['ES256'],
      key: PAIRS.ES256.publicKey,
      revocations: opened.store,
    });
    const guard = latchkey({ verifiers: [verifier], cache: { ttlMs } });
    closing.push(() => guard.close());
    return {
      revoke: (tokens: RevokedTokens) => verifier.revoke(tokens),
      ask: async (token: string) => {
        const decision = await guard.check(
          { headers: { authorization: `Bearer ${token}` } },
          { scopes: [] },
        );
        return decision.status === 'refused'
          ? `${decision.refusal.status} ${decision.reason}`
          : decision.status;
      },
    };
  }
  type Instance = Awaited<ReturnType<typeof instance>>;

  /** A token of its own subject and client, and what can be revoked of it. */
  const issued = () => {
    const [jti, sub, client_id] = [unique('jti'), unique('acct'), unique('app')];
    return {
      token: tokenOf({ iat: Math.floor(Date.now() / 1000), jti, sub, client_id }, {}, 'ES256'),
      jti: { credentialId: jti },
      subject: { subject: sub },
      client: { clientId: client_id },
    };
  };
  const isRefused = async ({ ask }: Instance, token: string, withinMs: number) => {
    for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(5)) {
      if ((await ask(token)) === '401 revoked') {
        return true;
      }
    }
    return false;
  };
  /** A connection for news may just be on its way: from the first that is heard of, all are. */
  async function untilHeard(revoking: Instance, hearing: Instance) {
    for (let heard = false; !heard;) {
      const { token, jti } = issued();
      await hearing.ask(token);
      await revoking.revoke(jti);
      heard = await isRefused(hearing, token, 100);
    }
  }

  test.each(['jti', 'subject', 'client'] as const)(
    'is refused by its %s there too, by push, and no other is',
    async (by) => {
      const [one, two] = [await instance(), await instance()];
      await untilHeard(one, two);
      const [theirs, others] = [issued(), issued()];
      for (const { ask } of [one, two]) {
        for (const { token } of [theirs, others]) {
          expect(await ask(token)).toBe('authenticated');
        }
      }

      await one.revoke(theirs[by]);
      expect(await one.ask(theirs.token)).toBe('401 revoked');
      expect(await isRefused(two, theirs.token, 10_000)).toBe(true);
      const later = await instance();
      expect(await later.ask(theirs.token)).toBe('401 revoked');
      for (const { ask } of [one, two, later]) {
        expect(await ask(others.token)).toBe('authenticated');
      }
    },
    30_000,
  );

  it('is rejected within ttlMs if no notification arrives', async () => {
    const ttlMs = 1_000;
    const [one, two] = [await instance(), await instance({ ttlMs, deaf: true })];
    const { token, jti } = issued();
    expect(await two.ask(token)).toBe('authenticated');
    await one.revoke(jti);
    const revokedAt = Date.now();
    let lastLetIn = 0;
    for (let answer = ''; answer !== '401 revoked'; await sleep(5)) {
      const askedAt = Date.now();
      answer = await two.ask(token);
      if (answer === 'authenticated') {
        lastLetIn = askedAt;
      }
    }
    expect(lastLetIn).toBeGreaterThanOrEqual(revokedAt);
    // Clocks are read in whole milliseconds.
    expect(lastLetIn - revokedAt).toBeLessThanOrEqual(ttlMs + 1);
  }, 30_000);

  it('is no other when the end of its signature is written in another way', async () => {
    const [one, two] = [await instance(), await instance()];
    await untilHeard(one, two);
    const { token, jti } = issued();
    // The last character holds two bits of the signature, and four that decoders pass over.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(token.at(-1) as string);
    const twin = token.slice(0, -1) + alphabet.charAt(last + 1);
    const signature = (jws: string) => Buffer.from(jws.split('.')[2] as string, 'base64url');
    expect(signature(twin)).toEqual(signature(token));
    expect([await two.ask(token), await two.ask(twin)]).toEqual(['authenticated', '401 malformed']);
    await one.revoke(jti);
    expect(await isRefused(two, token, 10_000)).toBe(true);
    expect([await one.ask(twin), await two.ask(twin)]).toEqual(['401 malformed', '401 malformed']);
  }, 30_000);
});
