import { generateKeyPairSync } from 'node:crypto';

import { Browser } from '../support/browser';
import { type Answer, answerOf, type Issuing, logIn, startIssuing } from '../support/issuing';
import { complianceMatrix } from './compliance-matrix';

let issuing: Issuing;
beforeAll(async () => {
  issuing = await startIssuing({
    registration: { dynamic: true },
    clientAuthentication: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
  });
});
afterAll(() => issuing.close());

const CALLBACK = 'https://client.example/callback';
const JSON_TYPE = { 'content-type': 'application/json' };
const send = async (
  body: string,
  headers: Readonly<Record<string, string>> = JSON_TYPE,
  at = issuing,
): Promise<Answer> =>
  answerOf(await fetch(`${at.origin}/oauth/register`, { method: 'POST', headers, body }));
const register = (metadata: object = {}) =>
  send(JSON.stringify({ redirect_uris: [CALLBACK], ...metadata }));

const PKCE = {
  code_challenge: 'ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA',
  code_challenge_method: 'S256',
};
const openAuthorization = (client: Answer['body'], redirectUri = CALLBACK) => {
  const query = new URLSearchParams({
    ...{ response_type: 'code', client_id: client.client_id as string },
    ...{ redirect_uri: redirectUri, scope: 'domains:read', ...PKCE },
  });
  return new Browser().open(`${issuing.origin}/oauth/authorize?${query.toString()}`);
};

const INVALID = { status: 400, body: { error: 'invalid_client_metadata' } };
const INVALID_URI = { status: 400, body: { error: 'invalid_redirect_uri' } };
const REGISTERED = { status: 201 };

