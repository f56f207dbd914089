import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { type CredentialEvent, memoryStore } from 'latchkey';

import { ACCOUNT, type ManagedServer, OTHER, startManagement } from '../support/management';

const NEW = { name: 'CI', scopes: ['domains:read'] };

let api: ManagedServer;
beforeAll(async () => {
  api = await startManagement();
});
afterAll(() => api.close());

const create = async (body: object = NEW, headers = ACCOUNT) =>
  (await api.send('POST', '/keys', body, headers)).json;

it('a key is created, and its secret is in this response alone', async () => {
  const { status, headers, json } = await api.send('POST', '/keys', NEW);
  expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
  expect(json).toEqual({
    secret: expect.stringMatching(/^acme_live_/),
    key: {
      id: expect.any(String),
      name: 'CI',
      hint: json.secret.slice(0, json.key.hint.length),
      environment: 'live',
      scopes: ['domains:read'],
      status: 'active',
      issuedAt: expect.any(Number),
      expiresAt: null,
      lastUsedAt: null,
      useCount: 0,
      disabledAt: null,
      revokedAt: null,
      rotatedFrom: null,
    },
  });
  expect(headers.get('location')).toBe(`/settings/api/keys/${json.key.id}`);
  expect(await api.keys.verify(json.secret)).toMatchObject({
    principal: { subject: 'acct_1', scopes: ['domains:read'] },
  });
  const read = await api.send('GET', `/keys/${json.key.id}`);
  expect(read.json).toEqual({ key: json.key });
  expect((await api.send('GET', '/keys')).text).not.toContain(json.secret);
});

it('a key lives through every operation', async () => {
  const { secret, key } = await create();
  const at = `/keys/${key.id}`;
  const changed = await api.send('PATCH', at, { name: null, scopes: [] });
  expect(changed.json.key).toMatchObject({ name: null, scopes: [] });
  expect((await api.send('POST', `${at}/disable`)).json.key.status).toBe('disabled');
  expect((await api.send('POST', `${at}/disable`)).status).toBe(200);
  expect(await api.keys.verify(secret)).toMatchObject({ ok: false, reason: 'disabled' });
  expect((await api.send('POST', `${at}/rotate`)).json).toEqual({
    error: 'conflict',
    message: 'The key is disabled',
  });
  expect((await api.send('POST', `${at}/enable`, {})).json.key.status).toBe('active');
  const rotated = await api.send('POST', `${at}/rotate`, { overlapMs: 60_000 });
  expect([rotated.status, rotated.json.key.rotatedFrom]).toEqual([201, key.id]);
  expect(await api.keys.verify(secret)).toMatchObject({ ok: true });
  expect(await api.keys.verify(rotated.json.secret)).toMatchObject({ ok: true });
  expect(await api.send('DELETE', at)).toMatchObject({ status: 204, text: '' });
  expect((await api.send('DELETE', at)).status).toBe(204);
  expect((await api.send('GET', at)).json.key.status).toBe('revoked');
  for (const [method, path] of [
    ['PATCH', at],
    ['POST', `${at}/enable`],
    ['POST', `${at}/rotate`],
  ] as const) {
    expect(await api.send(method, path, {})).toMatchObject({ status: 409 });
  }
});

it('usage is returned by day', async () => {
  const { secret, key } = await create();
  const verified = await api.keys.verify(secret);
  if (verified.ok) {
    api.keys.onUsed?.(verified.principal);
  }
  const day = new Date().toISOString().slice(0, 10);
  const { json } = await api.send('GET', `/keys/${key.id}/usage?from=${day}&to=${Date.now()}`);
  expect(json).toEqual({ usage: [{ day, count: 1 }] });
  expect((await api.send('GET', `/keys/${key.id}/usage?from=never`)).json.field).toBe('from');
});

