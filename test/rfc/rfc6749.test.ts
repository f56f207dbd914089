import { accessTokens, memoryStore } from 'latchkey';
import {
  authorizationServer,
  type ClientOptions,
  type RegisteredClient,
} from 'latchkey/authorization-server';

import { Browser, type Page } from '../support/browser';
import {
  type Answer,
  CALLBACK,
  type Issuing,
  logIn,
  type Scope,
  startIssuing,
  WEB_CLIENT,
} from '../support/issuing';
import { complianceMatrix } from './compliance-matrix';

const OTHER_CALLBACK = 'https://app.example/other';

let issuing: Issuing;
let web: RegisteredClient;
let machine: RegisteredClient;
let open: RegisteredClient;
beforeAll(async () => {
  issuing = await startIssuing();
  const { clients } = issuing.server;
  web = await clients.register(WEB_CLIENT);
  machine = await clients.register({ name: 'Nightly', scopes: ['domains:read', 'domains:write'] });
  open = await clients.register({ ...WEB_CLIENT, type: 'public' });
});
afterAll(() => issuing.close());

type Parameters = Readonly<Record<string, string>>;
const PKCE = {
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
};
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';

const credentialsOf = ({ client, secret }: RegisteredClient): Parameters => ({
  client_id: client.clientId,
  ...(secret !== undefined && { client_secret: secret }),
});
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});
const token = (parameters: Parameters, headers?: Parameters) =>
  issuing.post('/oauth/token', parameters, headers);
const own = (more: Parameters = {}) =>
  token({ grant_type: 'client_credentials', ...credentialsOf(machine), ...more });

/**
 * Where an authorization request leads before anyone is asked. Those of `without` are left out of
 * it.
 */
const ask = (
  parameters: Parameters = {},
  { client } = web,
  without: readonly string[] = [],
): Promise<Page> => {
  const url = new URL(issuing.authorizeUrl(client, parameters));
  for (const name of without) {
    url.searchParams.delete(name);
  }
  return new Browser().open(url.href);
};
const backAt = ({ url }: Page) => ({
  at: `${url.origin}${url.pathname}`,
  ...Object.fromEntries(url.searchParams),
});
const onPage = async (page: Promise<Page>) => {
  const { url, response, text } = await page;
  return [url.origin, response.status, text.includes('<h1>This did not work</h1>')];
};

const codeOf = async (registered = web, parameters: Parameters = {}) =>
  (await issuing.authorize(registered.client, parameters)).searchParams.get('code') as string;
const exchange = (code: string, more: Parameters = {}, registered = web) =>
  token({
    grant_type: 'authorization_code',
    code,
    redirect_uri: CALLBACK,
    ...credentialsOf(registered),
    ...more,
  });
const refresh = (refreshToken: string, more: Parameters = {}, registered = web) =>
  token({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    ...credentialsOf(registered),
    ...more,
  });
const register = (options: Partial<ClientOptions<Scope>>) =>
  issuing.server.clients.register({ ...WEB_CLIENT, ...options });

const expectError = ({ status, body }: Answer, error: string, expected = 400) =>
  expect({ status, body }).toEqual({ status: expected, body: expect.objectContaining({ error }) });
const serverAt = (options: object) => () => {
  const store = memoryStore();
  const tokens = accessTokens({ store, prefix: 'osirat' });
  return authorizationServer({
    issuer: 'https://api.osir.com',
    store,
    tokens,
    scopes: ['domains:read'],
    ...options,
  });
};
/** The clock alone: what goes over the wire takes its own time. */
const at = async <T>(now: number, action: () => Promise<T>): Promise<T> => {
  jest.useFakeTimers({
    now,
    doNotFake: [
      'setTimeout',
      'clearTimeout',
      'setImmediate',
      'nextTick',
      'queueMicrotask',
      'performance',
    ],
  });
  return action().finally(() => jest.useRealTimers());
};

