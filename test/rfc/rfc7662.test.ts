import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { latchkey, type LatchkeyOptions } from 'latchkey';
import { introspection } from 'latchkey/introspection';

import { badBearer, OUTAGE } from '../support/answers';
import { type Granted, type Issuing, startIssuing } from '../support/issuing';
import { underBearer } from '../support/own-verifier';
import {
  active,
  AUDIENCE,
  CLIENT,
  type Endpoint,
  startEndpoint,
  TOKEN,
  verdictOf,
  verifierAt,
} from '../verifiers/introspection/endpoint';
import { certificateOf } from '../verifiers/jwt/certificate';
import { complianceMatrix } from './compliance-matrix';

let endpoint: Endpoint;
beforeEach(async () => {
  endpoint = await startEndpoint();
});
afterEach(() => endpoint.close());

const verdict = (answer: object) => {
  endpoint.answer(answer);
  return verdictOf(verifierAt(endpoint));
};
const guard = (options: Partial<LatchkeyOptions> = {}) => {
  const { check } = latchkey({ verifiers: [verifierAt(endpoint)], ...options });
  return () => check(underBearer(TOKEN), { scopes: [] });
};
const saying = (status: number, body: object) =>
  endpoint.answer(
    (_, res) =>
      void res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body)),
  );
/** The clock alone: what goes over the wire takes its own time. */
const at = async (now: number, action: () => Promise<void>) => {
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
  await action().finally(() => jest.useRealTimers());
};

const member = (name: string, good: unknown, bad: unknown) => async () => {
  expect(await verdict(active({ [name]: good }))).toBe('good');
  expect(await verdict(active({ [name]: bad }))).toMatchObject({
    error: expect.stringContaining(`"${name}"`) as string,
  });
};

