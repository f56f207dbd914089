// Two processes of one API with one store: a key that one process revokes is rejected by the other,
// which has it in its cache. LATCHKEY_STORE selects the store: redis://127.0.0.1:6379 by default,
// or postgres://….
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import express from 'express';
import { Kysely, PostgresDialect } from 'kysely';
import { apiKeys, type CredentialStore, latchkey } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';
import pg from 'pg';
import { createClient } from 'redis';

const url = process.env.LATCHKEY_STORE ?? 'redis://127.0.0.1:6379';
const report = (error: Error) => console.error(error.message);

async function onRedis(): Promise<CredentialStore> {
  const socket = { connectTimeout: 500, socketTimeout: 1_000, reconnectStrategy: () => 100 };
  const client = createClient({ url, disableOfflineQueue: true, pingInterval: 250, socket });
  await client.on('error', report).connect();
  return redisStore({ client });
}

async function onPostgres(): Promise<CredentialStore> {
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: 1_000,
    query_timeout: 5_000,
  });
  pool.on('error', report).on('connect', (client) => client.on('error', report));
  const db = new Kysely<object>({ dialect: new PostgresDialect({ pool }) });
  const store = sqlStore({ db, listen: () => new pg.Client({ connectionString: url }) });
  await store.migrate();
  return store;
}

async function serve(): Promise<void> {
  const keys = apiKeys({
    prefix: 'osir',
    store: await (url.startsWith('redis') ? onRedis() : onPostgres()),
  });
  const { requireScopes } = latchkey({
    scopes: ['domains:read', 'keys:write'],
    verifiers: [keys],
    cache: { ttlMs: 30_000 },
  });

  const app = express();
  app.get(
    '/v1/domains',
    requireScopes('domains:read'),
    (_req, res) => void res.json(['example.com']),
  );
  app.delete('/v1/keys/:id', requireScopes('keys:write'), async (req, res) => {
    await keys.revoke(String(req.params.id));
    res.status(204).end();
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { secret, record } = await keys.issue({
    subject: 'acct_42',
    scopes: ['domains:read', 'keys:write'],
  });
  process.send?.({ origin: `http://127.0.0.1:${port}`, secret, id: record.id });
}

interface Started {
  readonly origin: string;
  readonly secret: string;
  readonly id: string;
}

async function watchOneArrive(): Promise<void> {
  const processes = ['one', 'the other'].map(() => fork(fileURLToPath(import.meta.url), ['serve']));
  const [one, other] = (await Promise.all(
    processes.map(async (child) => (await once(child, 'message'))[0]),
  )) as [Started, Started];
  const ask = async (origin: string, path: string, secret: string, method = 'GET') =>
    (await fetch(origin + path, { method, headers: { 'X-API-Key': secret } })).status;

  for (const { origin } of [one, other]) {
    console.log(`${origin} accepts the key: ${await ask(origin, '/v1/domains', one.secret)}`);
  }
  console.log(
    `${one.origin} revokes it: ${await ask(one.origin, `/v1/keys/${one.id}`, other.secret, 'DELETE')}`,
  );

  const revokedAt = performance.now();
  let requests = 1;
  while ((await ask(other.origin, '/v1/domains', one.secret)) !== 401) {
    requests++;
  }
  const after = Math.round(performance.now() - revokedAt);
  console.log(
    `${other.origin} rejects it: 401, at request ${requests}, ${after} ms after the revocation`,
  );
  for (const child of processes) {
    child.kill();
  }
}

await (process.argv[2] === 'serve' ? serve() : watchOneArrive());
