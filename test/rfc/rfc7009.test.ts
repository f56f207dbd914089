import { memoryStore } from 'latchkey';
import type { RegisteredClient } from 'latchkey/authorization-server';

import { type Granted, type Issuing, startIssuing, WEB_CLIENT } from '../support/issuing';
import { complianceMatrix } from './compliance-matrix';

let issuing: Issuing;
beforeAll(async () => {
  issuing = await startIssuing();
});
afterAll(() => issuing.close());

type Parameters = Readonly<Record<string, string>>;
const revoke = (token: string, credentials: Parameters, more: Parameters = {}) =>
  issuing.post('/oauth/revoke', { token, ...credentials, ...more });
const credentialsOf = ({ client, secret }: RegisteredClient) => ({
  client_id: client.clientId,
  client_secret: secret as string,
});
/** Whether the access token and the refresh token of a grant are good. */
const areGood = async ({ tokens, credentials }: Granted) => {
  const called = await issuing.call(tokens.access_token);
  const refreshed = await issuing.post('/oauth/token', {
    ...{ grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
    ...credentials,
  });
  return [called.status === 200, refreshed.status === 200];
};

complianceMatrix('RFC 7009', [
  {
    section: '2',
    level: 'MUST',
    says: 'Refresh tokens can be revoked.',
    async test() {
      const granted = await issuing.grant();
      expect((await revoke(granted.tokens.refresh_token, granted.credentials)).status).toBe(200);
      expect((await areGood(granted))[1]).toBe(false);
    },
  },
  {
    section: '2',
    level: 'SHOULD',
    says: 'Access tokens can be revoked.',
    async test() {
      const { client, secret } = await issuing.server.clients.register({
        name: 'Nightly',
        scopes: ['domains:read'],
      });
      const credentials = credentialsOf({ client, secret });
      const { body } = await issuing.post('/oauth/token', {
        grant_type: 'client_credentials',
        ...credentials,
      });
      expect((await issuing.call(body.access_token)).status).toBe(200);
      await revoke(body.access_token, credentials);
      expect((await issuing.call(body.access_token)).status).toBe(401);
    },
  },
  {
    section: '2',
    level: 'MUST',
    says: 'The address of the endpoint is of https, and told.',
    async test() {
      const metadata = await (
        await fetch(`${issuing.origin}/.well-known/oauth-authorization-server`)
      ).json();
      expect(metadata).toMatchObject({ revocation_endpoint: `${issuing.issuer}/oauth/revoke` });
      await expect(
        startIssuing({ endpoints: { revocation: 'http://api.osir.com/revoke' } }),
      ).rejects.toThrow(/option "endpoints.revocation"/);
    },
  },
  {
    section: '2',
    level: 'MUST',
    says: 'The client checks that the address is of the server.',
    notOurs: 'because it is for the client to do, by the metadata of an issuer that it knows',
  },
  {
    section: '2.1',
    level: 'REQUIRED',
    says: 'The parameter token is the token, in a form by POST.',
    async test() {
      const { credentials } = await issuing.grant();
      expect(await issuing.post('/oauth/revoke', credentials)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      });
      expect((await fetch(`${issuing.origin}/oauth/revoke?token=x`)).status).toBe(405);
    },
  },
  {
    section: '2.1',
    level: 'MUST',
    says: 'A token is looked for among all, whatever the hint says.',
    async test() {
      for (const [member, hint] of [
        ['access_token', 'refresh_token'],
        ['refresh_token', 'access_token'],
      ] as const) {
        const granted = await issuing.grant();
        await revoke(granted.tokens[member], granted.credentials, { token_type_hint: hint });
        expect(await areGood(granted)).toEqual([false, false]);
      }
    },
  },
  {
    section: '2.1',
    level: '-',
    says: 'The credentials of a confidential client are checked first.',
    async test() {
      const granted = await issuing.grant();
      for (const credentials of [
        { client_id: granted.client.clientId },
        { ...granted.credentials, client_secret: 'wrong' },
      ]) {
        expect(await revoke(granted.tokens.refresh_token, credentials)).toMatchObject({
          status: 401,
          body: { error: 'invalid_client' },
        });
      }
      expect(await areGood(granted)).toEqual([true, true]);
    },
  },
  {
    section: '2.1',
    level: '-',
    says: 'A token of another client is not revoked, and the client is told so.',
    async test() {
      const [mine, other] = [await issuing.grant(), await issuing.grant()];
      for (const token of [mine.tokens.access_token, mine.tokens.refresh_token]) {
        expect(await revoke(token, other.credentials)).toMatchObject({
          status: 400,
          body: { error: 'invalid_request' },
        });
      }
      expect(await areGood(mine)).toEqual([true, true]);
    },
  },
  {
    section: '2.1',
    level: '-',
    says: 'So is a public client.',
    notOurs:
      'because anybody can claim to be a public client: it is answered 200, which tells nothing of a token, and nothing is revoked',
  },
  {
    section: '2.1',
    level: '-',
    says: 'The token is of no use from then on.',
    async test() {
      const granted = await issuing.grant();
      expect((await issuing.call(granted.tokens.access_token)).status).toBe(200);
      await revoke(granted.tokens.access_token, granted.credentials);
      expect((await issuing.call(granted.tokens.access_token)).status).toBe(401);
    },
  },
  {
    section: '2.1',
    level: 'SHOULD',
    says: 'With a refresh token all access tokens of its grant end.',
    async test() {
      const granted = await issuing.grant();
      const { body } = await issuing.post('/oauth/token', {
        ...{ grant_type: 'refresh_token', refresh_token: granted.tokens.refresh_token },
        ...granted.credentials,
      });
      await revoke(body.refresh_token, granted.credentials);
      const called = await Promise.all(
        [granted.tokens, body].map(({ access_token: token }) => issuing.call(token as string)),
      );
      expect(called.map(({ status }) => status)).toEqual([401, 401]);
    },
  },
  {
    section: '2.1',
    level: 'MAY',
    says: 'With an access token its refresh token ends.',
    async test() {
      const granted = await issuing.grant();
      await revoke(granted.tokens.access_token, granted.credentials);
      expect(await areGood(granted)).toEqual([false, false]);
    },
  },
  {
    section: '2.2',
    level: '-',
    says: 'A token that is revoked, or that was none, is answered 200.',
    async test() {
      const { tokens, credentials } = await issuing.grant();
      const answers = [
        await revoke('x', credentials),
        await revoke(tokens.access_token, credentials),
        await revoke(tokens.access_token, credentials),
      ];
      expect(answers.map(({ status, body }) => [status, body])).toEqual(
        answers.map(() => [200, '']),
      );
    },
  },
  {
    section: '2.2',
    level: '-',
    says: 'A hint that nobody knows is passed over.',
    async test() {
      const granted = await issuing.grant();
      expect(
        (
          await revoke(granted.tokens.refresh_token, granted.credentials, {
            token_type_hint: 'saml',
          })
        ).status,
      ).toBe(200);
      expect(await areGood(granted)).toEqual([false, false]);
    },
  },
  {
    section: '2.2.1',
    level: '-',
    says: 'A type of token that cannot be revoked is unsupported_token_type.',
    notOurs: 'because all can be that are issued here, JWTs too',
  },
  {
    section: '2.2.1',
    level: '-',
    says: 'While it cannot be done the answer is 503 with Retry-After, and the token may be sent again.',
    async test() {
      const store = memoryStore();
      let isDown = false;
      const revokeAll: typeof store.revokeAll = (...args) =>
        isDown ? Promise.reject(new Error('down')) : store.revokeAll(...args);
      const slow = await startIssuing({ store: { ...store, revokeAll } });
      const { tokens, credentials } = await slow.grant();
      const request = () =>
        slow.post('/oauth/revoke', { token: tokens.refresh_token, ...credentials });
      isDown = true;
      const refused = await request();
      isDown = false;
      const done = await request();
      const called = await slow.call(tokens.access_token);
      await slow.close();
      expect([
        refused.status,
        refused.headers.get('retry-after'),
        done.status,
        called.status,
      ]).toEqual([503, '1', 200, 401]);
    },
  },
  {
    section: '2.3',
    level: 'MAY',
    says: 'An app in a browser may ask from its own origin, and no other may read the answer.',
    async test() {
      const { client } = await issuing.server.clients.register({ ...WEB_CLIENT, type: 'public' });
      const allowed = async (origin: string) =>
        (
          await issuing.post(
            '/oauth/revoke',
            { token: 'x', client_id: client.clientId },
            { origin },
          )
        ).headers.get('access-control-allow-origin');
      expect([await allowed('https://app.example'), await allowed('https://evil.example')]).toEqual(
        ['https://app.example', null],
      );
    },
  },
  {
    section: '2.3',
    level: 'MAY',
    says: 'JSONP is offered.',
    notOurs: 'because it takes GET, which puts tokens into logs, and CORS does without',
  },
  {
    section: '5',
    level: '-',
    says: 'Who guesses tokens needs a client of its own first, and learns nothing of those of others.',
    async test() {
      const [mine, other] = [await issuing.grant(), await issuing.grant()];
      const open = await issuing.server.clients.register({ ...WEB_CLIENT, type: 'public' });
      const asOpen = { client_id: open.client.clientId };
      const answers = [
        await revoke(mine.tokens.access_token, asOpen),
        await revoke('made up', asOpen),
      ];
      expect(answers.map(({ status, body }) => [status, body])).toEqual([
        [200, ''],
        [200, ''],
      ]);
      expect([await areGood(mine), await areGood(other)]).toEqual([
        [true, true],
        [true, true],
      ]);
    },
  },
]);