it('a list has pages and filters, and only keys of the account', async () => {
  const account = { 'X-Account': 'acct_pages domains:read' };
  const ids: string[] = [];
  for (const name of ['one', 'two', 'three']) {
    ids.push((await create({ ...NEW, name }, account)).key.id);
  }
  await create(NEW, OTHER);
  const list = async (query: string) => {
    const { json } = await api.send('GET', `/keys${query}`, undefined, account);
    return [json.keys.map(({ id }: { id: string }) => id), json.next];
  };
  const inOrder = (await list(''))[0];
  expect([...inOrder].sort()).toEqual([...ids].sort());
  expect(await list('')).toEqual([inOrder, null]);
  expect(await list('?limit=2')).toEqual([inOrder.slice(0, 2), inOrder[1]]);
  expect(await list(`?limit=2&after=${inOrder[1]}`)).toEqual([[inOrder[2]], null]);
  expect(await list('?limit=3')).toEqual([inOrder, null]);
  expect(await list('?name=TW')).toEqual([[ids[1]], null]);
  expect(await list('?status=revoked')).toEqual([[], null]);
  expect(await list('?after=unknown')).toEqual([[], null]);
  expect(await list(`?expiresBefore=${Date.now()}`)).toEqual([[], null]);
});

it.each([
  ['POST', '/keys', {}, 'scopes'],
  ['POST', '/keys', { scopes: 'domains:read' }, 'scopes'],
  ['POST', '/keys', { scopes: ['a b'] }, 'scopes'],
  ['POST', '/keys', { ...NEW, name: '' }, 'name'],
  ['POST', '/keys', { ...NEW, name: 7 }, 'name'],
  ['POST', '/keys', { ...NEW, name: 'a\nb' }, 'name'],
  ['POST', '/keys', { ...NEW, environment: 'staging' }, 'environment'],
  ['POST', '/keys', { ...NEW, environment: 7 }, 'environment'],
  ['POST', '/keys', { ...NEW, expiresAt: 1 }, 'expiresAt'],
  ['POST', '/keys', { ...NEW, expiresAt: 'tomorrow' }, 'expiresAt'],
  ['POST', '/keys', { ...NEW, expiresAt: 9e15 }, 'expiresAt'],
  ['POST', '/keys', { ...NEW, subject: 'acct_2' }, 'subject'],
  ['POST', '/keys', { ...NEW, metadata: {} }, 'metadata'],
  ['GET', '/keys?limit=0', undefined, 'limit'],
  ['GET', '/keys?limit=1001', undefined, 'limit'],
  ['GET', '/keys?limit=x', undefined, 'limit'],
  ['GET', '/keys?status=new', undefined, 'status'],
  ['GET', '/keys?status=active&status=revoked', undefined, 'status'],
  ['GET', '/keys?subject=acct_2', undefined, 'subject'],
  ['GET', '/keys?expiresBefore=x', undefined, 'expiresBefore'],
])('%s %s refuses %j with the name of the field', async (method, path, body, field) => {
  const before = await api.keys.list();
  const { status, json } = await api.send(method, path, body);
  expect(status).toBe(400);
  expect(json).toEqual({
    error: 'bad_request',
    message: expect.stringMatching(new RegExp(`^"${field}" (must|is)`)),
    field,
  });
  expect(await api.keys.list()).toEqual(before);
});

it.each([
  [{ overlapMs: -1 }, 'overlapMs'],
  [{ overlapMs: 1e12 }, 'overlapMs'],
  [{ overlap: 1 }, 'overlap'],
])('a rotation refuses %j, and the key keeps working', async (body, field) => {
  const { secret, key } = await create();
  expect((await api.send('POST', `/keys/${key.id}/rotate`, body)).json.field).toBe(field);
  expect(await api.keys.verify(secret)).toMatchObject({ ok: true });
});

it.each(['[]', '"text"', '7', 'null'])('the body %s is not a key', async (body) => {
  const headers = { ...ACCOUNT, 'Content-Type': 'application/json' };
  expect(await api.send('POST', '/keys', body, headers)).toMatchObject({ status: 400 });
});

it('a name has at most 200 characters', async () => {
  const post = (length: number) =>
    api.send('POST', '/keys', { ...NEW, name: '\u{1F511}'.repeat(length) });
  expect(await post(200)).toMatchObject({ status: 201 });
  expect((await post(201)).json.field).toBe('name');
});

it('a member named __proto__ is an unknown field', async () => {
  const headers = { ...ACCOUNT, 'Content-Type': 'application/json' };
  const text = '{"__proto__":{"scopes":["domains:read"]}}';
  expect((await api.send('POST', '/keys', text, headers)).json.field).toBe('__proto__');
});

