import { apiKeys, type Latchkey, latchkey, type ManagedVerifier, memoryStore } from 'latchkey';

const OWNER = { subject: 'acct_42', scopes: ['a'] };

/** Two instances that share a store, each with a cache. */
async function twoInstances() {
  const store = memoryStore();
  const start = (): Instance => {
    const keys = apiKeys({ prefix: 'acme', store });
    return { keys, guards: latchkey({ scopes: ['a'], verifiers: [keys] }) };
  };
  const [one, other] = [start(), start()];
  const { secret, record } = await one.keys.issue(OWNER);
  const statusOf = async ({ guards }: Instance) => {
    const result = await guards.check({ headers: { 'x-api-key': secret } }, { scopes: ['a'] });
    return result.status === 'refused'
      ? `${result.refusal.status} ${result.reason}`
      : result.status;
  };
  return { store, one, other, secret, id: record.id, statusOf };
}
interface Instance {
  readonly keys: ManagedVerifier;
  readonly guards: Latchkey<'a'>;
}

it('rejects a disabled key on every instance at once, although it is cached', async () => {
  const { one, other, id, statusOf } = await twoInstances();
  expect([await statusOf(one), await statusOf(other)]).toEqual(['authenticated', 'authenticated']);
  expect(await one.keys.disable(id)).toBe(true);
  expect([await statusOf(one), await statusOf(other)]).toEqual(['401 disabled', '401 disabled']);
});

it('accepts an enabled key on every instance at once, although its rejection is cached', async () => {
  const { one, other, id, statusOf } = await twoInstances();
  await one.keys.disable(id);
  for (let n = 0; n < 3; n++) {
    expect([await statusOf(one), await statusOf(other)]).toEqual(['401 disabled', '401 disabled']);
  }
  expect(await other.keys.enable(id)).toBe(true);
  expect([await statusOf(one), await statusOf(other)]).toEqual(['authenticated', 'authenticated']);
});

it('reports a disabled key that expires as expired, and one that is revoked as revoked', async () => {
  const { one, id, secret, statusOf } = await twoInstances();
  await one.keys.update(id, { expiresAt: Date.now() + 60_000 });
  await one.keys.disable(id);
  jest.useFakeTimers({ now: Date.now() + 60_000, doNotFake: ['nextTick', 'performance'] });
  expect(await statusOf(one)).toBe('401 expired');
  jest.useRealTimers();
  await one.keys.revoke(id);
  expect(await one.keys.verify(secret)).toEqual({ ok: false, reason: 'revoked' });
  expect(await one.keys.enable(id)).toBe(false);
});

it('updates a disabled key, which stays disabled', async () => {
  const { one, id, statusOf } = await twoInstances();
  await one.keys.disable(id);
  const updated = await one.keys.update(id, { name: 'new' });
  expect(updated).toMatchObject({ name: 'new', disabledAt: expect.any(Number) as number });
  expect(await statusOf(one)).toBe('401 disabled');
});

it('does not rotate a disabled key', async () => {
  const { one, id } = await twoInstances();
  await one.keys.disable(id);
  expect(await one.keys.rotate(id)).toBeUndefined();
  expect(await one.keys.list()).toHaveLength(1);
});

it.each([0, 60_000])(
  'disables the replacement of a key that is disabled during its rotation (overlap %d)',
  async (overlapMs) => {
    const { store, id } = await twoInstances();
    const keys = apiKeys({
      prefix: 'acme',
      store: {
        ...store,
        async insert(record) {
          const isNew = await store.insert(record);
          await store.disable(id, Date.now());
          return isNew;
        },
      },
    });
    const issued = await keys.rotate(id, { overlapMs });
    expect(issued?.record.disabledAt).toEqual(expect.any(Number));
    expect(await keys.verify(issued?.secret ?? '')).toEqual({ ok: false, reason: 'disabled' });
  },
);

it('returns whether the call changed anything', async () => {
  const { one, other, id } = await twoInstances();
  expect(await one.keys.enable(id)).toBe(false);
  expect(await one.keys.disable(id)).toBe(true);
  expect(await other.keys.disable(id)).toBe(false);
  expect(await other.keys.enable(id)).toBe(true);
  expect(await one.keys.disable('unknown')).toBe(false);
  expect(await one.keys.enable('unknown')).toBe(false);
});
