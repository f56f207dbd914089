import {
  accessTokens,
  bearer,
  dpop,
  type FreshAuthOptions,
  latchkey,
  memoryStore,
  type Principal,
  type Verifier,
} from 'latchkey';

import { ask, get, valuesOf } from '../http/ask';
import { clientKey, proofOf } from '../support/dpop';
import { MOUNTS } from '../support/servers';
import { complianceMatrix } from './compliance-matrix';

const key = clientKey();
const now = () => Math.floor(Date.now() / 1_000);
const store = memoryStore();
const tokens = accessTokens({ prefix: 'osirat', store });
afterAll(() => tokens.close?.());

/**
 * What a guard that asks for a login answers to a token with these claims, under Bearer or DPoP.
 */
async function answerTo(
  options: FreshAuthOptions,
  claims: object,
  { scheme = 'Bearer', kind = 'access_token', resource = false } = {},
) {
  const verifier: Verifier = {
    name: 'own',
    accepts: () => true,
    verify: () => ({
      ok: true,
      principal: {
        kind,
        verifier: 'own',
        subject: 'user_7',
        clientId: 'app',
        scopes: [],
        claims: claims as Principal['claims'],
      },
      ...(scheme === 'DPoP' && { confirmation: { jkt: key.jkt } }),
    }),
  };
  const { requireFreshAuth } = latchkey({
    extractors: [bearer(), dpop()],
    verifiers: [verifier],
    ...(resource && { resource: { url: 'http://127.0.0.1' } }),
  });
  const app = (MOUNTS['node:http'] as (typeof MOUNTS)[string])(
    [requireFreshAuth(options)],
    (_req, res) => res.end('passed'),
  );
  const url = `http://${resource ? '127.0.0.1' : 'api.example.com'}/`;
  const answer = await ask(
    app,
    get(`Authorization: ${scheme} abc`, `DPoP: ${proofOf({ key, token: 'abc', url })}`),
  );
  return {
    status: answer.status,
    challenges: valuesOf(answer, 'WWW-Authenticate'),
    body: answer.body,
  };
}
const PASSED = { status: 200, challenges: [], body: 'passed' };
const MFA = { acrValues: ['urn:mfa', 'urn:hw'] };

