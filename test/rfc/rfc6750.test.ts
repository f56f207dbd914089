import {
  accessTokens,
  apiKeyHeader,
  apiKeys,
  bearer,
  cookie,
  latchkey,
  memoryStore,
  type Middleware,
  queryParameter,
} from 'latchkey';

import { ask, get, valuesOf } from '../http/ask';
import { issueExpired } from '../support/expired';
import { MOUNTS, rawRequest } from '../support/servers';
import { complianceMatrix } from './compliance-matrix';

const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
const { authenticate, requireScopes, requireFreshAuth } = latchkey({
  extractors: [bearer(), apiKeyHeader(), queryParameter('access_key')],
  verifiers: [keys],
  resource: { url: 'https://api.osir.com' },
  realm: 'osir',
});
const key = async (...scopes: string[]) =>
  (await keys.issue({ subject: 'acct_42', scopes })).secret;

/** What a guard answers to a request: 200 where it lets it pass. */
async function answerTo(request: string, guard: Middleware = authenticate()) {
  const mount = MOUNTS['node:http'] as (typeof MOUNTS)[string];
  const answer = await ask(
    mount([guard], (_req, res) => void res.end()),
    request,
  );
  const [challenge = ''] = valuesOf(answer, 'WWW-Authenticate');
  return { ...answer, challenge, challenges: valuesOf(answer, 'WWW-Authenticate') };
}

const bad = () => get('Authorization: Bearer osir_live_bad');