complianceMatrix('RFC 7591', [
  {
    section: '2',
    level: 'MUST',
    says: 'A client of a flow with redirection registers its redirect URIs.',
    async test() {
      for (const metadata of [{ redirect_uris: undefined }, { redirect_uris: [] }]) {
        expect(await register(metadata)).toMatchObject(INVALID_URI);
      }
    },
  },
  {
    section: '2',
    level: '-',
    says: 'Without token_endpoint_auth_method, a client authenticates by HTTP Basic.',
    async test() {
      const { body: client } = await register();
      expect(client).toMatchObject({
        token_endpoint_auth_method: 'client_secret_basic',
        client_secret: expect.any(String),
      });
      const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64');
      const { body } = await issuing.post(
        '/oauth/token',
        { grant_type: 'authorization_code', code: 'x', redirect_uri: CALLBACK },
        { authorization: `Basic ${basic}` },
      );
      expect(body.error).toBe('invalid_grant');
    },
  },
  {
    section: '2',
    level: '-',
    says: 'A method of authentication that is registered is used, and an unknown one is refused.',
    async test() {
      for (const method of ['none', 'client_secret_post', 'client_secret_basic']) {
        const { body } = await register({ token_endpoint_auth_method: method });
        expect(body.token_endpoint_auth_method).toBe(method);
        expect('client_secret' in body).toBe(method !== 'none');
      }
      expect(await register({ token_endpoint_auth_method: 'tls_client_auth' })).toMatchObject(
        INVALID,
      );
    },
  },
  {
    section: '2',
    level: '-',
    says: 'Without grant_types, a client uses the authorization code alone.',
    async test() {
      expect((await register()).body.grant_types).toEqual(['authorization_code']);
    },
  },
  {
    section: '2',
    level: '-',
    says: 'Without response_types, a client uses code alone.',
    async test() {
      expect((await register()).body.response_types).toEqual(['code']);
    },
  },
  {
    section: '2',
    level: '-',
    says: 'The user sees client_name, and something else for a client without one.',
    async test() {
      for (const [metadata, name] of [
        [{ client_name: 'Domain Watch' }, 'Domain Watch'],
        [{}, 'Unnamed app'],
      ] as const) {
        const { body } = await register(metadata);
        expect(body.client_name).toBe(name);
        expect((await logIn(await openAuthorization(body))).text).toContain(name);
      }
    },
  },
  {
    section: '2',
    level: 'MAY',
    says: 'A client that names no scope gets a default set: all scopes of the server.',
    async test() {
      expect((await register()).body.scope).toBe('domains:read domains:write billing:read');
      expect((await register({ scope: 'billing:read' })).body.scope).toBe('billing:read');
    },
  },
  {
    section: '2',
    level: 'MUST NOT',
    says: 'jwks and jwks_uri are not both in a request.',
    async test() {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const jwks = { keys: [publicKey.export({ format: 'jwk' })] };
      const uri = 'https://client.example/jwks';
      const method = { token_endpoint_auth_method: 'private_key_jwt' };
      expect(await register({ ...method, jwks })).toMatchObject({ body: { jwks } });
      expect(await register({ ...method, jwks_uri: uri })).toMatchObject({
        body: { jwks_uri: uri },
      });
      expect(await register({ ...method, jwks, jwks_uri: uri })).toMatchObject(INVALID);
      expect(await register(method)).toMatchObject(INVALID);
    },
  },
  {
    section: '2',
    level: 'MUST',
    says: 'Metadata that the server does not know are ignored.',
    async test() {
      const { status, body } = await register({
        ...{ flavour: 'vanilla', contacts: ['a@client.example'], software_id: '4NRB1' },
        ...{ id_token_signed_response_alg: 'RS256', subject_type: 'pairwise' },
      });
      expect(status).toBe(201);
      expect(body).not.toHaveProperty('flavour');
      expect(body).not.toHaveProperty('subject_type');
    },
  },
  {
    section: '2',
    level: 'MAY',
    says: 'Values that the server does not offer are left out, and the response says what is left.',
    async test() {
      const { body } = await register({
        grant_types: ['authorization_code', 'refresh_token', 'implicit', 'password'],
        response_types: ['code', 'token'],
        scope: 'domains:read email',
      });
      expect(body).toMatchObject({
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        scope: 'domains:read',
      });
    },
  },
  {
    section: '2',
    level: '-',
    says: 'Members are of their types.',
    async test() {
      const invalid = [
        { client_name: 7 },
        { grant_types: 'authorization_code' },
        { response_types: {} },
        { scope: ['domains:read'] },
        { token_endpoint_auth_method: ['none'] },
      ];
      for (const metadata of invalid) {
        expect(await register(metadata)).toMatchObject(INVALID);
      }
      expect(await register({ redirect_uris: CALLBACK })).toMatchObject(INVALID_URI);
    },
  },
  {
    section: '2.1',
    level: 'SHOULD',
    says: 'A client cannot register grant types and response types that contradict each other.',
    async test() {
      expect(await register({ response_types: ['token'] })).toMatchObject(INVALID);
      expect(await register({ response_types: [] })).toMatchObject(INVALID);
      expect(await register({ grant_types: ['refresh_token'] })).toMatchObject(INVALID);
      expect(await register({ grant_types: ['client_credentials'] })).toMatchObject(INVALID);
    },
  },
  {
    section: '2.2',
    level: 'MUST',
    says: 'A name without a language tag is used as it is, in whatever language the user reads.',
    async test() {
      const { body } = await register({
        client_name: 'Mein Werkzeug',
        'client_name#ja-Jpan-JP': '道具',
      });
      expect(body.client_name).toBe('Mein Werkzeug');
      expect((await openAuthorization(body)).text).toContain('Mein Werkzeug');
    },
  },
  {
    section: '2.2',
    level: 'OPTIONAL',
    says: 'Names and links may be given in several languages.',
    notOurs:
      'because no link of an unverified client is shown, and its name is shown as it is sent',
  },
  {
    section: '2.3',
    level: 'MAY',
    says: 'A server without support for software statements ignores them.',
    async test() {
      const { status, body } = await register({
        client_name: 'Honest',
        software_statement: `${btoa('{"alg":"none"}')}.${btoa('{"client_name":"Trusted"}')}.`,
      });
      expect([status, body.client_name]).toEqual([201, 'Honest']);
      expect(body).not.toHaveProperty('software_statement');
    },
  },
  {
    section: '3',
    level: 'MUST',
    says: 'The endpoint accepts POST requests with a JSON body.',
    async test() {
      const body = JSON.stringify({ redirect_uris: [CALLBACK] });
      const charset = { 'content-type': 'application/json; charset=utf-8' };
      expect(await send(body)).toMatchObject(REGISTERED);
      expect(await send(body, charset)).toMatchObject(REGISTERED);
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      expect(await send('redirect_uris=a', form)).toMatchObject(INVALID);
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const { status, headers } = await fetch(`${issuing.origin}/oauth/register`, { method });
        expect([status, headers.get('allow')]).toEqual([405, 'POST']);
      }
    },
  },
  {
    section: '3',
    level: 'MUST',
    says: 'The endpoint is protected by TLS.',
    notOurs:
      'because TLS ends in front of the app, and the issuer must be https except on a loopback host',
  },
  {
    section: '3',
    level: 'SHOULD',
    says: 'Anyone may register, without an initial access token.',
    async test() {
      expect(await register()).toMatchObject(REGISTERED);
    },
  },
  {
    section: '3',
    level: 'MAY',
    says: 'Registrations are limited, so that nobody fills the store.',
    async test() {
      const own = await startIssuing({ registration: { dynamic: { maxClients: 2 } } });
      const body = JSON.stringify({ redirect_uris: [CALLBACK] });
      const statuses = [];
      for (let count = 0; count < 3; count++) {
        statuses.push((await send(body, JSON_TYPE, own)).status);
      }
      await own.close();
      expect(statuses).toEqual([201, 201, 503]);
    },
  },
  {
    section: '3',
    level: 'MAY',
    says: 'The endpoint is an OAuth resource that accepts an initial access token.',
    notOurs:
      'because a guard in front of the endpoint can require one, and clients of today send none',
  },
  {
    section: '3.1',
    level: '-',
    says: 'The server assigns the ID and the secret, whatever the client asks for.',
    async test() {
      const { body } = await register({ client_id: 'mine', client_secret: 'chosen' });
      expect([body.client_id === 'mine', body.client_secret === 'chosen']).toEqual([false, false]);
    },
  },
  {
    section: '3.1',
    level: '-',
    says: 'All metadata are members of one JSON object.',
    async test() {
      for (const body of ['[]', '"x"', 'null', '7', '', '{', '[{}]']) {
        expect([body, await send(body)]).toMatchObject([body, INVALID]);
      }
    },
  },
  {
    section: '3.1.1',
    level: '-',
    says: 'Values in a software statement take precedence.',
    notOurs:
      'because software statements are not supported, and §2.3 allows a server to ignore them',
  },
  {
    section: '3.2.1',
    level: '-',
    says: 'A registration is 201 with JSON, which nobody stores in a cache.',
    async test() {
      const { status, headers } = await register();
      expect([
        status,
        headers.get('content-type'),
        headers.get('cache-control'),
        headers.get('pragma'),
      ]).toEqual([201, 'application/json; charset=utf-8', 'no-store', 'no-cache']);
    },
  },
  {
    section: '3.2.1',
    level: 'REQUIRED',
    says: 'The response has a client_id of its own for every registration.',
    async test() {
      const ids = [(await register()).body.client_id, (await register()).body.client_id];
      expect(new Set(ids).size).toBe(2);
      expect(ids).toEqual([expect.any(String), expect.any(String)]);
    },
  },
  {
    section: '3.2.1',
    level: 'MUST',
    says: 'A secret is unique, and works for its own client alone.',
    async test() {
      const [one, two] = [(await register()).body, (await register()).body];
      expect(one.client_secret).not.toBe(two.client_secret);
      const { status } = await issuing.post('/oauth/token', {
        ...{ grant_type: 'authorization_code', code: 'x', redirect_uri: CALLBACK },
        ...{ client_id: one.client_id as string, client_secret: two.client_secret as string },
      });
      expect(status).toBe(401);
    },
  },
  {
    section: '3.2.1',
    level: 'OPTIONAL',
    says: 'client_id_issued_at is in seconds since the epoch.',
    async test() {
      const { body } = await register();
      expect(Math.abs(body.client_id_issued_at - Date.now() / 1000)).toBeLessThan(60);
    },
  },
  {
    section: '3.2.1',
    level: 'REQUIRED',
    says: 'With a secret comes client_secret_expires_at in seconds, and without one it does not.',
    async test() {
      const [confidential, open] = [
        await register(),
        await register({ token_endpoint_auth_method: 'none' }),
      ];
      const days = (confidential.body.client_secret_expires_at - Date.now() / 1000) / 86_400;
      expect(Math.round(days)).toBe(7);
      expect(open.body).not.toHaveProperty('client_secret_expires_at');
    },
  },
  {
    section: '3.2.1',
    level: 'MUST',
    says: 'The response has all metadata that are registered, also those that the server chose.',
    async test() {
      const { body } = await register({ client_name: 'Domain Watch', scope: 'domains:read' });
      expect(body).toEqual({
        client_id: expect.any(String),
        client_id_issued_at: expect.any(Number),
        client_secret: expect.any(String),
        client_secret_expires_at: expect.any(Number),
        client_name: 'Domain Watch',
        redirect_uris: [CALLBACK],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
        application_type: 'web',
        scope: 'domains:read',
      });
    },
  },
  {
    section: '3.2.2',
    level: '-',
    says: 'An error is 400 with JSON, and has a code and a description in ASCII.',
    async test() {
      const { status, headers, body } = await register({ response_types: ['token'] });
      expect([status, headers.get('content-type')]).toEqual([
        400,
        'application/json; charset=utf-8',
      ]);
      expect(body).toEqual({
        error: 'invalid_client_metadata',
        error_description: expect.stringMatching(/^[ -~]+$/),
      });
    },
  },
  {
    section: '3.2.2',
    level: '-',
    says: 'invalid_redirect_uri: a redirect URI is invalid.',
    async test() {
      for (const uri of [
        'callback',
        'https://client.example/#fragment',
        'https://u:p@a.example/',
      ]) {
        expect(await register({ redirect_uris: [uri] })).toMatchObject(INVALID_URI);
      }
    },
  },
  {
    section: '3.2.2',
    level: '-',
    says: 'invalid_software_statement and unapproved_software_statement reject a statement.',
    notOurs: 'because software statements are ignored, which §2.3 allows',
  },
  {
    section: '5',
    level: 'MUST',
    says: 'A redirect URI is of a site with TLS, of the local machine, or of an app on it.',
    async test() {
      const allowed = ['https://a.example/cb', 'http://localhost:8080/cb', 'exampleapp://cb'];
      for (const uri of allowed) {
        expect([uri, await register({ redirect_uris: [uri] })]).toMatchObject([uri, REGISTERED]);
      }
      const refused = [
        ...['http://a.example/cb', 'javascript:alert(1)', 'data:text/html,x', 'file:///tmp/x'],
        ...['blob:https://a.example/x', 'about:blank', 'mailto:a@a.example', 'ftp://a.example/'],
      ];
      for (const uri of refused) {
        expect([uri, await register({ redirect_uris: [uri] })]).toMatchObject([uri, INVALID_URI]);
      }
    },
  },
  {
    section: '5',
    level: 'MUST',
    says: 'An authorization request names one of the registered redirect URIs.',
    async test() {
      const { body } = await register();
      const page = await openAuthorization(body, 'https://evil.example/callback');
      expect([page.response.status, page.url.origin]).toEqual([400, issuing.origin]);
    },
  },
  {
    section: '5',
    level: 'MAY',
    says: 'A public client registers with the method none, gets no secret, and has to use PKCE.',
    async test() {
      const { body } = await register({ token_endpoint_auth_method: 'none' });
      expect(body).not.toHaveProperty('client_secret');
      const query = new URLSearchParams({
        ...{ response_type: 'code', client_id: body.client_id as string },
        redirect_uri: CALLBACK,
      });
      const { url } = await new Browser().open(
        `${issuing.origin}/oauth/authorize?${query.toString()}`,
      );
      expect(url.searchParams.get('error')).toBe('invalid_request');
    },
  },
  {
    section: '5',
    level: 'MUST',
    says: 'What a client says of itself is not believed: the user is warned of it.',
    async test() {
      const { body } = await register({ client_name: 'Big Brand' });
      const consent = await logIn(await openAuthorization(body));
      expect(consent.text).toMatch(/Big Brand[^]*Unverified app/);
      expect(consent.text).toContain('client.example');
    },
  },
  {
    section: '5',
    level: 'SHOULD',
    says: 'A user is protected from URLs of the client: no logo, policy or home page is shown.',
    async test() {
      const { body } = await register({
        client_uri: 'https://evil.example/home',
        logo_uri: 'https://evil.example/logo.png',
        policy_uri: 'https://evil.example/policy',
        tos_uri: 'https://evil.example/tos',
      });
      expect(JSON.stringify(body)).not.toContain('evil.example');
      const login = await openAuthorization(body);
      const consent = await logIn(login);
      expect(login.text + consent.text).not.toContain('evil.example');
    },
  },
  {
    section: '5',
    level: '-',
    says: 'A name cannot deceive by characters that nobody sees.',
    async test() {
      const { body } = await register({ client_name: '\u202eknaB\u200b giB\u0007' });
      expect(body.client_name).toBe('knaB giB');
    },
  },
  {
    section: '5',
    level: '-',
    says: 'A client gets no token without a user, whatever it registers.',
    async test() {
      const { body } = await register({
        grant_types: ['authorization_code', 'client_credentials'],
      });
      const { body: refused } = await issuing.post('/oauth/token', {
        ...{ grant_type: 'client_credentials', client_id: body.client_id as string },
        client_secret: body.client_secret as string,
      });
      expect(refused.error).toBe('unauthorized_client');
    },
  },
  {
    section: '6',
    level: '-',
    says: 'Nothing about persons is registered: contacts are not stored.',
    async test() {
      const { body } = await register({ contacts: ['ada@client.example'] });
      const stored = await issuing.server.clients.get(body.client_id as string);
      expect(JSON.stringify([body, stored])).not.toContain('ada@');
    },
  },
]);
