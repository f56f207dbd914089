import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { apiKeys, type CredentialEvent, type CredentialStore, memoryStore } from 'latchkey';

import { toDigest } from '../../src/credential/digest';

const CHANNEL = 'latchkey:credential';
const NOW = Date.UTC(2030, 0, 1);
const OWNER = { subject: 'acct_42', scopes: ['a'] };
const ACTOR = { actor: 'admin_7' };

let events: CredentialEvent[];
const onEvent = (event: unknown) => void events.push(event as CredentialEvent);
beforeEach(() => {
  events = [];
  subscribe(CHANNEL, onEvent);
  jest.useFakeTimers({ now: NOW, doNotFake: ['nextTick', 'setImmediate', 'performance'] });
});
afterEach(() => {
  unsubscribe(CHANNEL, onEvent);
  jest.useRealTimers();
});

const create = (store: CredentialStore = memoryStore()) => apiKeys({ prefix: 'acme', store });
const actions = () => events.map(({ action }) => action);

it('publishes each change once, with the actor and what changed', async () => {
  const keys = create();
  const { record } = await keys.issue({ ...OWNER, name: 'CI' }, ACTOR);
  await keys.update(record.id, { name: 'Build', scopes: ['a'] }, ACTOR);
  await keys.disable(record.id, ACTOR);
  await keys.enable(record.id, ACTOR);
  await keys.revoke(record.id, ACTOR);
  const common = {
    kind: 'api_key',
    credentialId: record.id,
    subject: 'acct_42',
    actor: 'admin_7',
    at: NOW,
  };
  expect(events).toEqual([
    {
      ...common,
      action: 'issued',
      changes: {
        name: { before: null, after: 'CI' },
        scopes: { before: null, after: ['a'] },
        environment: { before: null, after: 'live' },
        issuedAt: { before: null, after: NOW },
        metadata: { before: null, after: {} },
      },
    },
    { ...common, action: 'updated', changes: { name: { before: 'CI', after: 'Build' } } },
    { ...common, action: 'disabled', changes: { disabledAt: { before: null, after: NOW } } },
    { ...common, action: 'enabled', changes: { disabledAt: { before: NOW, after: null } } },
    { ...common, action: 'revoked', changes: { revokedAt: { before: null, after: NOW } } },
  ]);
});

it('publishes nothing if nothing changed', async () => {
  const keys = create();
  const { record } = await keys.issue({ ...OWNER, name: 'CI' });
  await keys.revoke(record.id);
  events = [];
  await keys.revoke(record.id);
  await keys.disable(record.id);
  await keys.enable(record.id);
  await keys.update(record.id, { name: 'x' });
  await keys.rotate(record.id);
  await keys.revokeAll({ subject: 'acct_42' });
  await keys.prune();
  const other = await keys.issue(OWNER);
  await keys.update(other.record.id, { name: null, scopes: ['a'], metadata: {} });
  await keys.enable(other.record.id);
  await keys.get(other.record.id);
  await keys.list();
  expect(actions()).toEqual(['issued']);
});

it('has no actor if none is named', async () => {
  await create().issue(OWNER);
  expect(events[0]).toHaveProperty('actor', undefined);
});

it('publishes a rotation as one event about the old credential, with its replacement', async () => {
  const keys = create();
  const old = await keys.issue(OWNER);
  const renewed = await keys.rotate(old.record.id, { overlapMs: 1_000 }, ACTOR);
  expect(actions()).toEqual(['issued', 'rotated']);
  expect(events[1]).toMatchObject({
    credentialId: old.record.id,
    actor: 'admin_7',
    changes: {
      expiresAt: { before: null, after: NOW + 1_000 },
      replacement: {
        before: null,
        after: { id: renewed?.record.id, scopes: ['a'], rotatedFrom: old.record.id },
      },
    },
  });
  await keys.rotate(renewed?.record.id ?? '');
  expect(events[2]?.changes).toMatchObject({ revokedAt: { before: null, after: NOW } });
});

it('publishes both changes of a rotation that loses to another one', async () => {
  const keys = create();
  const { record } = await keys.issue(OWNER);
  events = [];
  const rotated = await Promise.all([keys.rotate(record.id), keys.rotate(record.id)]);
  expect(rotated.filter(Boolean)).toHaveLength(1);
  expect(actions().sort()).toEqual(['issued', 'revoked', 'rotated']);
});

it('publishes the replacement if the store fails in the middle of a rotation', async () => {
  const store = memoryStore();
  const keys = create(store);
  const old = await keys.issue(OWNER);
  store.revoke = () => Promise.reject(new Error('down'));
  const failing = create({ ...store });
  events = [];
  await expect(failing.rotate(old.record.id)).rejects.toThrow('down');
  expect(actions()).toEqual(['issued']);
  expect(await keys.verify(old.secret)).toMatchObject({ ok: true });
});

