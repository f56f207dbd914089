import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import {
  apiKeys,
  type CredentialEvent,
  type CredentialStore,
  type ManagedVerifier,
  memoryStore,
} from 'latchkey';

const NEW_METHODS = ['disable', 'enable', 'search', 'usage'] as const;
const OWNER = { subject: 'acct_42', scopes: ['a'] };

/** A store that was written for the contract of Latchkey 0.1. */
function storeFor01(): CredentialStore {
  const store = memoryStore();
  const older: Record<string, unknown> = {
    ...store,
    revokeAll: (owner: never, at: number) => store.revokeAll(owner, at),
    prune: (kind: string, before: number) => store.prune(kind, before),
    async findById(id: string) {
      const { disabledAt: _, ...record } = (await store.findById(id)) ?? {};
      return 'id' in record ? record : undefined;
    },
  };
  NEW_METHODS.forEach((method) => delete older[method]);
  return older as unknown as CredentialStore;
}

it('issues, lists, changes and revokes keys', async () => {
  const keys = apiKeys({ prefix: 'acme', store: storeFor01() });
  const { record, secret } = await keys.issue(OWNER);
  expect(await keys.verify(secret)).toMatchObject({ ok: true });
  expect(await keys.get(record.id)).toEqual(record);
  expect(await keys.list({ subject: 'acct_42' })).toEqual([record]);
  expect(await keys.update(record.id, { name: 'new' })).toMatchObject({ name: 'new' });
  const renewed = await keys.rotate(record.id, { overlapMs: 1_000 });
  expect(await keys.verify(renewed?.secret ?? '')).toMatchObject({ ok: true });
  expect(await keys.revokeAll({ subject: 'acct_42' })).toBe(2);
});

it.each<[string, (keys: ManagedVerifier) => Promise<unknown>]>([
  ['disable', (keys) => keys.disable('id')],
  ['enable', (keys) => keys.enable('id')],
  ['usage', (keys) => keys.usage('id')],
  ['list', (keys) => keys.list()],
  ['list', (keys) => keys.list({ subject: 'acct_42', status: 'active' })],
])('rejects %s() with an error that names the missing methods (case %#)', async (method, call) => {
  const keys = apiKeys({ prefix: 'acme', store: storeFor01() });
  await expect(call(keys)).rejects.toMatchObject({
    name: 'TypeError',
    code: 'ERR_LATCHKEY_STORE_METHODS',
    message: `api_keys.${method}(): the store does not support it, since it lacks disable(), enable(), search(), usage(); to use it, pass a CredentialStore such as memoryStore()`,
  });
});

it.each(NEW_METHODS)('names %s() if a store has the other new methods', async (method) => {
  const store = { ...memoryStore(), [method]: undefined } as unknown as CredentialStore;
  const keys = apiKeys({ prefix: 'acme', store });
  await expect(keys.issue(OWNER)).rejects.toThrow(`it lacks ${method}();`);
});

it('publishes an event for each key of revokeAll()', async () => {
  const events: CredentialEvent[] = [];
  const onEvent = (event: unknown) => void events.push(event as CredentialEvent);
  const keys = apiKeys({ prefix: 'acme', store: storeFor01() });
  const issued = [await keys.issue(OWNER), await keys.issue(OWNER)];
  subscribe('latchkey:credential', onEvent);
  try {
    expect(await keys.revokeAll({ subject: 'acct_42' })).toBe(2);
  } finally {
    unsubscribe('latchkey:credential', onEvent);
  }
  expect(events.map(({ action, credentialId }) => [action, credentialId]).sort()).toEqual(
    issued.map(({ record }) => ['revoked', record.id]).sort(),
  );
});
