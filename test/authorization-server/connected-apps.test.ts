import { consentPage } from 'latchkey/authorization-server';

import { Browser } from '../support/browser';
import { agree, type Issuing, logIn, startIssuing, WEB_CLIENT } from '../support/issuing';

let issuing: Issuing;
beforeAll(async () => {
  issuing = await startIssuing({ consent: consentPage({ remember: true }) });
});
afterAll(() => issuing.close());

const request = async (
  client: Parameters<Issuing['authorizeUrl']>[0],
  parameters: Readonly<Record<string, string>> = {},
) => logIn(await new Browser().open(issuing.authorizeUrl(client, parameters)));

describe('connected apps', () => {
  it('are listed for their user alone, and lose their tokens when they are revoked', async () => {
    const { client, tokens, credentials } = await issuing.grant();
    const { grants } = issuing.server;
    const own = (await grants.list({ subject: 'acct_42' })).filter(
      ({ clientId }) => clientId === client.clientId,
    );
    expect(own).toEqual([
      {
        ...{ id: expect.any(String), subject: 'acct_42', clientId: client.clientId },
        ...{ scopes: ['domains:read', 'domains:write'], audience: [issuing.issuer] },
        ...{ issuedAt: expect.any(Number), expiresAt: expect.any(Number) },
      },
    ]);
    const [{ id = '' } = {}] = own;
    expect(await grants.list({ subject: 'acct_7' })).toEqual([]);
    expect(await grants.revoke(id, { subject: 'acct_7' })).toBe(false);
    expect((await issuing.call(tokens.access_token)).status).toBe(200);
    expect(await grants.revoke(id, { subject: 'acct_42' })).toBe(true);
    expect((await issuing.call(tokens.access_token)).status).toBe(401);
    const refreshed = await issuing.post('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: tokens.refresh_token, ...credentials },
    });
    expect(refreshed.body.error).toBe('invalid_grant');
    expect([await grants.revoke(id), await grants.get(id)]).toEqual([false, undefined]);
  });

  it('are no longer listed when all grants of their client end', async () => {
    const { client } = await issuing.grant();
    await issuing.server.revoke({ clientId: client.clientId });
    const left = await issuing.server.grants.list({ subject: 'acct_42' });
    expect(left.filter(({ clientId }) => clientId === client.clientId)).toEqual([]);
  });

  it.each([{}, { subject: '' }, { subject: 'a', limit: 0 }, { owner: 'a' }])(
    'cannot be listed by %j',
    async (page) => {
      await expect(issuing.server.grants.list(page as never)).rejects.toMatchObject({
        code: 'ERR_LATCHKEY_OPTION',
      });
    },
  );
});

describe('a remembered consent', () => {
  it('skips the consent page until it is revoked or more scopes are requested', async () => {
    const { client } = await issuing.server.clients.register(WEB_CLIENT);
    await agree(await request(client, { scope: 'domains:read' }));
    const again = await request(client, { scope: 'domains:read' });
    expect(again.url.searchParams.has('code')).toBe(true);
    const more = await request(client, { scope: 'domains:read domains:write' });
    const prompted = await request(client, { scope: 'domains:read', prompt: 'consent' });
    expect([more, prompted].map(({ url }) => url.searchParams.has('code'))).toEqual([false, false]);
    const { grants } = issuing.server;
    for (const { id, clientId } of await grants.list({ subject: 'acct_42' })) {
      if (clientId === client.clientId) {
        await grants.revoke(id);
      }
    }
    const revoked = await request(client, { scope: 'domains:read' });
    expect(revoked.url.searchParams.has('code')).toBe(false);
  });

  it.each([
    ['native', 'com.example.app:/callback'],
    ['web', 'https://127.0.0.1:4444/callback'],
    ['web', 'https://localhost:4444/callback'],
  ] as const)('never applies to a public %s client at %s', async (applicationType, uri) => {
    const { client } = await issuing.server.clients.register({
      ...{ ...WEB_CLIENT, type: 'public', applicationType },
      redirectUris: [uri],
    });
    const pkce = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' };
    const first = await request(client, pkce);
    expect(first.text).toContain('name="decision"');
    await agree(first).catch(() => undefined);
    expect((await request(client, pkce)).text).toContain('name="decision"');
  });
});

it('shows the consent page for a first-party client whose redirect URI any app can receive', async () => {
  const { client } = await issuing.server.clients.register({
    ...{ ...WEB_CLIENT, firstParty: true, type: 'public', applicationType: 'native' },
    redirectUris: ['com.example.app:/callback'],
  });
  const pkce = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' };
  expect((await request(client, pkce)).text).toContain('name="decision"');
});

it('shows no consent page for a first-party client, unless the client requests it', async () => {
  const { client } = await issuing.server.clients.register({ ...WEB_CLIENT, firstParty: true });
  expect((await request(client)).url.searchParams.has('code')).toBe(true);
  expect((await request(client, { prompt: 'consent' })).url.searchParams.has('code')).toBe(false);
});