complianceMatrix('RFC 9470', [
  {
    section: '2',
    level: '-',
    says: 'A token that does not meet the demands of one resource stays good for others.',
    async test() {
      const { authenticate, requireFreshAuth } = latchkey({ verifiers: [tokens] });
      const { secret } = await tokens.issue({ subject: 'user_7', scopes: [] });
      const statuses = [];
      for (const guard of [authenticate(), requireFreshAuth(MFA), authenticate()]) {
        const app = (MOUNTS['node:http'] as (typeof MOUNTS)[string])([guard], (_req, res) =>
          res.end(),
        );
        statuses.push((await ask(app, get(`Authorization: Bearer ${secret}`))).status);
      }
      expect(statuses).toEqual([200, 401, 200]);
    },
  },
  {
    section: '3',
    level: '-',
    says: 'A token whose login does not meet the demands is answered 401, with the error insufficient_user_authentication.',
    async test() {
      const answer = await answerTo(MFA, { acr: 'urn:password' });
      expect(answer).toEqual({
        status: 401,
        challenges: [expect.stringMatching(/^Bearer .*error="insufficient_user_authentication"/)],
        body: '{"error":"unauthorized","message":"Invalid or missing API key"}',
      });
      expect(await answerTo(MFA, { acr: 'urn:mfa' })).toEqual(PASSED);
    },
  },
  {
    section: '3',
    level: '-',
    says: 'The scheme of the challenge is the one that the token came under: Bearer, DPoP or another.',
    async test() {
      const { status, challenges } = await answerTo(MFA, {}, { scheme: 'DPoP' });
      expect([status, challenges]).toEqual([
        401,
        [expect.stringMatching(/^DPoP .*error="insufficient_user_authentication".* algs="ES256 /)],
      ]);
      expect(await answerTo(MFA, { acr: 'urn:hw' }, { scheme: 'DPoP' })).toEqual(PASSED);
    },
  },
  {
    section: '3',
    level: '-',
    says: 'acr_values lists the acceptable authentication contexts, parted by spaces, in order of preference.',
    async test() {
      const { challenges } = await answerTo(MFA, {});
      expect(challenges).toEqual([expect.stringContaining('acr_values="urn:mfa urn:hw"')]);
    },
  },
  {
    section: '3',
    level: '-',
    says: 'max_age says, in seconds and not negative, how long ago the login may be.',
    async test() {
      const challengeFor = async (maxAgeMs: number) =>
        (await answerTo({ maxAgeMs }, {})).challenges;
      expect(await challengeFor(300_000)).toEqual([expect.stringContaining('max_age="300"')]);
      expect(await challengeFor(0)).toEqual([expect.stringContaining('max_age="0"')]);
      expect(() => latchkey({ verifiers: [tokens] }).requireFreshAuth({ maxAgeMs: -1 })).toThrow(
        TypeError,
      );
    },
  },
  {
    section: '3',
    level: 'MAY',
    says: 'Both stand in one challenge where both are asked, and then a login has to meet both.',
    async test() {
      const both = { ...MFA, maxAgeMs: 60_000 };
      const wanted = [expect.stringMatching(/acr_values="urn:mfa urn:hw", max_age="60"/)];
      expect((await answerTo(both, { acr: 'urn:mfa', auth_time: now() - 90 })).challenges).toEqual(
        wanted,
      );
      expect((await answerTo(both, { acr: 'urn:pin', auth_time: now() })).challenges).toEqual(
        wanted,
      );
      expect(await answerTo(both, { acr: 'urn:mfa', auth_time: now() })).toEqual(PASSED);
    },
  },
  {
    section: '3',
    level: 'MAY',
    says: 'A challenge names the scope too, where that is lacking as well.',
    notOurs:
      'because each guard asks for one thing: a scope that lacks is the answer of requireScopes(), whichever stands first',
  },
  {
    section: '3',
    level: '-',
    says: 'The parameters stand beside those that other specifications define.',
    async test() {
      const { challenges } = await answerTo(MFA, {}, { resource: true });
      expect(challenges).toEqual([
        expect.stringMatching(
          /^Bearer realm="api", .*resource_metadata="http:\/\/127\.0\.0\.1\/\.well-known\//,
        ),
      ]);
    },
  },
  {
    section: '4',
    level: 'SHOULD',
    says: 'A client that is challenged asks the authorization server for a login with acr_values and max_age.',
    notOurs: 'because it is for the client to make an authorization request of the challenge',
  },
  {
    section: '5',
    level: 'SHOULD',
    says: 'An authorization server fails a request whose acr_values it cannot meet, so that the client does not come back with too little.',
    notOurs:
      'because it is for the authorization server; what it says of the login is looked at by §6',
  },
  {
    section: '6',
    level: '-',
    says: 'A resource server has a way to know of the login behind a token: a token that does not tell does not pass.',
    async test() {
      expect(await answerTo(MFA, {})).toMatchObject({ status: 401 });
      expect(await answerTo({ maxAgeMs: 60_000 }, {})).toMatchObject({ status: 401 });
    },
  },
  {
    section: '6.1',
    level: '-',
    says: 'A JWT tells it in acr, a string, and auth_time, a number of seconds since the epoch.',
    async test() {
      const fresh = { maxAgeMs: 60_000 };
      expect(await answerTo(fresh, { auth_time: now() })).toEqual(PASSED);
      for (const auth_time of [String(now()), Date.now(), null, [now()]]) {
        expect(await answerTo(fresh, { auth_time })).toMatchObject({ status: 401 });
      }
      for (const acr of [['urn:mfa'], 'urn:mfa urn:hw', 'URN:MFA', null]) {
        expect(await answerTo(MFA, { acr })).toMatchObject({ status: 401 });
      }
    },
  },
  {
    section: '6.2',
    level: '-',
    says: 'Token introspection tells it in members of the same names: whatever proved the token, its claims are looked at.',
    async test() {
      const { requireFreshAuth } = latchkey({ verifiers: [tokens] });
      const app = (MOUNTS['node:http'] as (typeof MOUNTS)[string])(
        [requireFreshAuth(MFA)],
        (_req, res) => res.end(),
      );
      const issue = async (acr: string) =>
        (await tokens.issue({ subject: 'user_7', scopes: [], metadata: { acr } })).secret;
      const statusOf = async (acr: string) =>
        (await ask(app, get(`Authorization: Bearer ${await issue(acr)}`))).status;
      expect([await statusOf('urn:hw'), await statusOf('urn:pin')]).toEqual([200, 401]);
    },
  },
  {
    section: '7',
    level: '-',
    says: 'An authorization server publishes in acr_values_supported what may be asked for.',
    notOurs: 'because it is the metadata of the authorization server',
  },
  {
    section: '8',
    level: '-',
    says: 'A demand that nobody can meet leads nowhere: a credential without a user behind it is not sent to log in.',
    async test() {
      expect(await answerTo(MFA, {}, { kind: 'api_key' })).toMatchObject({
        status: 403,
        challenges: [],
      });
    },
  },
  {
    section: '9',
    level: 'MUST NOT',
    says: 'The document is not used to make an authentication protocol of OAuth.',
    notOurs:
      'because nobody logs in here: a guard looks at what the token says of a login elsewhere',
  },
  {
    section: '9',
    level: 'MAY',
    says: 'A challenge before verification would reveal the requirements: only a valid token receives one.',
    async test() {
      const { requireFreshAuth } = latchkey({ verifiers: [tokens] });
      const app = (MOUNTS['node:http'] as (typeof MOUNTS)[string])(
        [requireFreshAuth(MFA)],
        (_req, res) => res.end(),
      );
      const { secret, record } = await tokens.issue({ subject: 'user_7', scopes: [] });
      const challengesTo = async (...lines: string[]) =>
        valuesOf(await ask(app, get(...lines)), 'WWW-Authenticate').join();
      expect(await challengesTo(`Authorization: Bearer ${secret}`)).toContain(
        'acr_values="urn:mfa urn:hw"',
      );
      await tokens.revoke(record.id);
      expect(await challengesTo(`Authorization: Bearer ${secret}`)).toMatch(
        /error="invalid_token"(?!.*acr_values)/,
      );
      expect(await challengesTo()).toBe('Bearer realm="api"');
    },
  },
]);