complianceMatrix('RFC 6749', [
  {
    section: '2.1',
    level: 'SHOULD NOT',
    says: 'Nothing is assumed of the type of a client: it is what was registered.',
    test() {
      expect([web.client.type, open.client.type, open.secret]).toEqual([
        'confidential',
        'public',
        undefined,
      ]);
    },
  },
  {
    section: '2.2',
    level: 'MUST NOT',
    says: 'The client identifier alone is no authentication.',
    async test() {
      expectError(
        await token({ grant_type: 'client_credentials', client_id: machine.client.clientId }),
        'invalid_client',
        401,
      );
    },
  },
  {
    section: '2.2',
    level: 'SHOULD',
    says: 'The size of identifiers is documented: 32 characters where none was chosen.',
    test() {
      expect(machine.client.clientId).toHaveLength(32);
    },
  },
  {
    section: '2.3',
    level: 'MUST NOT',
    says: 'The authentication of a public client identifies nobody.',
    notOurs: 'because public clients have no authentication here, and no grant without a user',
  },
  {
    section: '2.3',
    level: 'MUST NOT',
    says: 'A request has one way of client authentication, and no second beside it.',
    async test() {
      const headers = basic(machine.client.clientId, machine.secret as string);
      expectError(
        await token({ grant_type: 'client_credentials', ...credentialsOf(machine) }, headers),
        'invalid_request',
      );
    },
  },
  {
    section: '2.3.1',
    level: 'MUST',
    says: 'A secret is taken by HTTP Basic, with identifier and secret form-encoded.',
    async test() {
      const { client, secret = '' } = await register({
        clientId: 'shop:eu+1%',
        redirectUris: [],
        name: 'Shop',
      });
      const good = await token(
        { grant_type: 'client_credentials' },
        basic(encodeURIComponent(client.clientId), secret),
      );
      expect([good.status, good.body.token_type]).toEqual([200, 'Bearer']);
      expectError(
        await token(
          { grant_type: 'client_credentials' },
          basic(encodeURIComponent(client.clientId), `${secret}x`),
        ),
        'invalid_client',
        401,
      );
    },
  },
  {
    section: '2.3.1',
    level: 'MAY',
    says: 'A secret is taken in the body, too.',
    async test() {
      expect((await own()).status).toBe(200);
    },
  },
  {
    section: '2.3.1',
    level: 'MUST NOT',
    says: 'Client credentials in the URI are not looked at.',
    async test() {
      const query = new URLSearchParams(credentialsOf(machine)).toString();
      expect(
        (await issuing.post(`/oauth/token?${query}`, { grant_type: 'client_credentials' })).status,
      ).toBe(401);
      expect(
        (
          await issuing.post(`/oauth/token?${query}`, {
            grant_type: 'client_credentials',
            client_id: machine.client.clientId,
          })
        ).status,
      ).toBe(401);
    },
  },
  {
    section: '2.3.1',
    level: 'MUST',
    says: 'Secrets go over TLS alone: the issuer and every endpoint are on https, or on this machine.',
    test() {
      expect(serverAt({ issuer: 'http://api.osir.com' })).toThrow(
        /option "issuer" must be an https URL/,
      );
      for (const name of ['authorization', 'token', 'revocation', 'introspection', 'jwks']) {
        expect(serverAt({ endpoints: { [name]: 'http://api.osir.com/x' } })).toThrow(
          new RegExp(`option "endpoints.${name}" must be`),
        );
      }
      expect(serverAt({ endpoints: { token: 'http://127.0.0.1:3000/x' } })).not.toThrow();
    },
  },
  {
    section: '2.3.1',
    level: 'MUST',
    says: 'Nobody finds a secret by trying: each is 256 random bits, and none can be chosen.',
    async test() {
      expect(machine.secret).toMatch(/^client_secret_[0-9A-Za-z]{43}[0-9A-Za-z]{6}$/);
      await expect(register({ secret: 'hunter2' } as never)).rejects.toThrow(
        /unknown option "secret"/,
      );
    },
  },
  {
    section: '2.3.2',
    level: 'MUST',
    says: 'Other ways of authentication need a mapping to the client.',
    notOurs: 'because there are no other ways here',
  },
  {
    section: '3.1',
    level: 'MUST',
    says: 'Who the user is comes first: nobody is asked to agree before.',
    async test() {
      expect((await ask()).text).toContain('<h1>Log in</h1>');
    },
  },
  {
    section: '3.1',
    level: 'MUST NOT',
    says: 'No endpoint has a fragment, and none has a query that would have to be kept.',
    test() {
      for (const tail of ['#x', '?a=b']) {
        expect(serverAt({ endpoints: { authorization: `/oauth/authorize${tail}` } })).toThrow(
          TypeError,
        );
      }
    },
  },
  {
    section: '3.1',
    level: 'MUST',
    says: 'The authorization endpoint takes GET.',
    async test() {
      expect((await fetch(issuing.authorizeUrl(web.client), { redirect: 'manual' })).status).toBe(
        303,
      );
    },
  },
  {
    section: '3.1',
    level: 'MAY',
    says: 'The authorization endpoint takes POST.',
    notOurs: 'because no client needs it, and at one document’s address POST is a token request',
  },
  {
    section: '3.1',
    level: 'MUST',
    says: 'An authorization parameter without a value counts as left out.',
    async test() {
      const back = await issuing.authorize(web.client, { scope: '', state: '' });
      expect([back.searchParams.has('code'), back.searchParams.has('state')]).toEqual([
        true,
        false,
      ]);
    },
  },
  {
    section: '3.1',
    level: 'MUST',
    says: 'An authorization parameter that is not known is passed over.',
    async test() {
      expect(
        (await issuing.authorize(web.client, { unheard_of: '1' })).searchParams.has('code'),
      ).toBe(true);
    },
  },
  {
    section: '3.1',
    level: 'MUST NOT',
    says: 'No authorization parameter is given twice.',
    async test() {
      const page = await new Browser().open(
        `${issuing.authorizeUrl(web.client, { state: 'a' })}&state=b`,
      );
      expect(backAt(page)).toMatchObject({ at: CALLBACK, error: 'invalid_request' });
    },
  },
  {
    section: '3.1.1',
    level: 'MUST',
    says: 'A response type that is missing or not understood is an error for the client.',
    async test() {
      expect(backAt(await ask({}, web, ['response_type']))).toMatchObject({
        at: CALLBACK,
        error: 'invalid_request',
      });
      expect(backAt(await ask({ response_type: 'ticket' }))).toMatchObject({
        at: CALLBACK,
        error: 'unsupported_response_type',
      });
    },
  },
  {
    section: '3.1.2',
    level: 'MUST',
    says: 'A redirect URI is absolute and has no fragment.',
    async test() {
      for (const uri of ['/callback', `${CALLBACK}#x`]) {
        await expect(register({ redirectUris: [uri] })).rejects.toThrow(/option "redirectUris"/);
      }
    },
  },
  {
    section: '3.1.2',
    level: 'MUST',
    says: 'A query of the redirect URI is kept.',
    async test() {
      const { client } = await register({ redirectUris: [`${CALLBACK}?tenant=7&a=%20b`] });
      const { searchParams } = await issuing.authorize(client);
      expect([searchParams.get('tenant'), searchParams.get('a'), searchParams.has('code')]).toEqual(
        ['7', ' b', true],
      );
    },
  },
  {
    section: '3.1.2.1',
    level: 'SHOULD',
    says: 'Codes are sent over TLS alone: a redirect URI is https, or on the user’s own machine.',
    async test() {
      await expect(register({ redirectUris: ['http://app.example/callback'] })).rejects.toThrow(
        /option "redirectUris" must be/,
      );
    },
  },
  {
    section: '3.1.2.1',
    level: 'SHOULD',
    says: 'A user is warned before a redirect without TLS.',
    notOurs: 'because no such redirect URI can be registered',
  },
  {
    section: '3.1.2.2',
    level: 'MUST',
    says: 'Every client with a redirection registers where to, public or not, and completely.',
    async test() {
      for (const type of ['public', 'confidential'] as const) {
        await expect(
          register({ type, redirectUris: [], grantTypes: ['authorization_code'] }),
        ).rejects.toThrow(/option "redirectUris"/);
      }
    },
  },
  {
    section: '3.1.2.3',
    level: 'MUST',
    says: 'A client with several redirect URIs names one, and here a client with one does, too.',
    async test() {
      const several = await register({ redirectUris: [CALLBACK, OTHER_CALLBACK] });
      for (const client of [several, web]) {
        expect(await onPage(ask({}, client, ['redirect_uri']))).toEqual([
          issuing.origin,
          400,
          true,
        ]);
      }
    },
  },
  {
    section: '3.1.2.3',
    level: 'MUST',
    says: 'Redirect URIs are compared character by character.',
    async test() {
      for (const uri of [
        `${CALLBACK}/`,
        'https://APP.example/callback',
        'https://app.example:443/callback',
        'https://app.example/%63allback',
      ]) {
        expect(await onPage(ask({ redirect_uri: uri }))).toEqual([issuing.origin, 400, true]);
      }
    },
  },
  {
    section: '3.1.2.4',
    level: 'MUST NOT',
    says: 'Nobody is sent to a redirect URI that is wrong; the user is told.',
    async test() {
      const page = await ask({ redirect_uri: 'https://evil.example/' });
      expect([
        page.response.headers.get('location'),
        page.text.includes('This did not work'),
      ]).toEqual([null, true]);
    },
  },
  {
    section: '3.1.2.5',
    level: 'SHOULD NOT',
    says: 'The page at the redirect URI has no scripts of others.',
    notOurs: 'because it is the client’s page',
  },
  {
    section: '3.2',
    level: 'MUST',
    says: 'Token requests come by POST.',
    async test() {
      const query = new URLSearchParams({
        grant_type: 'client_credentials',
        ...credentialsOf(machine),
      }).toString();
      expect((await fetch(`${issuing.origin}/oauth/token?${query}`)).status).toBe(405);
    },
  },
  {
    section: '3.2',
    level: 'MUST',
    says: 'A token parameter without a value counts as left out.',
    async test() {
      expect((await own({ scope: '' })).body.scope).toBe('domains:read domains:write');
      expectError(await own({ grant_type: '' }), 'invalid_request');
    },
  },
  {
    section: '3.2',
    level: 'MUST',
    says: 'A token parameter that is not known is passed over.',
    async test() {
      expect((await own({ unheard_of: '1' })).status).toBe(200);
    },
  },
  {
    section: '3.2',
    level: 'MUST NOT',
    says: 'No token parameter is given twice.',
    async test() {
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        ...credentialsOf(machine),
        scope: 'domains:read',
      });
      body.append('scope', 'domains:write');
      const response = await fetch(`${issuing.origin}/oauth/token`, { method: 'POST', body });
      expect([response.status, await response.json()]).toEqual([
        400,
        expect.objectContaining({ error: 'invalid_request' }),
      ]);
    },
  },
  {
    section: '3.2.1',
    level: 'MUST',
    says: 'A client that was given a secret shows it at the token endpoint, for a code and for a refresh token.',
    async test() {
      const { body } = await exchange(await codeOf());
      const nobody = { client_id: web.client.clientId };
      const code = await codeOf();
      expectError(
        await token({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...nobody }),
        'invalid_client',
        401,
      );
      expectError(
        await token({ grant_type: 'refresh_token', refresh_token: body.refresh_token, ...nobody }),
        'invalid_client',
        401,
      );
      expect([(await exchange(code)).status, (await refresh(body.refresh_token)).status]).toEqual([
        200, 200,
      ]);
    },
  },
  {
    section: '3.2.1',
    level: 'MUST',
    says: 'A client without a secret says who it is.',
    async test() {
      const code = await codeOf(open, PKCE);
      const request = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: CALLBACK,
        code_verifier: VERIFIER,
      };
      expectError(await token(request), 'invalid_client', 401);
      expect((await token({ ...request, ...credentialsOf(open) })).status).toBe(200);
    },
  },
  {
    section: '3.3',
    level: 'MUST',
    says: 'The answer says which scopes were granted where they are not those that were asked for.',
    async test() {
      const modest = await startIssuing({
        consent: () => ['domains:read'],
        login: () => ({ subject: 'acct_42' }),
      });
      const { client, secret = '' } = await modest.server.clients.register(WEB_CLIENT);
      const page = await new Browser().open(
        modest.authorizeUrl(client, { scope: 'domains:read domains:write' }),
      );
      const { body } = await modest.post('/oauth/token', {
        ...{
          grant_type: 'authorization_code',
          code: page.url.searchParams.get('code') as string,
          redirect_uri: CALLBACK,
        },
        ...{ client_id: client.clientId, client_secret: secret },
      });
      await modest.close();
      expect(body.scope).toBe('domains:read');
    },
  },
  {
    section: '3.3',
    level: 'MUST',
    says: 'A request without scope has the documented default: all that the client is registered for.',
    async test() {
      expect((await own()).body.scope).toBe('domains:read domains:write');
      expect((await exchange(await codeOf())).body.scope).toBe('domains:read domains:write');
    },
  },
  {
    section: '4.1.2',
    level: 'MUST',
    says: 'A code expires soon: after a minute.',
    async test() {
      const [early, late] = [await codeOf(), await codeOf()];
      const now = Date.now();
      expect((await at(now + 55_000, () => exchange(early))).status).toBe(200);
      expectError(await at(now + 62_000, () => exchange(late)), 'invalid_grant');
    },
  },
  {
    section: '4.1.2',
    level: 'MUST',
    says: 'A code that is used more than once is refused.',
    async test() {
      const code = await codeOf();
      expect((await exchange(code)).status).toBe(200);
      expectError(await exchange(code), 'invalid_grant');
    },
  },
  {
    section: '4.1.2',
    level: 'SHOULD',
    says: 'Then the tokens that it gave are revoked.',
    async test() {
      const code = await codeOf();
      const { body } = await exchange(code);
      await exchange(code);
      expect((await issuing.call(body.access_token)).status).toBe(401);
      expectError(await refresh(body.refresh_token), 'invalid_grant');
    },
  },
  {
    section: '4.1.2',
    level: 'REQUIRED',
    says: 'The state comes back as it was sent.',
    async test() {
      const state = `"'<é>&=+ %20`;
      expect((await issuing.authorize(web.client, { state })).searchParams.get('state')).toBe(
        state,
      );
    },
  },
  {
    section: '4.1.2',
    level: 'SHOULD',
    says: 'The size of a code is documented: 43 characters, as that of a refresh token.',
    async test() {
      const code = await codeOf();
      const { body } = await exchange(code);
      expect([code.length, body.refresh_token.length]).toEqual([43, 43]);
    },
  },
  {
    section: '4.1.2.1',
    level: 'MUST NOT',
    says: 'Of an unknown client nobody is sent anywhere; the user is told.',
    async test() {
      expect(await onPage(ask({ client_id: 'nobody' }))).toEqual([issuing.origin, 400, true]);
      expect(await onPage(ask({}, web, ['client_id']))).toEqual([issuing.origin, 400, true]);
    },
  },
  {
    section: '4.1.2.1',
    level: 'REQUIRED',
    says: 'Any other error is told to the client at its redirect URI, with its state.',
    async test() {
      const denied = await (await logIn(await ask({ state: 'xyz' }))).submit({ decision: 'deny' });
      const unknown = await ask({ state: 'xyz', scope: 'domains:wipe' });
      expect([denied, unknown].map(backAt)).toMatchObject([
        { at: CALLBACK, error: 'access_denied', state: 'xyz' },
        { at: CALLBACK, error: 'invalid_scope', state: 'xyz' },
      ]);
    },
  },
  {
    section: '4.1.2.1',
    level: 'MUST NOT',
    says: 'Errors and descriptions contain only spaces and visible ASCII without quotes and backslashes.',
    async test() {
      const texts = ['response_type', 'scope', 'resource', 'code_challenge', 'response_mode'].map(
        async (name) => {
          const { error, error_description: description } = backAt(
            await ask({ [name]: 'é"\\' }),
          ) as Record<string, string>;
          return [error, description ?? ''];
        },
      );
      for (const text of (await Promise.all(texts)).flat()) {
        expect(text).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/);
      }
    },
  },
  {
    section: '4.1.3',
    level: 'MUST',
    says: 'A code is good for the client alone that it was given to, with a secret or without.',
    async test() {
      const other = await register({});
      const otherOpen = await register({ type: 'public' });
      expectError(await exchange(await codeOf(), {}, other), 'invalid_grant');
      expectError(
        await exchange(await codeOf(open, PKCE), { code_verifier: VERIFIER }, otherOpen),
        'invalid_grant',
      );
    },
  },
  {
    section: '4.1.3',
    level: 'MUST',
    says: 'A client that authenticates is authenticated, though its code be good.',
    async test() {
      expectError(
        await exchange(await codeOf(), { client_secret: 'wrong' }),
        'invalid_client',
        401,
      );
      expectError(
        await exchange(
          await codeOf(open, PKCE),
          { code_verifier: VERIFIER, client_secret: 'wrong' },
          open,
        ),
        'invalid_client',
        401,
      );
    },
  },
  {
    section: '4.1.3',
    level: 'MUST',
    says: 'The redirect URI is there again, and the same, of one that is registered and of several.',
    async test() {
      const several = await register({ redirectUris: [CALLBACK, OTHER_CALLBACK] });
      for (const client of [several, web]) {
        const code = await codeOf(client);
        expectError(
          await exchange(code, { redirect_uri: OTHER_CALLBACK }, client),
          'invalid_grant',
        );
        expectError(await exchange(code, { redirect_uri: '' }, client), 'invalid_request');
        expect((await exchange(code, {}, client)).status).toBe(200);
      }
    },
  },
  {
    section: '4.2',
    level: '-',
    says: 'Tokens are issued by the implicit grant.',
    notOurs:
      'because RFC 9700 §2.1.2 wants clients not to use it; the matrix of §3.1.1 shows its refusal',
  },
  {
    section: '4.3',
    level: '-',
    says: 'Tokens are issued for a user’s password.',
    notOurs: 'because RFC 9700 §2.4 forbids it',
  },
  {
    section: '4.4',
    level: 'MUST',
    says: 'Client credentials are for confidential clients alone.',
    async test() {
      await expect(
        register({ type: 'public', redirectUris: [], grantTypes: ['client_credentials'] }),
      ).rejects.toThrow(/option "grantTypes"/);
      expectError(
        await token({ grant_type: 'client_credentials', ...credentialsOf(open) }),
        'unauthorized_client',
      );
    },
  },
  {
    section: '4.4.2',
    level: 'MUST',
    says: 'A client is authenticated before it gets a token of its own.',
    async test() {
      expectError(await own({ client_secret: 'wrong' }), 'invalid_client', 401);
    },
  },
  {
    section: '4.4.3',
    level: 'SHOULD NOT',
    says: 'With it comes no refresh token.',
    async test() {
      expect(Object.keys((await own()).body as object).sort()).toEqual([
        'access_token',
        'expires_in',
        'scope',
        'token_type',
      ]);
    },
  },
  {
    section: '5.1',
    level: 'REQUIRED',
    says: 'The answer is JSON with access_token, token_type and expires_in.',
    async test() {
      const { status, headers, body } = await own();
      expect([status, headers.get('content-type')]).toEqual([
        200,
        'application/json; charset=utf-8',
      ]);
      expect(body).toMatchObject({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
      });
    },
  },
  {
    section: '5.1',
    level: 'MUST',
    says: 'It is kept by no cache, be it an old one.',
    async test() {
      for (const { headers } of [await own(), await own({ client_secret: 'wrong' })]) {
        expect([headers.get('cache-control'), headers.get('pragma')]).toEqual([
          'no-store',
          'no-cache',
        ]);
      }
    },
  },
  {
    section: '5.1',
    level: 'SHOULD',
    says: 'The size of an access token is documented: its prefix and environment, and 49 characters.',
    async test() {
      expect((await own()).body.access_token).toMatch(/^osirat_live_[0-9A-Za-z]{49}$/);
    },
  },
  {
    section: '5.2',
    level: 'MUST',
    says: 'Who fails to authenticate by a header is answered 401, with a challenge of its scheme.',
    async test() {
      const answer = await token(
        { grant_type: 'client_credentials' },
        basic(machine.client.clientId, 'wrong'),
      );
      expectError(answer, 'invalid_client', 401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm="/);
    },
  },
  {
    section: '5.2',
    level: '-',
    says: 'A client that says nothing of who it is has not authenticated, at each endpoint that wants it to.',
    async test() {
      for (const path of ['token', 'revoke', 'introspect']) {
        for (const nobody of [{}, { client_id: '' }, { client_secret: machine.secret as string }]) {
          const request = { grant_type: 'client_credentials', token: 'x', ...nobody };
          const answer = await issuing.post(`/oauth/${path}`, request);
          expectError(answer, 'invalid_client', 401);
          expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm="/);
        }
      }
    },
  },
  {
    section: '5.2',
    level: 'MUST',
    says: 'An Authorization header of another scheme or form gets 401 with a challenge of the supported scheme.',
    async test() {
      const of = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
      const malformed = [
        'Bearer x',
        'Basic',
        'Basic ',
        'Basic $$$',
        'Basic P:',
        'Basic  YTpi',
        'Basic YTpi=',
        'Basic YTpiY',
      ];
      const without = [
        of('nobody'),
        of('nobody:'),
        of(':secret'),
        of('%:secret'),
        of('nobody:%zz'),
        of('nobody:\u0007'),
      ];
      for (const path of ['token', 'revoke', 'introspect']) {
        for (const authorization of [...malformed, ...without]) {
          for (const more of [{}, { client_id: open.client.clientId }]) {
            const request = { grant_type: 'client_credentials', token: 'x', ...more };
            const answer = await issuing.post(`/oauth/${path}`, request, { authorization });
            expect([authorization, answer.status, answer.body.error]).toEqual([
              authorization,
              401,
              'invalid_client',
            ]);
            expect([
              answer.headers.get('www-authenticate'),
              answer.headers.get('cache-control'),
            ]).toEqual([`Basic realm="${issuing.issuer}", error="invalid_client"`, 'no-store']);
          }
        }
      }
      const unpadded = basic(
        machine.client.clientId,
        machine.secret as string,
      ).authorization.replace(/=+$/, '');
      expect(
        (
          await token(
            { grant_type: 'client_credentials' },
            { authorization: unpadded.replace('Basic', 'bAsIc') },
          )
        ).status,
      ).toBe(200);
      expectError(
        await token(credentialsOf(machine), { authorization: 'Bearer x' }),
        'invalid_request',
      );
    },
  },
  {
    section: '5.2',
    level: 'REQUIRED',
    says: 'The error is one of the list, each for its cause.',
    async test() {
      expectError(await own({ grant_type: '' }), 'invalid_request');
      expectError(await own({ client_secret: 'wrong' }), 'invalid_client', 401);
      expectError(await exchange('x'), 'invalid_grant');
      expectError(
        await own({ grant_type: 'authorization_code', code: 'x' }),
        'unauthorized_client',
      );
      expectError(await own({ grant_type: 'password' }), 'unsupported_grant_type');
      expectError(await own({ scope: 'domains:wipe' }), 'invalid_scope');
    },
  },
  {
    section: '5.2',
    level: 'MUST NOT',
    says: 'Errors of the token endpoint contain only spaces and visible ASCII without quotes and backslashes.',
    async test() {
      const answers = await Promise.all(
        ['grant_type', 'scope', 'resource', 'client_id'].map((name) => own({ [name]: 'é"\\' })),
      );
      for (const { body } of answers) {
        expect(`${body.error}${body.error_description}`).toMatch(
          /^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/,
        );
      }
    },
  },
  {
    section: '6',
    level: 'MUST NOT',
    says: 'A refresh asks for no scope that the user did not grant.',
    async test() {
      const { body } = await exchange(await codeOf(web, { scope: 'domains:read' }));
      expectError(
        await refresh(body.refresh_token, { scope: 'domains:read domains:write' }),
        'invalid_scope',
      );
    },
  },
  {
    section: '6',
    level: 'MUST',
    says: 'A new refresh token has the scope of the old one, though less was asked for once.',
    async test() {
      const { body: first } = await exchange(await codeOf());
      const { body: narrow } = await refresh(first.refresh_token, { scope: 'domains:read' });
      const { body: full } = await refresh(narrow.refresh_token);
      expect([narrow.scope, full.scope]).toEqual(['domains:read', 'domains:read domains:write']);
    },
  },
  {
    section: '6',
    level: 'MUST',
    says: 'A refresh token is good for its own client alone, and only while it is good.',
    async test() {
      const { body } = await exchange(await codeOf());
      expectError(await refresh(body.refresh_token, {}, await register({})), 'invalid_grant');
      expectError(await refresh('x'), 'invalid_grant');
      expectError(
        await at(Date.now() + 31 * 24 * 3_600_000, () => refresh(body.refresh_token)),
        'invalid_grant',
      );
    },
  },
  {
    section: '6',
    level: 'MAY',
    says: 'Each refresh gives a new refresh token and ends the old one.',
    async test() {
      const { body: first } = await exchange(await codeOf());
      const { body: second } = await refresh(first.refresh_token);
      expect(second.refresh_token).not.toBe(first.refresh_token);
      expectError(await refresh(first.refresh_token), 'invalid_grant');
    },
  },
  {
    section: '7',
    level: 'MUST',
    says: 'The API proves the token, that it has not expired, and that its scope is enough.',
    async test() {
      const { body } = await own();
      const billing = await issuing.server.clients.register({
        name: 'Bills',
        scopes: ['billing:read'],
      });
      const { body: other } = await token({
        grant_type: 'client_credentials',
        ...credentialsOf(billing),
      });
      const later = at(Date.now() + 3_601_000, () => issuing.call(body.access_token));
      expect([
        (await later).status,
        (await issuing.call('x')).status,
        (await issuing.call(other.access_token)).status,
      ]).toEqual([401, 401, 403]);
    },
  },
  {
    section: '10.1',
    level: 'MUST NOT',
    says: 'An app that can keep no secret is given none.',
    async test() {
      const { client, secret } = await register({
        type: 'public',
        applicationType: 'native',
        redirectUris: ['com.example.app:/back'],
      });
      expect([secret, await issuing.server.clients.rotateSecret(client.clientId)]).toEqual([
        undefined,
        undefined,
      ]);
    },
  },
  {
    section: '10.2',
    level: 'SHOULD',
    says: 'A user logs in, and sees who asks for what.',
    async test() {
      const { text } = await logIn(await ask({ scope: 'domains:write' }));
      expect(text).toContain(
        '<strong>Domain Watch</strong></bdi> requests this permission:</p>\n<ul>\n<li>Manage domains</li>\n</ul>',
      );
    },
  },
  {
    section: '10.2',
    level: 'SHOULD NOT',
    says: 'A repeated request is not granted without the user.',
    async test() {
      const browser = new Browser();
      const page = await logIn(await browser.open(issuing.authorizeUrl(web.client)));
      await page.submit({ decision: 'allow' });
      expect((await browser.open(issuing.authorizeUrl(web.client))).text).toContain(
        '<h1>Log in</h1>',
      );
    },
  },
  {
    section: '10.3',
    level: 'MUST',
    says: 'Tokens are kept so that nobody who reads the store can use them.',
    async test() {
      const { body } = await exchange(await codeOf());
      const records = await issuing.store.list(
        { kind: 'access_token', by: 'client', id: web.client.clientId },
        { limit: 1_000 },
      );
      expect(records.length).toBeGreaterThan(0);
      for (const { digest } of records) {
        expect((await issuing.call(digest)).status).toBe(401);
      }
      expect(JSON.stringify(records)).not.toContain(body.access_token);
    },
  },
  {
    section: '10.3',
    level: 'MUST',
    says: 'A token that was changed by one character is none.',
    async test() {
      const { access_token: good } = (await own()).body as { access_token: string };
      expect(
        (await issuing.call(`${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`)).status,
      ).toBe(401);
    },
  },
  {
    section: '10.4',
    level: 'SHOULD',
    says: 'The abuse of a refresh token is found out by rotation, also where the client has no secret.',
    async test() {
      const { body: first } = await exchange(
        await codeOf(open, PKCE),
        { code_verifier: VERIFIER },
        open,
      );
      const { body: second } = await refresh(first.refresh_token, {}, open);
      expectError(await refresh(first.refresh_token, {}, open), 'invalid_grant');
      expectError(await refresh(second.refresh_token, {}, open), 'invalid_grant');
      expect((await issuing.call(second.access_token)).status).toBe(401);
    },
  },
  {
    section: '10.8',
    level: 'SHOULD NOT',
    says: 'state and scope hold nothing secret in the clear.',
    notOurs:
      'because they are the client’s; a state is encrypted where it is kept, as the tests of the stores show',
  },
  {
    section: '10.10',
    level: 'MUST',
    says: 'Nobody guesses a token, a code or a secret: each has more than 160 random bits.',
    async test() {
      const code = await codeOf();
      const { body } = await exchange(code);
      for (const one of [code, body.refresh_token]) {
        expect(one).toMatch(/^[\w-]{43}$/);
      }
      for (const one of [body.access_token, web.secret]) {
        expect(one).toMatch(/_[0-9A-Za-z]{49}$/);
      }
    },
  },
  {
    section: '10.11',
    level: 'MUST',
    says: 'The pages for users are on TLS: they have the address of the authorization endpoint.',
    async test() {
      expect(
        (await fetch(issuing.authorizeUrl(web.client), { redirect: 'manual' })).headers.get(
          'location',
        ),
      ).toMatch(/^\/oauth\/interaction\//);
    },
  },
  {
    section: '10.12',
    level: 'MUST',
    says: 'No other site can log a user in or agree for them.',
    async test() {
      const page = await ask();
      const forged = (of: Page, fields: Parameters) =>
        of.browser.open(of.url.href, { method: 'POST', body: new URLSearchParams(fields) });
      const refused = await forged(page, { username: 'ada', password: 'lovelace' });
      expect([refused.response.status, refused.text]).toEqual([
        400,
        expect.stringContaining('This form was not sent from our page.'),
      ]);
      expect((await forged(await logIn(page), { decision: 'allow' })).response.status).toBe(400);
    },
  },
  {
    section: '10.12',
    level: 'MUST',
    says: 'A client protects its redirect URI by a state of its own.',
    notOurs: 'because it is for the client to do; what it sends comes back to the character',
  },
  {
    section: '10.14',
    level: 'MUST',
    says: 'What a request brings is shown on no page, and leads to nothing but itself.',
    async test() {
      const script = '"><script>alert(1)</script>';
      for (const name of ['state', 'redirect_uri', 'client_id', 'response_type', 'login_hint']) {
        expect((await ask({ [name]: script })).text).not.toContain('<script>');
      }
      const response = await fetch(
        issuing.authorizeUrl(web.client, { state: 'a\r\nSet-Cookie: b=c', scope: 'x' }),
        { redirect: 'manual' },
      );
      expect(response.headers.getSetCookie().some((line) => line.startsWith('b='))).toBe(false);
      expect(new URL(response.headers.get('location') as string).searchParams.get('state')).toBe(
        'a\r\nSet-Cookie: b=c',
      );
    },
  },
]);
