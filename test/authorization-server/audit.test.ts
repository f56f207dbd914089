import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import type { ClientEvent, GrantEvent } from 'latchkey/authorization-server';

import { type Issuing, startIssuing, WEB_CLIENT } from '../support/issuing';

let issuing: Issuing;
const clientEvents: ClientEvent[] = [];
const grantEvents: GrantEvent[] = [];
const onClient = (event: unknown) => void clientEvents.push(event as ClientEvent);
const onGrant = (event: unknown) => void grantEvents.push(event as GrantEvent);

beforeAll(async () => {
  issuing = await startIssuing({ registration: { dynamic: true } });
  subscribe('latchkey:client', onClient);
  subscribe('latchkey:grant', onGrant);
});
afterAll(async () => {
  unsubscribe('latchkey:client', onClient);
  unsubscribe('latchkey:grant', onGrant);
  await issuing.close();
});
beforeEach(() => {
  clientEvents.splice(0);
  grantEvents.splice(0);
});

describe('the channel latchkey:client', () => {
  it('has every change of a client with its actor, and never a secret', async () => {
    const { clients } = issuing.server;
    const actor = 'admin_7';
    const options = { ...WEB_CLIENT, owner: 'acct_1' };
    const { client, secret = '' } = await clients.register(options, { actor });
    const { clientId } = client;
    await clients.update(clientId, { name: 'Renamed' }, { actor });
    await clients.update(clientId, { name: 'Renamed' }, { actor });
    const rotated = await clients.rotateSecret(clientId, {}, { actor });
    await clients.remove(clientId, { actor });
    await clients.remove(clientId, { actor });
    const common = { clientId, subject: 'acct_1', actor, at: expect.any(Number) };
    expect(clientEvents).toEqual([
      {
        ...{ ...common, action: 'registered' },
        changes: expect.objectContaining({
          name: { before: null, after: 'Domain Watch' },
          verified: { before: null, after: true },
        }),
      },
      {
        ...{ ...common, action: 'updated' },
        changes: { name: { before: 'Domain Watch', after: 'Renamed' } },
      },
      { ...common, action: 'rotated', changes: {} },
      { ...common, action: 'removed', changes: {} },
    ]);
    const text = JSON.stringify(clientEvents);
    expect([secret, rotated?.secret ?? ''].some((one) => text.includes(one))).toBe(false);
    expect(clientEvents.every(Object.isFrozen)).toBe(true);
  });

  it('has a client that registers itself', async () => {
    const response = await fetch(`${issuing.origin}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['https://app.example/cb'] }),
    });
    const { client_id: clientId, client_secret: secret } = (await response.json()) as Record<
      string,
      string
    >;
    expect(clientEvents).toMatchObject([
      { action: 'registered', clientId, changes: { verified: { after: false } } },
    ]);
    expect(JSON.stringify(clientEvents)).not.toContain(secret);
  });

  it('refuses an actor that is not a string', async () => {
    await expect(
      issuing.server.clients.register(WEB_CLIENT, { actor: 7 } as never),
    ).rejects.toMatchObject({ code: 'ERR_LATCHKEY_OPTION' });
    expect(clientEvents).toEqual([]);
  });
});

describe('the channel latchkey:grant', () => {
  it('has what a user allows, and its end by grants.revoke() once', async () => {
    const { client } = await issuing.grant();
    const [grant] = await issuing.server.grants.list({ subject: 'acct_42' });
    await issuing.server.grants.revoke(grant?.id ?? '', { actor: 'acct_42' });
    await issuing.server.grants.revoke(grant?.id ?? '', { actor: 'acct_42' });
    const common = { grantId: grant?.id, clientId: client.clientId, subject: 'acct_42' };
    expect(grantEvents).toMatchObject([
      {
        ...{ ...common, action: 'issued', actor: undefined },
        changes: { scopes: { before: null, after: ['domains:read', 'domains:write'] } },
      },
      { ...common, action: 'revoked', actor: 'acct_42' },
    ]);
  });

  it('has each grant that ends with its client or its user', async () => {
    const { client } = await issuing.grant();
    await issuing.grant();
    grantEvents.splice(0);
    await issuing.server.clients.remove(client.clientId, { actor: 'admin_7' });
    expect(grantEvents).toMatchObject([
      { action: 'revoked', clientId: client.clientId, actor: 'admin_7' },
    ]);
    await issuing.server.revoke({ subject: 'acct_42' }, { actor: 'job' });
    expect(grantEvents.slice(1)).toMatchObject([{ action: 'revoked', actor: 'job' }]);
  });

  it('has the end of a grant whose refresh token is used twice', async () => {
    const { credentials, tokens } = await issuing.grant();
    const refresh = () =>
      issuing.post('/oauth/token', {
        ...{ grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string },
        ...credentials,
      });
    await refresh();
    await refresh();
    expect(grantEvents.map(({ action }) => action)).toEqual(['issued', 'revoked']);
  });
});
