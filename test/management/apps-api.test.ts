import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { memoryStore } from 'latchkey';
import type { ClientEvent, GrantEvent } from 'latchkey/authorization-server';

import { insertGrant } from '../../src/authorization-server/grant-records';
import { type ManagedServer, OTHER, serverOn, startManagement } from '../support/management';
import { validateOpenApi } from '../support/validate-openapi';

const APP = {
  name: 'Domain Watch',
  scopes: ['domains:read'],
  redirectUris: ['https://app.example/callback'],
};

const store = memoryStore();
const server = serverOn(store);
let api: ManagedServer;
beforeAll(async () => {
  api = await startManagement({ store, clients: server.clients, grants: server.grants });
});
afterAll(async () => {
  await api.close();
  await server.close();
});

it('an app is registered, changed, given another secret and removed', async () => {
  const created = await api.send('POST', '/apps', APP);
  expect([created.status, created.headers.get('cache-control')]).toEqual([201, 'no-store']);
  expect(created.json).toEqual({
    secret: expect.stringMatching(/^client_secret_/),
    app: {
      ...APP,
      id: expect.any(String),
      grantTypes: ['authorization_code', 'refresh_token'],
      type: 'confidential',
      applicationType: 'web',
      registeredAt: expect.any(Number),
    },
  });
  const at = `/apps/${created.json.app.id}`;
  expect(created.headers.get('location')).toBe(`/settings/api${at}`);
  const renamed = await api.send('PATCH', at, { name: 'Watch' });
  expect(renamed.json.app).toEqual({ ...created.json.app, name: 'Watch' });
  expect((await api.send('GET', at)).json).toEqual(renamed.json);
  const rotated = await api.send('POST', `${at}/rotate`, { overlapMs: 60_000 });
  expect([rotated.status, rotated.json.app]).toEqual([201, renamed.json.app]);
  expect(rotated.json.secret).not.toBe(created.json.secret);
  expect((await api.send('GET', '/apps')).json).toEqual({ apps: [renamed.json.app], next: null });
  expect(await api.send('DELETE', at)).toMatchObject({ status: 204 });
  expect(await api.send('GET', at)).toMatchObject({ status: 404 });
  expect((await api.send('GET', '/apps')).json).toEqual({ apps: [], next: null });
});

it('a public app has no secret', async () => {
  const { json } = await api.send('POST', '/apps', { ...APP, type: 'public' });
  expect(json.secret).toBeNull();
  expect(await api.send('POST', `/apps/${json.app.id}/rotate`)).toMatchObject({ status: 409 });
});

it.each([
  [{ name: null }, 'name'],
  [{ name: '' }, 'name'],
  [{ scopes: null }, 'scopes'],
  [{ redirectUris: 'https://app.example' }, 'redirectUris'],
  [{ redirectUris: ['javascript:alert(1)'] }, 'redirectUris'],
  [{ redirectUris: ['http://app.example'] }, 'redirectUris'],
  [{ type: 'secret' }, 'type'],
  [{ applicationType: 'tv' }, 'applicationType'],
  [{ firstParty: true }, 'firstParty'],
  [{ resourceServer: true }, 'resourceServer'],
  [{ owner: 'acct_2' }, 'owner'],
  [{ clientId: 'mine' }, 'clientId'],
  [{ scopes: ['billing:read'] }, 'scopes'],
])('an app with %j is refused with the name of the field', async (changes, field) => {
  const { status, json } = await api.send('POST', '/apps', { ...APP, ...changes });
  expect([400, 403]).toContain(status);
  expect(json).toMatchObject({ field, message: expect.stringMatching(new RegExp(`^"${field}" `)) });
});

it('apps of other accounts and of the operator are 404 with the same bytes as unknown ones', async () => {
  const operators = await server.clients.register({ name: 'Console', scopes: [] });
  const foreign = await api.send('POST', '/apps', APP, OTHER);
  const ids = [operators.client.clientId, foreign.json.app.id, 'unknown'];
  for (const [method, action] of [
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/rotate'],
  ] as const) {
    const body = method === 'PATCH' ? { name: 'Mine' } : undefined;
    for (const id of ids) {
      expect(await api.send(method, `/apps/${id}${action}`, body)).toMatchObject({
        status: 404,
        text: '{"error":"not_found","message":"Not found"}',
      });
    }
  }
  expect((await server.clients.get(foreign.json.app.id))?.name).toBe('Domain Watch');
});

it('apps are listed page by page', async () => {
  const account = { 'X-Account': 'acct_pages domains:read' };
  for (let count = 0; count < 3; count++) {
    await api.send('POST', '/apps', APP, account);
  }
  const { json } = await api.send('GET', '/apps?limit=2', undefined, account);
  expect([json.apps.length, json.next]).toEqual([2, json.apps[1].id]);
  const rest = await api.send('GET', `/apps?limit=2&after=${json.next}`, undefined, account);
  expect([rest.json.apps.length, rest.json.next]).toEqual([1, null]);
  expect((await api.send('GET', '/apps?limit=0')).json.field).toBe('limit');
});

