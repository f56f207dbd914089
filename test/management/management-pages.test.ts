import { managementPages } from 'latchkey/management';

import { insertGrant } from '../../src/authorization-server/grant-records';
import { Browser } from '../support/browser';
import { type ManagedPages, startPages } from '../support/managed-pages';

let site: ManagedPages;
let browser: Browser;
beforeEach(async () => {
  site = await startPages({ loginUrl: '/login', maxKeys: 3 });
  browser = new Browser();
});
afterEach(() => site.close());

const issue = (options: object = {}) =>
  site.keys.issue({ subject: 'acct_1', name: 'CI', scopes: ['domains:read'], ...options });
const secretIn = (text: string) => /id="secret" value="([^"]+)"/.exec(text)?.[1] ?? '';
const post = (path: string, fields: Record<string, string> = {}, headers: object = {}) =>
  fetch(`${site.url}${path}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'manual',
    headers: { ...headers },
  });

describe('creating a key', () => {
  const fields = { name: 'Backup', scopes: 'domains:read', environment: 'test', lifetime: '30' };

  it('shows a secret once that works, and a test request with it', async () => {
    const form = await browser.open(`${site.url}/keys/new`);
    const shown = await form.submit(fields);
    const secret = secretIn(shown.text);
    expect(shown.response.headers.get('cache-control')).toBe('no-store');
    expect(secret).toMatch(/^acme_test_/);
    expect(shown.text).toContain(`Authorization: Bearer ${secret}`);
    expect(shown.url.href).not.toContain(secret);
    const called = await fetch(`${site.origin}/v1/me`, {
      headers: { Authorization: `Bearer ${secret}` },
    });
    expect(called.status).toBe(200);
    const list = await browser.open(`${site.url}/keys`);
    expect(list.text).toContain('Backup');
    expect(list.text).not.toContain(secret);
  });

  it('creates one key when the form is sent twice', async () => {
    const form = await browser.open(`${site.url}/keys/new`);
    await form.submit(fields);
    const again = await form.submit(fields);
    expect(again.response.status).toBe(409);
    expect(again.text).toContain('This form was already sent');
    expect(await site.keys.list({ subject: 'acct_1' })).toHaveLength(1);
  });

  it.each([
    ['name', { name: ' ' }, 'Enter a name of 1 to 200 characters.'],
    ['environment', { environment: 'moon' }, 'Choose one of the environments.'],
    ['expiresAt', { expiresAt: '2020-01-01' }, 'Choose a date in the future'],
  ])('shows the form again for an invalid %s', async (field, wrong, text) => {
    const form = await browser.open(`${site.url}/keys/new`);
    const shown = await form.submit({ ...fields, name: '"><script>', ...wrong });
    expect(shown.response.status).toBe(400);
    expect(shown.text).toContain('<title>Error: Create a key');
    expect(shown.text).toContain(text);
    expect(shown.text).toMatch(new RegExp(`id="${field}"[^>]*aria-describedby="[^"]*fault`));
    expect(shown.text).not.toContain('"><script>');
    const corrected = await shown.submit({ ...fields });
    expect(secretIn(corrected.text)).not.toBe('');
  });

  it('refuses a scope that the account may not grant', async () => {
    const form = await browser.open(`${site.url}/keys/new`);
    const shown = await form.submit({ ...fields, scopes: 'admin' });
    expect(shown.response.status).toBe(400);
    expect(await site.keys.list({ subject: 'acct_1' })).toEqual([]);
  });

  it('says that the limit of keys is reached', async () => {
    await Promise.all([issue(), issue(), issue()]);
    const form = await browser.open(`${site.url}/keys/new`);
    const shown = await form.submit(fields);
    expect(shown.response.status).toBe(409);
    expect(shown.text).toContain('You have 3 keys, which is the limit.');
    expect(shown.text).toContain('value="Backup"');
  });

  it('keeps what was typed during an outage, and creates the key afterwards', async () => {
    const form = await browser.open(`${site.url}/keys/new`);
    site.outage.isOn = true;
    const failed = await form.submit(fields);
    expect(failed.response.status).toBe(503);
    expect(failed.text).toContain('value="Backup"');
    site.outage.isOn = false;
    expect(secretIn((await failed.submit(fields)).text)).toMatch(/^acme_test_/);
  });
});

describe('connected apps', () => {
  it('are listed by name, and disconnected after a confirmation', async () => {
    const { client } = await site.oauth.clients.register({ name: 'Watch <b>', scopes: [] });
    const grant = {
      accountId: 'acct_1',
      clientId: client.clientId,
      resources: { 'https://acme.example': 'domains:read' },
    };
    const end = Date.now() + 60_000;
    await insertGrant(site.store, 'grant_mine', grant, end);
    await insertGrant(site.store, 'grant_other', { ...grant, accountId: 'acct_2' }, end);
    await insertGrant(site.store, 'grant_old', { ...grant, clientId: 'removed' }, end);
    const list = await browser.open(`${site.url}/connected`);
    expect(list.text).toContain('Watch &lt;b&gt;');
    expect(list.text).toContain('domains:read');
    expect(list.text.match(/<li>/g)).toHaveLength(2);
    const confirmation = await browser.open(`${site.url}/connected/grant_mine/revoke`);
    expect(await site.oauth.grants.get('grant_mine')).toBeDefined();
    const done = await confirmation.submit({});
    expect(done.url.pathname).toBe('/settings/connected');
    expect(done.text).not.toContain('Watch');
    expect(await site.oauth.grants.get('grant_mine')).toBeUndefined();
  });

  it('of another account are not found', async () => {
    const grant = { accountId: 'acct_2', clientId: 'any', resources: {} };
    await insertGrant(site.store, 'grant_foreign', grant, Date.now() + 60_000);
    const page = await browser.open(`${site.url}/connected/grant_foreign/revoke`);
    expect(page.response.status).toBe(404);
    const sent = await post('/connected/grant_foreign/revoke');
    expect(sent.status).toBe(404);
    expect(await site.oauth.grants.get('grant_foreign')).toBeDefined();
  });
});

describe('one key', () => {
  it('is renamed, disabled, enabled and revoked by redirects', async () => {
    const { record } = await issue();
    const page = `/settings/keys/${record.id}?done`;
    const renamed = await post(`/keys/${record.id}`, { name: 'Renamed', scopes: 'billing:read' });
    expect([renamed.status, renamed.headers.get('location')]).toEqual([303, page]);
    expect(await site.keys.get(record.id)).toMatchObject({
      name: 'Renamed',
      scopes: ['billing:read'],
    });
    await post(`/keys/${record.id}/disable`);
    expect((await site.keys.get(record.id))?.disabledAt).not.toBeNull();
    await post(`/keys/${record.id}/enable`);
    expect((await site.keys.get(record.id))?.disabledAt).toBeNull();
    const confirmation = await browser.open(`${site.url}/keys/${record.id}/revoke`);
    expect(confirmation.text).toContain('This cannot be undone');
    expect((await site.keys.get(record.id))?.revokedAt).toBeNull();
    const revoked = await confirmation.submit({});
    expect(revoked.text).toContain('Revoked');
    expect((await site.keys.get(record.id))?.revokedAt).not.toBeNull();
  });

  it('is rotated with the chosen overlap', async () => {
    const { record } = await issue();
    const form = await browser.open(`${site.url}/keys/${record.id}/rotate`);
    const shown = await form.submit({ overlapMs: '3600000' });
    expect(secretIn(shown.text)).toMatch(/^acme_/);
    expect(shown.text).toContain('The old one works until');
    const old = await site.keys.get(record.id);
    expect(old?.expiresAt).toBeGreaterThan(Date.now());
  });

  it.each([
    ['', { name: 'Renamed "now"', scopes: 'billing:read' }],
    ['/disable', { name: 'CI', scopes: 'domains:read' }],
    ['/revoke', { name: 'CI', scopes: 'domains:read' }],
  ])('is changed by %j after an outage, with what was typed', async (action, fields) => {
    const { record } = await issue();
    const path = `/keys/${record.id}${action}`;
    site.outage.isOn = true;
    const body = new URLSearchParams(fields);
    const failed = await browser.open(`${site.url}${path}`, { method: 'POST', body });
    expect([failed.response.status, failed.response.headers.get('retry-after')]).toEqual([
      503,
      '1',
    ]);
    expect(failed.text).toContain('Try again</button>');
    site.outage.isOn = false;
    const done = await failed.submit({});
    expect(done.url.pathname).toBe(`/settings/keys/${record.id}`);
    const { name, scopes, disabledAt, revokedAt } = (await site.keys.get(record.id)) ?? {};
    expect([name, scopes]).toEqual([fields.name, [fields.scopes]]);
    expect([disabledAt !== null, revokedAt !== null]).toEqual([
      action === '/disable',
      action === '/revoke',
    ]);
  });

  it('is rotated after an outage, with the chosen overlap', async () => {
    const { record } = await issue();
    const form = await browser.open(`${site.url}/keys/${record.id}/rotate`);
    site.outage.isOn = true;
    const failed = await form.submit({ overlapMs: '3600000' });
    expect(failed.response.status).toBe(503);
    site.outage.isOn = false;
    const shown = await failed.submit({});
    expect(secretIn(shown.text)).toMatch(/^acme_/);
    expect(shown.text).toContain('The old one works until');
  });

  it.each([
    ['works', 'The old one still works.', true],
    ['ended', 'the old one no longer works', false],
    ['unknown', 'Look at its status', false],
  ])(
    'whose rotation failed half way says that the old key %s',
    async (state, text, mayTryAgain) => {
      const { record } = await issue();
      const form = await browser.open(`${site.url}/keys/${record.id}/rotate`);
      const { keys } = site;
      jest.spyOn(keys, 'rotate').mockImplementation(async () => {
        if (state === 'ended') {
          await keys.revoke(record.id);
        }
        if (state === 'unknown') {
          jest.spyOn(keys, 'get').mockRejectedValueOnce(new Error('down'));
        }
        throw new Error('down');
      });
      const failed = await form.submit({ overlapMs: '0' });
      jest.restoreAllMocks();
      expect(failed.response.status).toBe(503);
      expect(failed.text).toContain(text);
      expect(failed.text.includes('<form')).toBe(mayTryAgain);
    },
  );

  it('with a method that its page does not have is 405 with Allow', async () => {
    const { record } = await issue();
    const allowed = async (method: string, path: string) => {
      const response = await fetch(`${site.url}/keys/${record.id}${path}`, { method });
      return [response.status, response.headers.get('allow')];
    };
    expect(await allowed('GET', '/disable')).toEqual([405, 'POST']);
    expect(await allowed('DELETE', '')).toEqual([405, 'GET, HEAD, POST']);
    expect(await allowed('PUT', '/rotate')).toEqual([405, 'GET, HEAD, POST']);
  });

  it('of another account is the same page as an unknown one', async () => {
    const { record } = await issue({ subject: 'acct_2' });
    const [other, unknown] = await Promise.all(
      [record.id, 'unknown'].map((id) => fetch(`${site.url}/keys/${id}`)),
    );
    expect([other?.status, unknown?.status]).toEqual([404, 404]);
    expect(await other?.text()).toBe(await unknown?.text());
    expect((await post(`/keys/${record.id}/revoke`)).status).toBe(404);
    expect((await site.keys.get(record.id))?.revokedAt).toBeNull();
  });

  it('escapes its name everywhere', async () => {
    const name = `<img src=x onerror=alert(1)>"'&`;
    const { record } = await issue({ name, expiresAt: Date.now() + 3_600_000 });
    for (const path of ['', '/rotate', '/revoke']) {
      const { text } = await browser.open(`${site.url}/keys/${record.id}${path}`);
      expect(text).not.toContain('<img');
      expect(text).toContain('&lt;img');
    }
    const list = await browser.open(`${site.url}/keys`);
    expect(list.text).toContain('1 key expires within 14 days');
    expect(list.text).not.toContain('<img');
  });
});

