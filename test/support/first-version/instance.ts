import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';

import type { ApiKeysOptions, CredentialStore, ManagedVerifier } from 'latchkey';
import { createClient } from 'redis';

import { type Address, connect } from '../sql-databases';

/**
 * A process with an instance of Latchkey 0.1.0, which issues, uses and revokes keys until it is
 * stopped. Each message is a call of `instance`.
 */
interface FirstVersion {
  readonly apiKeys: (options: ApiKeysOptions) => ManagedVerifier;
  readonly redisStore: (options: object) => Store;
  readonly sqlStore: (options: object) => Store;
}
/** The methods that later versions named otherwise. */
type Store = ApiKeysOptions['store'] & {
  readonly migrate?: () => Promise<void>;
  readonly recordUses: CredentialStore['recordUsage'];
};

const { apiKeys, redisStore, sqlStore } = createRequire(import.meta.url)(
  './bundle.cjs',
) as FirstVersion;
const store = await open(JSON.parse(process.argv[2] as string) as Address | { redis: string });
const keys = apiKeys({ prefix: 'acme', store });

async function open(address: Address | { readonly redis: string }): Promise<Store> {
  if (!('redis' in address)) {
    return sqlStore({ db: connect(address) });
  }
  const client = createClient({ url: address.redis });
  client.on('error', () => {});
  await client.connect();
  return redisStore({ client });
}

const owner = { subject: 'acct_1', scopes: ['domains:read'] };
const issued: { id: string; secret: string }[] = [];
const revoked: string[] = [];
const errors: string[] = [];
let isWorking = false;
let work: Promise<void> | undefined;

const verify = async (token: string): Promise<boolean> => {
  const result = await keys.verify({ carrier: 'bearer', token } as never);
  return result.ok;
};
async function issue(name: string): Promise<{ id: string; secret: string }> {
  const { secret, record } = await keys.issue({ ...owner, name });
  return { id: record.id, secret };
}

/** Issues, verifies, renames and revokes a key, and keeps another. */
async function turn(): Promise<void> {
  const kept = await issue('Issued during the upgrade');
  issued.push(kept);
  const { id, secret } = await issue('Revoked during the upgrade');
  await keys.update(id, { name: 'Renamed' });
  const isValid = await verify(secret);
  await keys.revoke(id);
  revoked.push(id);
  if (!isValid || (await verify(secret)) || !(await verify(kept.secret))) {
    throw new Error('A key was verified wrongly');
  }
}

async function workUntilStopped(): Promise<void> {
  while (isWorking) {
    await turn().catch((error: unknown) => errors.push(String(error)));
    await setImmediate();
  }
}

const instance = {
  /** Creates the tables, and a key of each state. */
  install: async () => {
    await store.migrate?.();
    const used = await issue('Used');
    await store.recordUses([{ id: used.id, count: 7, lastUsedAt: Date.now() }]);
    const ended = await issue('Revoked');
    await keys.revoke(ended.id);
    const old = await issue('Rotated');
    const next = await keys.rotate(old.id, { overlapMs: 3_600_000 });
    return { used, ended, old, next: { id: next?.record.id ?? '', secret: next?.secret ?? '' } };
  },
  start: () => {
    isWorking = true;
    work = workUntilStopped();
  },
  stop: async () => {
    isWorking = false;
    await work;
    return { issued, revoked, errors };
  },
  verify,
  issue,
  revoke: (id: string) => keys.revoke(id),
  use: (id: string) => store.recordUses([{ id, count: 1, lastUsedAt: Date.now() }]),
};
export type Instance = typeof instance;

process.on('message', ([number, method, ...args]: [number, keyof Instance, ...never[]]) => {
  const run: (...all: never[]) => unknown = instance[method];
  const call = async () => run(...args);
  call().then(
    (value) => process.send?.([number, value]),
    (error: unknown) => process.send?.([number, undefined, String(error)]),
  );
});
process.send?.('ready');