complianceMatrix('RFC 6750', [
  {
    section: '2',
    level: 'MUST NOT',
    says: 'A client sends its token by one method alone; a request that uses two is malformed.',
    async test() {
      const secret = await key();
      const { status, challenge } = await answerTo(
        rawRequest(`GET /?access_key=${secret}`, `Authorization: Bearer ${secret}`),
      );
      expect([status, challenge]).toEqual([
        400,
        expect.stringContaining('error="invalid_request"'),
      ]);
    },
  },
  {
    section: '2.1',
    level: 'MUST',
    says: 'A resource server takes tokens from the Authorization header under the scheme Bearer.',
    async test() {
      expect(await answerTo(get(`Authorization: Bearer ${await key()}`))).toMatchObject({
        status: 200,
      });
    },
  },
  {
    section: '2.1',
    level: 'MUST',
    says: 'What follows the scheme is one b64token; anything else is not a token.',
    async test() {
      const secret = await key();
      const forms = [
        `${secret}%`,
        `"${secret}"`,
        `${secret} ${secret}`,
        `token="${secret}"`,
        `=${secret}`,
      ];
      const statuses = await Promise.all(
        forms.map(async (form) => (await answerTo(get(`Authorization: Bearer ${form}`))).status),
      );
      expect(statuses).toEqual(forms.map(() => 401));
    },
  },
  {
    section: '2.1',
    level: 'SHOULD',
    says: 'Clients prefer the Authorization header to the other methods.',
    notOurs:
      'because it is for the client to choose; the other methods are off until an app names them',
  },
  {
    section: '2.2',
    level: 'MAY',
    says: 'A resource server takes tokens from a form-encoded body.',
    notOurs:
      'because a guard would have to read the body before the handler does, and no document that we serve asks for it',
  },
  {
    section: '2.2',
    level: 'SHOULD NOT',
    says: 'Clients send tokens in a body only where the browser gives no access to the Authorization header.',
    notOurs: 'because it is for the client to choose, and a body is never looked at here',
  },
  {
    section: '2.3',
    level: 'MAY',
    says: 'A resource server takes a credential from the query of the URL.',
    async test() {
      expect(await answerTo(rawRequest(`GET /?access_key=${await key()}`))).toMatchObject({
        status: 200,
      });
    },
  },
  {
    section: '2.3',
    level: 'SHOULD',
    says: 'A successful answer to a credential in the query carries Cache-Control: private.',
    async test() {
      const answer = await answerTo(rawRequest(`GET /?access_key=${await key()}`));
      expect([answer.status, valuesOf(answer, 'Cache-Control')]).toEqual([200, ['private']]);
    },
  },
  {
    section: '2.3',
    level: 'SHOULD',
    says: 'A client that uses the query sends Cache-Control: no-store with it.',
    notOurs: 'because it is a header of the client, and its absence is no reason to refuse it',
  },
  {
    section: '2.3',
    level: 'SHOULD NOT',
    says: 'The query is used only where neither header nor body can carry the token.',
    async test() {
      const { status } = await answerTo(
        rawRequest(`GET /?access_key=${await key()}&access_token=${await key()}`),
        latchkey({ verifiers: [keys] }).authenticate(),
      );
      expect(status).toBe(401);
    },
  },
  {
    section: '3',
    level: 'MUST',
    says: 'A request without a credential is answered with a WWW-Authenticate challenge.',
    async test() {
      expect(await answerTo(get())).toMatchObject({
        status: 401,
        challenge: expect.stringMatching(/^Bearer /),
      });
    },
  },
  {
    section: '3',
    level: 'MUST',
    says: 'A request whose token gives no access is answered with a WWW-Authenticate challenge.',
    async test() {
      const lacking = await answerTo(
        get(`Authorization: Bearer ${await key('a')}`),
        requireScopes('b'),
      );
      expect([await answerTo(bad()), lacking]).toMatchObject([
        { status: 401, challenge: expect.stringMatching(/^Bearer /) },
        { status: 403, challenge: expect.stringMatching(/^Bearer /) },
      ]);
    },
  },
  {
    section: '3',
    level: 'MUST',
    says: 'Every challenge has the scheme Bearer, followed by one or more parameters.',
    async test() {
      const answers = await Promise.all([
        answerTo(get()),
        answerTo(bad()),
        answerTo(get('X-API-Key: bad')),
      ]);
      for (const { challenges } of answers) {
        expect(challenges).toHaveLength(1);
        expect(challenges[0]).toMatch(/^Bearer [a-z_]+="[^"]*"(, [a-z_]+="[^"]*")*$/);
      }
    },
  },
  {
    section: '3',
    level: 'MUST NOT',
    says: 'No parameter stands in a challenge twice: realm, scope, error, error_description.',
    async test() {
      const answers = await Promise.all([
        answerTo(bad(), requireScopes('a', 'b')),
        answerTo(get(`Authorization: Bearer ${await key()}`), requireScopes('a', 'b')),
        answerTo(get('X-API-Key: a', 'X-API-Key: b')),
      ]);
      for (const { challenge } of answers) {
        const names = [...challenge.matchAll(/(\w+)="/g)].map(([, name]) => name);
        expect(names.length).toBeGreaterThan(2);
        expect(new Set(names).size).toBe(names.length);
      }
    },
  },
  {
    section: '3',
    level: 'MUST NOT',
    says: 'Scope values hold nothing outside %x21 / %x23-5B / %x5D-7E, with one space between them.',
    async test() {
      const { challenge } = await answerTo(get(), requireScopes('!', '#[', ']~'));
      expect(challenge).toContain('scope="! #[ ]~"');
      for (const scope of ['a"b', 'a\\b', 'a b', 'é', '\n', '']) {
        expect(() => requireScopes(scope)).toThrow(TypeError);
      }
    },
  },
  {
    section: '3',
    level: 'MUST NOT',
    says: 'realm and other configured values hold nothing that could end the quoted string.',
    test() {
      for (const realm of ['a"b', 'a\\b', 'a\r\nb', 'é', '']) {
        expect(() => latchkey({ realm, verifiers: [keys] })).toThrow(
          /latchkey\(\): option "realm"/,
        );
      }
      for (const value of ['a"b', 'a b', 'é']) {
        expect(() => requireFreshAuth({ acrValues: [value] })).toThrow(TypeError);
      }
    },
  },
  {
    section: '3',
    level: 'MUST NOT',
    says: 'error and error_description hold nothing outside %x20-21 / %x23-5B / %x5D-7E.',
    async test() {
      const answers = await Promise.all([
        answerTo(bad()),
        answerTo(get('X-API-Key: a', 'X-API-Key: b')),
        answerTo(get(`Authorization: Bearer ${await key()}`), requireScopes('a')),
      ]);
      const values = answers.flatMap(({ challenge }) =>
        [...challenge.matchAll(/error(?:_description)?="([^"]*)"/g)].map(([, value]) => value),
      );
      expect(values).toHaveLength(6);
      for (const value of values) {
        expect(value).toMatch(/^[ !#-[\]-~]+$/);
      }
    },
  },
  {
    section: '3',
    level: 'SHOULD',
    says: 'Where a token was sent and failed, the challenge says so by an error code.',
    async test() {
      expect(await answerTo(bad())).toMatchObject({
        status: 401,
        challenge: expect.stringContaining('error="invalid_token"'),
      });
    },
  },
  {
    section: '3',
    level: 'MAY',
    says: 'error_description explains to developers what went wrong.',
    async test() {
      expect((await answerTo(bad())).challenge).toContain(
        'error_description="The access token is invalid or expired"',
      );
    },
  },
  {
    section: '3',
    level: 'MAY',
    says: 'error_uri names a page that explains the error.',
    notOurs:
      'because the reason is not told to clients, and a page that explains all of them belongs to the documentation of the API',
  },
  {
    section: '3',
    level: 'MUST NOT',
    says: 'The scope values of a challenge are not shown to end users.',
    notOurs: 'because it is for the client not to show them',
  },
  {
    section: '3.1',
    level: 'SHOULD',
    says: 'invalid_request, a malformed request or one with several credentials, is answered 400.',
    async test() {
      const { status, challenge } = await answerTo(
        get('Authorization: Bearer a', 'Authorization: Bearer b'),
      );
      expect([status, challenge]).toEqual([
        400,
        expect.stringContaining('error="invalid_request"'),
      ]);
    },
  },
  {
    section: '3.1',
    level: 'SHOULD',
    says: 'invalid_token, one that is expired, revoked or malformed, is answered 401.',
    async test() {
      const revoked = await keys.issue({ subject: 'acct_42', scopes: [] });
      await keys.revoke(revoked.record.id);
      const expired = await issueExpired(keys, { subject: 'acct_42', scopes: [] });
      for (const token of [revoked.secret, expired.secret, 'osir_live_bad', '"']) {
        const { status, challenge } = await answerTo(get(`Authorization: Bearer ${token}`));
        expect([status, challenge]).toEqual([
          401,
          expect.stringContaining('error="invalid_token"'),
        ]);
      }
    },
  },
  {
    section: '3.1',
    level: 'SHOULD',
    says: 'insufficient_scope is answered 403.',
    async test() {
      const { status, challenge } = await answerTo(
        get(`Authorization: Bearer ${await key('a')}`),
        requireScopes('a', 'b'),
      );
      expect([status, challenge]).toEqual([
        403,
        expect.stringContaining('error="insufficient_scope"'),
      ]);
    },
  },
  {
    section: '3.1',
    level: 'MAY',
    says: 'insufficient_scope names the scopes that are needed.',
    async test() {
      const { challenge } = await answerTo(
        get(`Authorization: Bearer ${await key('a')}`),
        requireScopes('a', 'b'),
      );
      expect(challenge).toContain('scope="a b"');
    },
  },
  {
    section: '3.1',
    level: 'SHOULD NOT',
    says: 'A request without any authentication is told no error code and nothing else of an error.',
    async test() {
      for (const request of [get(), get('Authorization: Basic YTpi')]) {
        const { status, challenge } = await answerTo(request);
        expect([status, challenge]).toEqual([
          401,
          'Bearer realm="osir", resource_metadata="https://api.osir.com/.well-known/oauth-protected-resource"',
        ]);
      }
    },
  },
  {
    section: '5.2',
    level: 'MUST',
    says: 'Tokens travel over TLS alone.',
    notOurs:
      'because TLS is ended by the server or the proxy before the guard; the guide on security says what to configure',
  },
  {
    section: '5.2',
    level: 'MUST',
    says: 'The authorization server names in the token the resource server that it is for.',
    notOurs:
      'because the authorization server writes the token; that a guard asks for its own name is in the matrix of RFC 9068, section 4',
  },
  {
    section: '5.2',
    level: 'MUST NOT',
    says: 'Tokens are not stored in cookies that may be sent in the clear.',
    notOurs:
      'because the app sets the cookie; the guide on sessions sets it with Secure, HttpOnly and SameSite',
  },
  {
    section: '5.2',
    level: 'MUST',
    says: 'A resource server that takes ambient credentials defends itself against cross-site requests.',
    async test() {
      const { check } = latchkey({
        extractors: [bearer(), cookie('sid')],
        verifiers: [
          { name: 'any', accepts: () => true, verify: () => ({ ok: false, reason: 'unknown' }) },
        ],
      });
      const forged = {
        method: 'POST',
        headers: { cookie: 'sid=x', 'sec-fetch-site': 'cross-site' },
      };
      expect(await check(forged)).toMatchObject({ status: 'anonymous' });
      expect(
        await check({ ...forged, headers: { cookie: 'sid=x', 'sec-fetch-site': 'same-origin' } }),
      ).toMatchObject({
        reason: 'unknown',
      });
    },
  },
  {
    section: '5.3',
    level: 'MUST',
    says: 'Clients do not leak tokens, and check the certificate chain of the server.',
    notOurs: 'because it is for the client',
  },
  {
    section: '5.3',
    level: 'SHOULD',
    says: 'Tokens are short-lived, an hour or less.',
    async test() {
      const { record } = await accessTokens({ prefix: 'osirat', store: memoryStore() }).issue({
        subject: 'acct_42',
        scopes: [],
      });
      expect((record.expiresAt as number) - record.issuedAt).toBe(3_600_000);
    },
  },
  {
    section: '5.3',
    level: 'SHOULD NOT',
    says: 'Tokens are not passed in page URLs.',
    async test() {
      const tokens = accessTokens({ prefix: 'osirat', store: memoryStore() });
      const { secret } = await tokens.issue({ subject: 'acct_42', scopes: [] });
      const guard = latchkey({
        extractors: [bearer(), queryParameter('access_token')],
        verifiers: [tokens, keys],
      }).authenticate();
      expect(await answerTo(rawRequest(`GET /?access_token=${secret}`), guard)).toMatchObject({
        status: 401,
      });
      expect(await answerTo(get(`Authorization: Bearer ${secret}`), guard)).toMatchObject({
        status: 200,
      });
    },
  },
]);