it('publishes an event for each credential of revokeAll(), import() and prune()', async () => {
  const keys = create();
  const [one, two] = [await keys.issue(OWNER), await keys.issue(OWNER)];
  await keys.revoke(one.record.id);
  events = [];
  expect(await keys.revokeAll({ subject: 'acct_42' }, ACTOR)).toBe(1);
  const digest = toDigest('imported');
  await keys.import([{ ...OWNER, digest }], ACTOR);
  await keys.import([{ ...OWNER, digest }], ACTOR);
  jest.setSystemTime(NOW + 1);
  await keys.prune({ olderThanMs: 0 }, ACTOR);
  expect(events.map(({ action, credentialId }) => [action, credentialId])).toEqual([
    ['revoked', two.record.id],
    ['imported', digest.slice(0, 22)],
    ['pruned', one.record.id],
    ['pruned', two.record.id],
  ]);
  expect(events.every(({ actor }) => actor === 'admin_7')).toBe(true);
});

it('never contains a secret or a digest', async () => {
  const keys = create();
  const { secret, record } = await keys.issue({ ...OWNER, metadata: { plan: 'pro' } });
  const renewed = await keys.rotate(record.id, { overlapMs: 1_000 });
  await keys.import([{ ...OWNER, digest: toDigest('imported') }]);
  const published = JSON.stringify(events);
  for (const text of [secret, renewed?.secret ?? '']) {
    expect(published).not.toContain(text);
    expect(published).not.toContain(toDigest(text));
  }
  expect(published).not.toContain(toDigest('imported'));
});

it('publishes frozen copies', async () => {
  const keys = create();
  const metadata = { plan: { name: 'pro' } };
  const { record } = await keys.issue({ ...OWNER, metadata });
  const [event] = events;
  expect(Object.isFrozen(event)).toBe(true);
  expect(Object.isFrozen(event?.changes.metadata?.after)).toBe(true);
  metadata.plan.name = 'free';
  expect(event?.changes.metadata?.after).toEqual({ plan: { name: 'pro' } });
  expect((await keys.get(record.id))?.metadata).toEqual({ plan: { name: 'pro' } });
});

it('reconstructs every record of a random history', async () => {
  const keys = create();
  let seed = 7;
  const random = (max: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % max;
  const state = new Map<string, Record<string, unknown>>();
  const ids: string[] = [];
  const operations = [
    () => keys.issue({ subject: `acct_${random(5)}`, scopes: [], name: `key ${random(9)}` }),
    (id: string) => keys.update(id, { name: `key ${random(9)}` }),
    (id: string) => keys.disable(id),
    (id: string) => keys.enable(id),
    (id: string) => keys.rotate(id, { overlapMs: random(2) * 60_000 }),
    (id: string) => (random(3) === 0 ? keys.revoke(id) : keys.get(id)),
    () => (random(40) === 0 ? keys.revokeAll({ subject: `acct_${random(5)}` }) : keys.list()),
    () => (random(40) === 0 ? keys.prune({ olderThanMs: 0 }) : keys.list()),
  ];
  for (let step = 0; step < 2_000; step++) {
    jest.setSystemTime(NOW + step * 1_000);
    const operation = operations[random(operations.length)];
    const result = await operation?.(ids[random(ids.length || 1)] ?? 'none');
    if (typeof result === 'object' && 'record' in result) {
      ids.push(result.record.id);
    }
  }
  for (const { action, credentialId, changes } of events) {
    const { replacement, ...members } = changes;
    const after = Object.fromEntries(
      Object.entries(members).map(([member, change]) => [member, change.after]),
    );
    state.set(credentialId, { ...state.get(credentialId), ...after });
    if (replacement) {
      const { id, ...record } = replacement.after as { id: string };
      state.set(id, record);
    }
    if (action === 'pruned') {
      state.delete(credentialId);
    }
  }
  const records = [...(await keys.list({ limit: 1_000 }))];
  while (records.length > 0 && records.length % 1_000 === 0) {
    records.push(...(await keys.list({ limit: 1_000, after: records.at(-1)?.id ?? '' })));
  }
  expect(state.size).toBe(records.length);
  for (const record of records) {
    const { name, scopes, expiresAt, disabledAt, revokedAt } = record;
    const known = state.get(record.id);
    expect({ disabledAt: null, revokedAt: null, expiresAt: null, ...known }).toMatchObject({
      ...{ name, scopes, expiresAt, disabledAt, revokedAt },
    });
  }
});