it('only scopes that the account may grant are granted, and those they imply', async () => {
  expect((await create({ scopes: ['domains:write', 'domains:read'] })).key.scopes).toHaveLength(2);
  for (const scope of ['billing:read', 'admin']) {
    const { status, json } = await api.send('POST', '/keys', { scopes: [scope] });
    expect(status).toBe(403);
    expect(json).toEqual({
      error: 'forbidden',
      message: `"scopes" must not contain ${scope}, which the account may not grant`,
      field: 'scopes',
    });
  }
});

it('a key keeps scopes that the account may no longer grant, and is not renewed with them', async () => {
  const { record } = await api.keys.issue({ subject: 'acct_1', scopes: ['billing:read'] });
  const at = `/keys/${record.id}`;
  const scopes = ['billing:read', 'domains:read'];
  expect((await api.send('PATCH', at, { scopes })).json.key.scopes).toEqual(scopes);
  expect(await api.send('POST', `${at}/rotate`)).toMatchObject({ status: 403 });
  expect(await api.send('PATCH', at, { scopes: ['domains:read'] })).toMatchObject({ status: 200 });
  expect(await api.send('POST', `${at}/rotate`)).toMatchObject({ status: 201 });
});

it('the key of another account gets the same bytes as an unknown one, and is not changed', async () => {
  const { secret, key } = await create();
  const requests = [
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/rotate'],
    ['POST', '/disable'],
    ['POST', '/enable'],
    ['GET', '/usage'],
  ] as const;
  for (const [method, action] of requests) {
    const body = method === 'PATCH' ? { name: '' } : undefined;
    const foreign = await api.send(method, `/keys/${key.id}${action}`, body, OTHER);
    const unknown = await api.send(method, `/keys/AAAAAAAAAAAAAAAAAAAAAA${action}`, body, OTHER);
    const odd = await api.send(method, `/keys/${encodeURIComponent(secret)}${action}`, body, OTHER);
    expect(foreign.status).toBe(404);
    expect(foreign.text).toBe('{"error":"not_found","message":"Not found"}');
    for (const other of [unknown, odd]) {
      expect([other.status, other.text]).toEqual([foreign.status, foreign.text]);
    }
  }
  expect(await api.keys.get(key.id)).toMatchObject({ name: 'CI', revokedAt: null });
});

it('every change is published with the actor of the account', async () => {
  const events: CredentialEvent[] = [];
  const onEvent = (event: unknown) => void events.push(event as CredentialEvent);
  subscribe('latchkey:credential', onEvent);
  try {
    const { key } = await create();
    const at = `/keys/${key.id}`;
    await api.send('PATCH', at, { name: 'Build' });
    await api.send('POST', `${at}/disable`);
    await api.send('POST', `${at}/enable`);
    const { json } = await api.send('POST', `${at}/rotate`);
    await api.send('DELETE', `/keys/${json.key.id}`);
    await api.send('PATCH', at, { name: '' });
    await api.send('DELETE', at, undefined, OTHER);
  } finally {
    unsubscribe('latchkey:credential', onEvent);
  }
  expect(events.map(({ action, actor }) => [action, actor])).toEqual(
    ['issued', 'updated', 'disabled', 'enabled', 'rotated', 'revoked'].map((action) => [
      action,
      'user of acct_1',
    ]),
  );
});