describe('apps', () => {
  it('are registered, changed, rotated and deleted', async () => {
    const form = await browser.open(`${site.url}/apps/new`);
    const redirectUris = 'https://app.example/callback';
    const shown = await form.submit({
      ...{ name: 'Tracker', scopes: 'domains:read', redirectUris, type: 'web' },
    });
    expect(secretIn(shown.text)).not.toBe('');
    const [client] = await site.oauth.clients.list({ owner: 'acct_1' });
    expect(client).toMatchObject({ name: 'Tracker', redirectUris: [redirectUris] });
    const path = `/apps/${client?.clientId}`;
    expect((await post(path, { name: 'New', redirectUris, scopes: 'domains:read' })).status).toBe(
      303,
    );
    const rotate = await browser.open(`${site.url}${path}/rotate`);
    expect(secretIn((await rotate.submit({ overlapMs: '0' })).text)).not.toBe('');
    const wrong = await post(path, { name: 'New', redirectUris: 'ftp://x' });
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('ftp://x');
    expect((await post(`${path}/delete`)).status).toBe(303);
    expect(await site.oauth.clients.list({ owner: 'acct_1' })).toEqual([]);
  });
});

describe('the pages', () => {
  it('go to the login with the page to return to', async () => {
    const response = await fetch(`${site.url}/keys/new?x=1`, {
      redirect: 'manual',
      headers: { cookie: 'user=nobody' },
    });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(
      '/login?return_to=%2Fsettings%2Fkeys%2Fnew%3Fx%3D1',
    );
  });

  it.each([{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }])(
    'refuse a form of another site: %j',
    async (headers) => {
      const { record } = await issue();
      expect((await post(`/keys/${record.id}/revoke`, {}, headers)).status).toBe(403);
      expect((await site.keys.get(record.id))?.revokedAt).toBeNull();
    },
  );

  it('say that they are not available during an outage', async () => {
    site.outage.isOn = true;
    const response = await fetch(`${site.url}/keys`, { headers: { 'accept-language': 'de' } });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.text()).toContain('nicht erreichbar');
  });

  it('allow scripts by hash only, on the page with the secret', async () => {
    const list = await browser.open(`${site.url}/keys`);
    expect(list.response.headers.get('content-security-policy')).not.toContain('script-src');
    const form = await browser.open(`${site.url}/keys/new`);
    const shown = await form.submit({ name: 'Backup', lifetime: 'never' });
    expect(shown.response.headers.get('content-security-policy')).toMatch(
      /script-src 'sha256-[^']+';/,
    );
  });

  it('search and filter', async () => {
    await Promise.all([issue({ name: 'Alpha' }), issue({ name: 'Beta' })]);
    const found = await browser.open(`${site.url}/keys?name=alp&status=active`);
    expect(found.text).toContain('Alpha');
    expect(found.text).not.toContain('Beta');
    const none = await browser.open(`${site.url}/keys?status=revoked`);
    expect(none.text).toContain('No key matches your search.');
  });

  it('reject an invalid text, look and test URL at start-up', () => {
    const options = { keys: site.keys, scopes: ['a'], account: () => undefined };
    expect(() => managementPages({ ...options, testUrl: 'x' })).toThrow('testUrl');
    expect(() =>
      managementPages({ ...options, pages: { texts: { en: { keys: '{x}' } } } }),
    ).toThrow('keys');
  });
});