complianceMatrix('RFC 7662, for the API that asks', [
  {
    section: '2',
    level: 'MUST',
    says: 'The endpoint is asked over TLS.',
    test() {
      expect(() =>
        introspection({
          endpoint: 'http://login.osir.com/introspect',
          client: CLIENT,
          audience: AUDIENCE,
        }),
      ).toThrow(/option "endpoint" must be an https URL/);
    },
  },
  {
    section: '2.1',
    level: '-',
    says: 'The token is sent by POST, in a form.',
    async test() {
      await verdict(active());
      expect(endpoint.asked).toMatchObject([
        {
          path: 'POST /introspect',
          headers: {
            'content-type': expect.stringContaining('application/x-www-form-urlencoded') as string,
          },
        },
      ]);
    },
  },
  {
    section: '2.1',
    level: 'REQUIRED',
    says: 'The parameter token is the token as the client presented it.',
    async test() {
      await guard()();
      expect(endpoint.asked[0]?.form.token).toBe(TOKEN);
    },
  },
  {
    section: '2.1',
    level: 'OPTIONAL',
    says: 'The parameter token_type_hint says what the token is presented as.',
    async test() {
      await guard()();
      expect(endpoint.asked[0]?.form.token_type_hint).toBe('access_token');
    },
  },
  {
    section: '2.1',
    level: 'MUST',
    says: 'The server looks among its other tokens too, when the hint does not lead to the token.',
    notOurs:
      'because it is for the server; the hint sent here says what every token is that a request carries',
  },
  {
    section: '2.1',
    level: 'MUST',
    says: 'The caller shows that it may ask.',
    async test() {
      await guard()();
      expect(endpoint.asked[0]?.headers.authorization).toMatch(/^Basic /);
      expect(() => introspection({ endpoint: endpoint.url, audience: AUDIENCE } as never)).toThrow(
        /option "client"/,
      );
    },
  },
  {
    section: '2.1',
    level: 'MAY',
    says: 'The server may accept other parameters that tell more of the request.',
    notOurs:
      'because no server that was looked at asks for any, and what a client sent is not passed on',
  },
  {
    section: '2.2',
    level: 'REQUIRED',
    says: 'active says whether the token is good, as a boolean.',
    async test() {
      expect(await verdict(active())).toBe('good');
      expect(await verdict({ active: false })).toBe('unknown');
      const unclear = {
        error:
          'The response of the introspection endpoint has no "active" that is true or false (RFC 7662 §2.2)',
      };
      for (const value of [undefined, 'true', 1, null]) {
        expect(await verdict(active({ active: value }))).toEqual(unclear);
      }
    },
  },
  {
    section: '2.2',
    level: 'OPTIONAL',
    says: 'scope is a text of scopes that spaces part.',
    async test() {
      endpoint.answer(active({ scope: 'domains:read domains:write' }));
      expect(await guard()()).toMatchObject({
        principal: { scopes: ['domains:read', 'domains:write'] },
      });
      endpoint.answer(active({ scope: undefined }));
      expect(await guard()()).toMatchObject({ principal: { scopes: [] } });
    },
  },
  {
    section: '2.2',
    level: 'OPTIONAL',
    says: 'client_id names the client.',
    test: member('client_id', 'app', 7),
  },
  {
    section: '2.2',
    level: 'OPTIONAL',
    says: 'username is for people to read, and reaches the API.',
    async test() {
      endpoint.answer(active({ username: 'ada' }));
      expect(await guard()()).toMatchObject({
        principal: { subject: 'acct_42', claims: { username: 'ada' } },
      });
    },
  },
  {
    section: '2.2',
    level: 'OPTIONAL',
    says: 'token_type is one that RFC 6749 §5.1 knows for access tokens.',
    async test() {
      expect(await verdict(active({ token_type: 'bearer' }))).toBe('good');
      expect(await verdict(active({ token_type: 'mac' }))).toBe('bad_type');
    },
  },
  {
    section: '2.2',
    level: 'OPTIONAL',
    says: 'exp says when the token ends, in seconds.',
    async test() {
      const exp = Math.floor(Date.now() / 1000);
      expect([
        await verdict(active({ exp: exp - 5 })),
        await verdict(active({ exp: exp + 60 })),
      ]).toEqual(['expired', 'good']);
    },
  },
  {
    section: '2.2',
    level: 'OPTIONAL',
    says: 'iat says when the token was issued, in seconds.',
    test: member('iat', 1, '1'),
  },
  {
    section: '2.2',
    level: 'OPTIONAL',
    says: 'nbf says before when the token is not to be used, in seconds.',
    async test() {
      const now = Math.floor(Date.now() / 1000);
      expect([
        await verdict(active({ nbf: now + 60 })),
        await verdict(active({ nbf: now })),
      ]).toEqual(['not_yet_valid', 'good']);
    },
  },
  {
    section: '2.2',
    level: 'OPTIONAL',
    says: 'sub names the subject; a token without one is its client’s.',
    async test() {
      endpoint.answer(active());
      expect(await guard()()).toMatchObject({ principal: { subject: 'acct_42' } });
      endpoint.answer(active({ sub: undefined }));
      expect(await guard()()).toMatchObject({ principal: { subject: 'app' } });
    },
  },
  {
    section: '2.2',
    level: 'OPTIONAL',
    says: 'aud, a text or a list, says for whom the token is.',
    async test() {
      expect(await verdict(active({ aud: AUDIENCE }))).toBe('good');
      expect(await verdict(active({ aud: ['https://billing.osir.com', AUDIENCE] }))).toBe('good');
      expect(await verdict(active({ aud: 'https://billing.osir.com' }))).toBe('bad_audience');
      expect(await verdict(active({ aud: undefined }))).toBe('bad_audience');
    },
  },
  {
    section: '2.2',
    level: 'OPTIONAL',
    says: 'iss names the issuer of the token.',
    async test() {
      endpoint.answer(active({ iss: 'https://login.osir.com' }));
      expect(await verdictOf(verifierAt(endpoint, { issuer: 'https://login.osir.com' }))).toBe(
        'good',
      );
      expect(await verdictOf(verifierAt(endpoint, { issuer: 'https://evil.example' }))).toBe(
        'bad_issuer',
      );
    },
  },
  {
    section: '2.2',
    level: 'OPTIONAL',
    says: 'jti names the token.',
    test: member('jti', 'token-1', 7),
  },
  {
    section: '2.2',
    level: 'MAY',
    says: 'Servers may say more, which reaches the API.',
    async test() {
      endpoint.answer(active({ tenant: { id: 7 } }));
      expect(await guard()()).toMatchObject({ principal: { claims: { tenant: { id: 7 } } } });
    },
  },
  {
    section: '2.2',
    level: 'MAY',
    says: 'A server may tell one API other things than another.',
    notOurs:
      'because it is for the server to decide; a verifier asks as one client, and what it was told is kept for its own guard alone',
  },
  {
    section: '2.2',
    level: 'MAY',
    says: 'An answer may be kept, for a time that the operator chooses.',
    async test() {
      const keeping = guard();
      const now = Date.now();
      await keeping();
      await at(now + 29_000, async () => void (await keeping()));
      expect(endpoint.asked).toHaveLength(1);
      await at(now + 31_000, async () => void (await keeping()));
      expect(endpoint.asked).toHaveLength(2);
      const asking = guard({ cache: false });
      await asking();
      await asking();
      expect(endpoint.asked).toHaveLength(4);
    },
  },
  {
    section: '2.2',
    level: 'MUST',
    says: 'The answer for a token that is unknown, over, or not for this caller is active false.',
    async test() {
      saying(200, { active: false });
      expect(await guard()()).toEqual(badBearer('unknown'));
    },
  },
  {
    section: '2.2',
    level: 'SHOULD NOT',
    says: 'An answer that is not active says no more; what one says all the same reaches nobody.',
    async test() {
      saying(200, {
        active: false,
        sub: 'acct_42',
        scope: 'domains:read',
        aud: AUDIENCE,
        reason: 'revoked by ada',
      });
      expect(await guard()()).toEqual(badBearer('unknown'));
    },
  },
  {
    section: '2.3',
    level: '-',
    says: 'That our own client is refused (401) says nothing of the token.',
    async test() {
      saying(401, { error: 'invalid_client' });
      expect(await guard()()).toEqual(OUTAGE);
    },
  },
  {
    section: '2.3',
    level: 'MUST',
    says: 'A token that is not active is no error of the server: an error says nothing of the token.',
    async test() {
      saying(400, { error: 'invalid_request' });
      expect(await guard()()).toEqual(OUTAGE);
    },
  },
  {
    section: '4',
    level: 'MUST',
    says: 'The server judges expiry, validity, revocation, signature and for which API the token is.',
    notOurs:
      'because it is for the authorization server; what it says of time and audience is judged here once more all the same',
  },
  {
    section: '4',
    level: 'MUST',
    says: 'The certificate of the endpoint is checked.',
    async test() {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      let asked = 0;
      const options = {
        cert: certificateOf(publicKey, privateKey).pem,
        key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
      };
      const server = createServer(options, (_, res) => {
        asked++;
        res.setHeader('Content-Type', 'application/json').end(JSON.stringify(active()));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const verifier = introspection({
        endpoint: `https://127.0.0.1:${port}/`,
        client: CLIENT,
        audience: AUDIENCE,
      });
      expect(await verdictOf(verifier)).toMatchObject({
        error: expect.stringContaining('could not be reached: ') as string,
      });
      expect(asked).toBe(0);
      await new Promise((resolve) => server.close(resolve));
    },
  },
  {
    section: '4',
    level: 'MAY',
    says: 'A server may take POST alone, so that tokens stay out of logs: nothing is sent in a URL.',
    async test() {
      await guard()();
      expect(endpoint.asked.map(({ path }) => path)).toEqual(['POST /introspect']);
    },
  },
  {
    section: '4',
    level: 'MUST NOT',
    says: 'An answer with exp is not kept beyond it.',
    async test() {
      const exp = Math.floor(Date.now() / 1000) + 5;
      endpoint.answer(active({ exp }));
      const asking = guard();
      await asking();
      const end = exp * 1000 + 5_000;
      await at(end - 1, async () =>
        expect(await asking()).toMatchObject({ status: 'authenticated' }),
      );
      expect(endpoint.asked).toHaveLength(1);
      await at(end, async () => expect(await asking()).toEqual(badBearer('expired')));
    },
  },
  {
    section: '4',
    level: '-',
    says: 'What is asked is limited, so that nobody finds tokens by trying.',
    notOurs:
      'because the server has to throttle its callers; a limit by address before the guard is for the API to mount, and its guide says how',
  },
  {
    section: '5',
    level: 'MUST',
    says: 'What the answer says of a person is kept from others.',
    async test() {
      endpoint.answer(
        active({ aud: 'https://billing.osir.com', username: 'ada', email: 'ada@osir.com' }),
      );
      expect(JSON.stringify(await guard()())).not.toContain('ada');
    },
  },
]);

describe('the introspection server', () => {
  let issuing: Issuing;
  let mine: Granted;
  let api: Readonly<Record<string, string>>;
  beforeAll(async () => {
    issuing = await startIssuing();
    mine = await issuing.grant();
    const { client, secret = '' } = await issuing.server.clients.register({
      name: 'API',
      scopes: [],
      resourceServer: true,
    });
    api = { client_id: client.clientId, client_secret: secret };
  });
  afterAll(() => issuing.close());

  const asked = (token: string, credentials = api, more: Readonly<Record<string, string>> = {}) =>
    issuing.post('/oauth/introspect', { token, ...credentials, ...more });
  const INACTIVE = { status: 200, body: { active: false } };
  const isInactive = async (token: string, credentials = api) => {
    const { status, body } = await asked(token, credentials);
    expect({ status, body }).toEqual(INACTIVE);
  };

  complianceMatrix('RFC 7662, for the server that is asked', [
    {
      section: '2',
      level: 'MUST',
      says: 'The endpoint is of https, or on this machine.',
      async test() {
        await expect(
          startIssuing({ endpoints: { introspection: 'http://api.osir.com/x' } }),
        ).rejects.toThrow(/option "endpoints.introspection"/);
      },
    },
    {
      section: '2.1',
      level: 'MUST',
      says: 'It takes a form by POST.',
      async test() {
        expect((await asked(mine.tokens.access_token)).body.active).toBe(true);
      },
    },
    {
      section: '2.1',
      level: 'MAY',
      says: 'It takes no GET, so that tokens stay out of logs.',
      async test() {
        const query = new URLSearchParams({
          token: mine.tokens.access_token as string,
          ...api,
        }).toString();
        expect((await fetch(`${issuing.origin}/oauth/introspect?${query}`)).status).toBe(405);
      },
    },
    {
      section: '2.1',
      level: 'REQUIRED',
      says: 'A request without a token is invalid_request.',
      async test() {
        expect(await issuing.post('/oauth/introspect', api)).toMatchObject({
          status: 400,
          body: { error: 'invalid_request' },
        });
      },
    },
    {
      section: '2.1',
      level: 'MUST',
      says: 'A token is looked for among all, whatever the hint says.',
      async test() {
        for (const token_type_hint of ['refresh_token', 'saml']) {
          expect(
            (await asked(mine.tokens.access_token, api, { token_type_hint })).body.active,
          ).toBe(true);
        }
        expect(
          (await asked(mine.tokens.refresh_token, api, { token_type_hint: 'access_token' })).body
            .active,
        ).toBe(true);
      },
    },
    {
      section: '2.1',
      level: 'MUST',
      says: 'Who asks has to show who it is, so that nobody scans for tokens.',
      async test() {
        expect(
          (await asked(mine.tokens.access_token, { client_id: api.client_id as string })).status,
        ).toBe(401);
        expect((await asked(mine.tokens.access_token, {})).status).toBe(401);
      },
    },
    {
      section: '2.1',
      level: 'MUST',
      says: 'A public client cannot, and is told nothing: not of its own tokens, and not as the API that it calls itself.',
      async test() {
        const { authorize, post, server } = issuing;
        const { client } = await server.clients.register({
          ...{ name: 'App', scopes: ['domains:read'], redirectUris: ['https://app.example/'] },
          ...{ type: 'public', resourceServer: true },
        });
        const verifier = 'a'.repeat(43);
        const back = await authorize(client, {
          code_challenge: createHash('sha256').update(verifier).digest('base64url'),
          code_challenge_method: 'S256',
        });
        const { body } = await post('/oauth/token', {
          ...{
            grant_type: 'authorization_code',
            code: back.searchParams.get('code') as string,
            code_verifier: verifier,
          },
          ...{ redirect_uri: 'https://app.example/', client_id: client.clientId },
        });
        expect((await issuing.call(body.access_token)).status).toBe(200);
        for (const token of [body.access_token, body.refresh_token, mine.tokens.access_token]) {
          await isInactive(token as string, { client_id: client.clientId });
        }
      },
    },
    {
      section: '2.2',
      level: 'REQUIRED',
      says: 'active is a boolean, in a JSON object that no cache keeps.',
      async test() {
        const { headers, body } = await asked(mine.tokens.access_token);
        expect([body.active, headers.get('content-type'), headers.get('cache-control')]).toEqual([
          true,
          'application/json; charset=utf-8',
          'no-store',
        ]);
      },
    },
    {
      section: '2.2',
      level: 'OPTIONAL',
      says: 'The members tell of the token what its guard would make of it.',
      async test() {
        expect((await asked(mine.tokens.access_token)).body).toMatchObject({
          ...{
            scope: 'domains:read domains:write',
            client_id: mine.client.clientId,
            token_type: 'Bearer',
            sub: 'acct_42',
          },
          ...{
            iss: issuing.issuer,
            aud: issuing.issuer,
            exp: expect.any(Number),
            iat: expect.any(Number),
          },
        });
      },
    },
    {
      section: '2.2',
      level: 'MUST',
      says: 'A token that is unknown, or that the caller may not ask about, is not active, without an error.',
      async test() {
        const other = await issuing.grant();
        await isInactive('x');
        await isInactive(mine.tokens.access_token, other.credentials);
      },
    },
    {
      section: '2.2',
      level: 'SHOULD NOT',
      says: 'Nothing more is said of a token that is not active, not even why.',
      async test() {
        const gone = await issuing.grant();
        await issuing.post('/oauth/revoke', {
          token: gone.tokens.refresh_token,
          ...gone.credentials,
        });
        await isInactive(gone.tokens.access_token);
        await isInactive(gone.tokens.refresh_token);
      },
    },
    {
      section: '2.2',
      level: 'MAY',
      says: 'One caller is told less than another.',
      async test() {
        expect((await asked(mine.tokens.access_token, mine.credentials)).body.active).toBe(true);
        await isInactive(mine.tokens.access_token, (await issuing.grant()).credentials);
      },
    },
    {
      section: '2.3',
      level: '-',
      says: 'A caller with wrong credentials is answered 401.',
      async test() {
        expect(
          await asked(mine.tokens.access_token, { ...api, client_secret: 'wrong' }),
        ).toMatchObject({
          status: 401,
          body: { error: 'invalid_client' },
        });
      },
    },
    {
      section: '4',
      level: 'MUST',
      says: 'Expiry and revocation are looked at each time.',
      async test() {
        const { tokens, credentials } = await issuing.grant();
        await at(Date.now() + 3_601_000, () => isInactive(tokens.access_token));
        expect((await asked(tokens.access_token)).body.active).toBe(true);
        await issuing.server.revoke({ clientId: credentials.client_id as string });
        await isInactive(tokens.access_token);
      },
    },
    {
      section: '4',
      level: 'MUST',
      says: 'The signature of a token that has one is proven.',
      async test() {
        const server = await startIssuing({
          tokens: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey] },
        });
        const { tokens, credentials } = await server.grant();
        const ask = async (token: string) =>
          (await server.post('/oauth/introspect', { token, ...credentials })).body as object;
        const [head, body, signature = ''] = (tokens.access_token as string).split('.');
        const forged = [
          head,
          body,
          signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
        ].join('.');
        const answers = [await ask(tokens.access_token), await ask(forged)];
        await server.close();
        expect(answers).toEqual([expect.objectContaining({ active: true }), { active: false }]);
      },
    },
    {
      section: '4',
      level: '-',
      says: 'Callers are throttled, so that nobody finds a token by trying.',
      notOurs:
        'because tokens have 256 random bits and callers have to authenticate; a limit of requests is for the app to mount',
    },
  ]);
});
