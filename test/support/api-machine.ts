import { Kysely, PostgresDialect } from 'kysely';
import { apiKeys, latchkey } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';
import { Client } from 'pg';
import { createClient } from 'redis';

import type { Call, ClockStep, MachineOptions } from './machines';
import { listen as serve, MOUNTS } from './servers';
import { postgresPool } from './sql-databases';
import { computerClock, setClock } from './stepped-clock';

/** A program with a guarded API, whose parent asks for calls of its `apiKeys()`. */
const { store: url, listen, ttlMs } = JSON.parse(process.argv[2] as string) as MachineOptions;
const keys = apiKeys({
  prefix: 'osir',
  store: await (url.startsWith('redis:') ? onRedis() : onPostgres()),
});
const guard = latchkey({ verifiers: [keys], cache: { ttlMs }, timeoutMs: 500 });
const { port } = await serve(
  MOUNTS['Express 5']!([guard.requireScopes('read')], (_, res) => void res.end()),
);

async function onRedis() {
  const socket = { connectTimeout: 500, socketTimeout: 1_000, reconnectStrategy: () => 100 };
  const client = createClient({ url, disableOfflineQueue: true, pingInterval: 250, socket });
  await client.on('error', () => {}).connect();
  return redisStore({ client });
}

async function onPostgres() {
  const settings = {
    connectionTimeoutMillis: 1_000,
    statement_timeout: 5_000,
    query_timeout: 5_000,
  };
  const db = new Kysely<object>({
    dialect: new PostgresDialect({ pool: postgresPool({ connectionString: url, ...settings }) }),
  });
  const store = sqlStore({
    db,
    ...(listen !== undefined && { listen: () => new Client({ connectionString: listen }) }),
  });
  await store.migrate();
  return store;
}

const send = (message: object) => process.send?.(message);
process.on('message', (message: Call | ClockStep) => {
  if ('clockMs' in message) {
    return setClock(message.clockMs);
  }
  const { number, method, args } = message;
  const call = (keys[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
  call.then(
    (value) => send({ number, value, at: computerClock() }),
    (error: Error) => send({ number, error: error.message, at: computerClock() }),
  );
});
process.on('disconnect', () => process.exit());
send({ port });
