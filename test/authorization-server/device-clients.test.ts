import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';

import { Browser } from '../support/browser';
import { confirm, DEVICE_CLIENT } from '../support/devices';
import { agree, type Issuing, logIn, startIssuing } from '../support/issuing';

let issuing: Issuing;
beforeAll(async () => {
  issuing = await startIssuing({
    deviceFlow: true,
    dpop: true,
    clientAuthentication: ['client_secret_basic', 'none'],
  });
});
afterAll(() => issuing.close());

const MEMBERS = ['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type'];

/** Does as the device says. */
async function visit({ verification_uri: url, user_code }: oauth.DeviceAuthorizationResponse) {
  const form = await new Browser().open(url);
  return logIn(await confirm(await form.submit({ user_code })));
}

describe('openid-client', () => {
  const initiate = async (type: 'confidential' | 'public') => {
    const { client, secret = '' } = await issuing.server.clients.register({
      ...DEVICE_CLIENT,
      type,
    });
    const config = await openid.discovery(
      new URL(issuing.issuer),
      client.clientId,
      undefined,
      type === 'public' ? openid.None() : openid.ClientSecretBasic(secret),
      { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] },
    );
    const response = await openid.initiateDeviceAuthorization(config, { scope: 'domains:read' });
    expect(response.interval).toBe(5);
    // A client that is in a hurry, so that the tests need not wait.
    return { config, device: { ...response, interval: 1 } };
  };

  it.each(['public', 'confidential'] as const)(
    'gets tokens of a user who agrees while it polls, and refreshes them, as a %s client',
    async (type) => {
      const { config, device } = await initiate(type);
      const polling = openid.pollDeviceAuthorizationGrant(config, device);
      await agree(await visit(device));
      const tokens = await polling;
      expect(Object.keys(tokens).sort()).toEqual(MEMBERS);
      expect(tokens).toMatchObject({ token_type: 'bearer', scope: 'domains:read' });
      expect((await issuing.call(tokens.access_token)).status).toBe(200);
      const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token as string);
      expect((await issuing.call(refreshed.access_token)).status).toBe(200);
    },
  );

  it('slows down after slow_down, and gets its tokens then', async () => {
    const { config, device } = await initiate('public');
    const errors: string[] = [];
    const slowedDown = new Promise<void>((resolve) => {
      config[openid.customFetch] = async (url, options) => {
        const response = await fetch(url, options as RequestInit);
        const { error } = (await response.clone().json()) as { readonly error?: string };
        errors.push(error ?? 'none');
        if (error === 'slow_down') {
          resolve();
        }
        return response;
      };
    });
    const polling = openid.pollDeviceAuthorizationGrant(config, device);
    await Promise.race([slowedDown, polling]);
    await agree(await visit(device));
    expect((await polling).scope).toBe('domains:read');
    expect(errors).toEqual(['authorization_pending', 'slow_down', 'none']);
  });

  it('learns that its user denied', async () => {
    const { config, device } = await initiate('public');
    await (await visit(device)).submit({ decision: 'deny' });
    await expect(openid.pollDeviceAuthorizationGrant(config, device)).rejects.toMatchObject({
      error: 'access_denied',
    });
  });

  it('binds the tokens of a device to its key', async () => {
    const { config, device } = await initiate('public');
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    await agree(await visit(device));
    const tokens = await openid.pollDeviceAuthorizationGrant(config, device, undefined, { DPoP });
    expect(tokens.token_type).toBe('dpop');
    expect((await issuing.call(tokens.access_token)).status).toBe(401);
    const resource = await openid.fetchProtectedResource(
      config,
      tokens.access_token,
      new URL(`${issuing.origin}/v1/domains`),
      'GET',
      null,
      undefined,
      { DPoP },
    );
    expect(resource.status).toBe(200);
  });
});

describe('oauth4webapi', () => {
  const insecure = { [oauth.allowInsecureRequests]: true };

  it('waits, and gets tokens', async () => {
    const registered = await issuing.server.clients.register(DEVICE_CLIENT);
    const client: oauth.Client = { client_id: registered.client.clientId };
    const issuer = new URL(issuing.issuer);
    const as = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' }),
    );
    const device = await oauth.processDeviceAuthorizationResponse(
      as,
      client,
      await oauth.deviceAuthorizationRequest(
        as,
        client,
        oauth.None(),
        { scope: 'domains:read' },
        insecure,
      ),
    );
    expect(device).toMatchObject({ interval: 5, expires_in: 600 });
    const poll = async () =>
      oauth.processDeviceCodeResponse(
        as,
        client,
        await oauth.deviceCodeGrantRequest(as, client, oauth.None(), device.device_code, insecure),
      );
    await expect(poll()).rejects.toMatchObject({ error: 'authorization_pending' });
    await expect(poll()).rejects.toMatchObject({ error: 'slow_down' });
    await agree(await visit(device));
    const tokens = await poll();
    expect(Object.keys(tokens).sort()).toEqual(MEMBERS);
    await expect(poll()).rejects.toMatchObject({ error: 'invalid_grant' });
  });
});