it('connected apps are listed with their names, and revoked by their user alone', async () => {
  const { client } = await server.clients.register({ name: 'Watch', scopes: ['domains:read'] });
  const payload = {
    accountId: 'acct_1',
    clientId: client.clientId,
    resources: { 'https://api.osir.example': 'domains:read' },
  };
  await insertGrant(store, 'grant_1', payload, Date.now() + 60_000);
  const expected = {
    id: 'grant_1',
    clientId: client.clientId,
    name: 'Watch',
    scopes: ['domains:read'],
    audience: ['https://api.osir.example'],
    issuedAt: expect.any(Number),
    expiresAt: expect.any(Number),
  };
  expect((await api.send('GET', '/grants')).json).toEqual({ grants: [expected], next: null });
  expect((await api.send('GET', '/grants', undefined, OTHER)).json.grants).toEqual([]);
  expect(await api.send('DELETE', '/grants/grant_1', undefined, OTHER)).toMatchObject({
    status: 404,
  });
  expect(await api.send('DELETE', '/grants/unknown')).toMatchObject({ status: 404 });
  expect(await api.send('DELETE', '/grants/grant_1')).toMatchObject({ status: 204 });
  expect((await api.send('GET', '/grants')).json.grants).toEqual([]);
});

it('changes of apps and the end of a grant are published with the actor of the account', async () => {
  const events: (ClientEvent | GrantEvent)[] = [];
  const onEvent = (event: unknown) => void events.push(event as ClientEvent | GrantEvent);
  subscribe('latchkey:client', onEvent);
  subscribe('latchkey:grant', onEvent);
  try {
    const { id } = (await api.send('POST', '/apps', APP)).json.app;
    await api.send('PATCH', `/apps/${id}`, { name: 'Watch' });
    await api.send('POST', `/apps/${id}/rotate`);
    const payload = { accountId: 'acct_1', clientId: id, resources: {} };
    await insertGrant(store, 'grant_2', payload, Date.now() + 60_000);
    await api.send('DELETE', '/grants/grant_2');
    await api.send('DELETE', `/apps/${id}`);
  } finally {
    unsubscribe('latchkey:client', onEvent);
    unsubscribe('latchkey:grant', onEvent);
  }
  expect(events.map(({ action, actor }) => [action, actor])).toEqual([
    ['registered', 'user of acct_1'],
    ['updated', 'user of acct_1'],
    ['rotated', 'user of acct_1'],
    ['revoked', 'user of acct_1'],
    ['removed', 'user of acct_1'],
  ]);
});

it('an app whose removal failed half way is still there, and can be removed', async () => {
  let isDown = false;
  const fails = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (isDown) {
        throw new Error('down');
      }
      return call(...args);
    };
  };
  for (const method of ['revoke', 'revokeAll', 'set'] as const) {
    const faulty = memoryStore();
    Object.assign(faulty, { [method]: fails(faulty[method].bind(faulty) as () => Promise<never>) });
    const own = serverOn(faulty);
    const managed = await startManagement({ store: faulty, clients: own.clients });
    const { id } = (await managed.send('POST', '/apps', APP)).json.app;
    isDown = true;
    expect(await managed.send('DELETE', `/apps/${id}`)).toMatchObject({ status: 503 });
    isDown = false;
    expect(await managed.send('GET', `/apps/${id}`)).toMatchObject({ status: 200 });
    expect(await managed.send('DELETE', `/apps/${id}`)).toMatchObject({ status: 204 });
    expect(await managed.send('GET', `/apps/${id}`)).toMatchObject({ status: 404 });
    await managed.close();
    await own.close();
  }
});

describe('GET /openapi.json', () => {
  it('is a valid document, for anyone', async () => {
    const { status, json } = await api.send('GET', '/openapi.json', undefined, {});
    expect(status).toBe(200);
    expect(validateOpenApi(json)).toEqual({ valid: true });
    expect(Object.keys(json.paths)).toEqual([
      ...['/keys', '/keys/{id}', '/keys/{id}/rotate', '/keys/{id}/disable', '/keys/{id}/enable'],
      ...[
        '/keys/{id}/usage',
        '/apps',
        '/apps/{id}',
        '/apps/{id}/rotate',
        '/grants',
        '/grants/{id}',
      ],
    ]);
  });

  it('leaves out what the options do not enable, and names the environments', async () => {
    const alone = await startManagement({ environments: ['live', 'test'] });
    const { json } = await alone.send('GET', '/openapi.json');
    await alone.close();
    expect(Object.keys(json.paths).filter((path) => !path.startsWith('/keys'))).toEqual([]);
    expect(json.components.schemas.NewKey.properties.environment.enum).toEqual(['live', 'test']);
    expect(json.components.schemas.Scopes.items.oneOf[1]).toEqual({
      const: 'domains:write',
      description: 'Manage domains',
    });
    expect(validateOpenApi(json)).toEqual({ valid: true });
  });

  it('has a schema for every member of every response', async () => {
    const { json } = await api.send('GET', '/openapi.json');
    const members = (name: string) => Object.keys(json.components.schemas[name].properties).sort();
    const key = (await api.send('POST', '/keys', { scopes: [] })).json.key;
    const app = (await api.send('POST', '/apps', APP)).json.app;
    expect([members('Key'), members('App')]).toEqual([
      Object.keys(key).sort(),
      Object.keys(app).sort(),
    ]);
  });
});