describe('with maxKeys', () => {
  it('counts keys that are valid, and lets a key be replaced', async () => {
    const limited = await startManagement({ maxKeys: 2 });
    const post = (path: string, body?: object) => limited.send('POST', path, body);
    try {
      const first = await post('/keys', NEW);
      const second = await post('/keys', NEW);
      const third = await post('/keys', NEW);
      expect(third.status).toBe(409);
      expect(third.text).toBe(
        '{"error":"conflict","message":"The account has 2 keys, which is the limit: revoke one first"}',
      );
      const at = `/keys/${first.json.key.id}`;
      const renewed = await post(`${at}/rotate`, { overlapMs: 60_000 });
      expect(renewed.status).toBe(201);
      expect(await post(`${at}/rotate`, { overlapMs: 60_000 })).toMatchObject({ status: 409 });
      expect(await post('/keys', NEW)).toMatchObject({ status: 409 });
      expect(await post(`/keys/${second.json.key.id}/rotate`, { overlapMs: 60_000 })).toMatchObject(
        { status: 201 },
      );
      const next = `/keys/${renewed.json.key.id}/rotate`;
      expect(await post(next, { overlapMs: 60_000 })).toMatchObject({ status: 409 });
      const last = await post(next);
      expect(last.status).toBe(201);
      // The first key is still valid, and its replacement is not.
      await limited.send('DELETE', `/keys/${last.json.key.id}`);
      expect(await post('/keys', NEW)).toMatchObject({ status: 409 });
      await limited.send('DELETE', at);
      expect(await post('/keys', NEW)).toMatchObject({ status: 201 });
    } finally {
      await limited.close();
    }
  });

  it('counts a key that a new expiry makes valid for longer', async () => {
    const limited = await startManagement({ maxKeys: 1 });
    try {
      const { json } = await limited.send('POST', '/keys', NEW);
      const at = `/keys/${json.key.id}`;
      await limited.send('POST', `${at}/rotate`, { overlapMs: 60_000 });
      const replaced = await limited.send('PATCH', at, { expiresAt: null });
      expect([replaced.status, replaced.json.message]).toEqual([
        409,
        'The key was replaced already: rotate or revoke its replacement',
      ]);
      expect(await limited.send('PATCH', at, { name: 'Old' })).toMatchObject({ status: 200 });
      const { record } = await limited.keys.issue({
        subject: 'acct_1',
        scopes: [],
        expiresAt: Date.now() + 200,
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      const revived = await limited.send('PATCH', `/keys/${record.id}`, { expiresAt: null });
      expect(revived.status).toBe(409);
    } finally {
      await limited.close();
    }
  });

  it('admits exactly as many of many requests at once, and never more on several instances', async () => {
    const store = memoryStore();
    const one = await startManagement({ maxKeys: 3, store });
    const two = await startManagement({ maxKeys: 3, store });
    try {
      const post = (api: ManagedServer) => api.send('POST', '/keys', NEW);
      const statuses = await Promise.all(Array.from({ length: 12 }, () => post(one)));
      expect(statuses.filter(({ status }) => status === 201)).toHaveLength(3);
      const other = Array.from({ length: 12 }, (_, index) =>
        (index % 2 ? one : two).send('POST', '/keys', NEW, OTHER),
      );
      await Promise.all(other);
      const live = await one.keys.list({ subject: 'acct_2', status: 'active' });
      expect(live.length).toBeLessThanOrEqual(3);
    } finally {
      await one.close();
      await two.close();
    }
  });
});

it('maxLifetimeMs limits new keys, changes and rotations', async () => {
  const maxLifetimeMs = 3_600_000;
  const limited = await startManagement({ maxLifetimeMs });
  try {
    const { json } = await limited.send('POST', '/keys', NEW);
    expect(json.key.expiresAt - json.key.issuedAt).toBeLessThanOrEqual(maxLifetimeMs);
    for (const expiresAt of [null, Date.now() + maxLifetimeMs + 60_000]) {
      for (const [method, path] of [
        ['POST', '/keys'],
        ['PATCH', `/keys/${json.key.id}`],
      ] as const) {
        const body = method === 'POST' ? { ...NEW, expiresAt } : { expiresAt };
        expect((await limited.send(method, path, body)).json.field).toBe('expiresAt');
      }
    }
    const old = await limited.keys.issue({ subject: 'acct_1', scopes: ['domains:read'] });
    const rotated = await limited.send('POST', `/keys/${old.record.id}/rotate`);
    expect(rotated.json.key.expiresAt).toBeLessThanOrEqual(Date.now() + maxLifetimeMs);
  } finally {
    await limited.close();
  }
});

it('a rotation that fails half-way is 503, says so, and leaves the old key working', async () => {
  const store = memoryStore();
  const failing = await startManagement({ store });
  try {
    const { json } = await failing.send('POST', '/keys', NEW);
    const revoke = store.revoke.bind(store);
    store.revoke = (id, at) =>
      id === json.key.id ? Promise.reject(new Error('down')) : revoke(id, at);
    const rotated = await failing.send('POST', `/keys/${json.key.id}/rotate`);
    expect([rotated.status, rotated.headers.get('retry-after')]).toEqual([503, '1']);
    expect(rotated.json).toEqual({
      error: 'service_unavailable',
      message: 'The key could not be rotated: the old key still works',
    });
    expect(await failing.keys.verify(json.secret)).toMatchObject({ ok: true });
    expect(await failing.keys.list({ status: 'active' })).toHaveLength(1);
  } finally {
    await failing.close();
  }
});
