import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

import {
  accessTokens,
  apiKeyHeader,
  apiKeys,
  bearer,
  cookie,
  dpop,
  latchkey,
  memoryStore,
  queryParameter,
  type RequestInput,
  sessionTokens,
} from 'latchkey';

import { clientKey, proofOf } from '../support/dpop';
import { MOUNTS } from '../support/servers';
import { ask, get, valuesOf } from './ask';

const store = memoryStore();
const keys = apiKeys({ prefix: 'acme', store });
const sessions = sessionTokens({ prefix: 'acmesession', store });
const tokens = accessTokens({ prefix: 'acmetoken', store });
const boundTo = clientKey();
const guards = latchkey({
  extractors: [
    bearer(),
    apiKeyHeader(),
    queryParameter('api_key'),
    cookie('sid', { origins: ['https://app.example.org'] }),
    dpop(),
  ],
  verifiers: [keys, sessions, tokens],
});
const { check } = guards;
let key: string;
let session: string;
let bound: string;
beforeAll(async () => {
  const owner = { subject: 'acct_42', scopes: ['a'] };
  key = (await keys.issue(owner)).secret;
  session = (await sessions.issue(owner)).secret;
  bound = (await tokens.issue({ ...owner, confirmation: { jkt: boundTo.jkt } })).secret;
});

const URL_OF_API = 'https://api.example.com/v1/domains';
const web = (headers: Record<string, string> = {}, url = URL_OF_API, method = 'GET') =>
  new Request(url, { method, headers });
const decided = async (request: RequestInput) => {
  const result = await check(request);
  return result.status === 'refused' ? `${result.refusal.status} ${result.reason}` : result.status;
};
const nodeRequest = (headers: Record<string, string>) =>
  Object.assign(new IncomingMessage(new Socket()), { headers });

describe('check() of a request in another form', () => {
  test.each<[string, () => RequestInput, string]>([
    ['a web Request', () => web({ 'X-API-Key': key }), 'authenticated'],
    ['a web Request with a bad key', () => web({ 'X-API-Key': 'bad' }), '401 malformed'],
    [
      'a web Request with a bearer token',
      () => web({ Authorization: `Bearer ${key}` }),
      'authenticated',
    ],
    ['a web Request without a credential', () => web(), 'anonymous'],
    [
      'a web Request with two credentials',
      () => web({ Authorization: `Bearer ${key}`, 'X-API-Key': key }),
      '400 multiple',
    ],
    ['web Headers', () => ({ headers: new Headers({ 'X-API-Key': key }) }), 'authenticated'],
    ['a Node request', () => nodeRequest({ 'x-api-key': key }), 'authenticated'],
    ['a plain object in mixed case', () => ({ headers: { 'X-Api-Key': key } }), 'authenticated'],
    [
      'a plain object in capitals',
      () => ({ headers: { AUTHORIZATION: `Bearer ${key}` } }),
      'authenticated',
    ],
    [
      'an object without a prototype',
      () => ({
        headers: Object.assign(Object.create(null), { 'X-API-Key': key }) as object as never,
      }),
      'authenticated',
    ],
    [
      'numbers among the headers',
      () => ({ headers: { 'X-API-Key': key, 'Content-Length': 5 } as never }),
      'authenticated',
    ],
    [
      'one header in two spellings',
      () => ({ headers: { 'X-API-Key': key, 'x-api-key': key } }),
      '400 multiple',
    ],
    [
      'one header in two spellings, of which one is undefined',
      () => ({ headers: { 'X-API-Key': key, 'x-api-key': undefined } }),
      'authenticated',
    ],
    [
      'Authorization in two spellings',
      () => ({ headers: { Authorization: `Bearer ${key}`, authorization: 'Basic YTpi' } }),
      '400 multiple',
    ],
    ['a list of one value', () => ({ headers: { 'X-API-Key': [key] } }), 'authenticated'],
    ['a query parameter', () => web({}, `${URL_OF_API}?api_key=${key}`), 'authenticated'],
    [
      'a query parameter before a fragment',
      () => web({}, `${URL_OF_API}?api_key=${key}#top`),
      'authenticated',
    ],
    [
      'a query parameter twice',
      () => web({}, `${URL_OF_API}?api_key=${key}&api_key=${key}`),
      '400 multiple',
    ],
    [
      'a cookie',
      () => ({
        headers: new Headers({ Cookie: `a=b; sid=${session}` }),
        method: 'GET',
        url: URL_OF_API,
      }),
      'authenticated',
    ],
    [
      'a cookie in mixed case',
      () => ({ method: 'GET', headers: { Cookie: `sid=${session}` } }),
      'authenticated',
    ],
  ])('reads %s', async (_what, request, expected) => {
    expect((await decided(request())).replace('unknown', 'malformed')).toBe(expected);
  });

  test.each<[string, Record<string, string>, string]>([
    ['its own origin, by the URL', { Origin: 'https://api.example.com' }, 'authenticated'],
    [
      'its own origin, by Host',
      { Origin: 'https://public.example.com', Host: 'public.example.com' },
      'authenticated',
    ],
    ['a listed origin', { Origin: 'https://app.example.org' }, 'authenticated'],
    ['another origin', { Origin: 'https://evil.example' }, 'anonymous'],
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }, 'anonymous'],
  ])('applies the CSRF rule to a cookie from %s', async (_what, headers, expected) => {
    const request = {
      method: 'POST',
      url: URL_OF_API,
      headers: new Headers({ ...headers, Cookie: `sid=${session}` }),
    };
    expect(await decided(request)).toBe(expected);
  });

  it('compares the URL of a DPoP proof with the URL of a web Request', async () => {
    const request = (url: string, htu: string) =>
      web(
        { Authorization: `DPoP ${bound}`, DPoP: proofOf({ key: boundTo, token: bound, url: htu }) },
        url,
      );
    expect(await decided(request(`${URL_OF_API}?page=2`, URL_OF_API))).toBe('authenticated');
    expect(await decided(request(URL_OF_API, 'https://other.example.com/v1/domains'))).toBe(
      '401 bad_proof',
    );
    expect(await decided(request(URL_OF_API, 'http://api.example.com/v1/domains'))).toBe(
      '401 bad_proof',
    );
    const checkedTwice = request(URL_OF_API, URL_OF_API);
    expect([await decided(checkedTwice), await decided(checkedTwice)]).toEqual([
      'authenticated',
      'authenticated',
    ]);
    expect(await decided(web(Object.fromEntries(checkedTwice.headers)))).toBe('401 replayed');
  });

  it('does not change the request', async () => {
    const request = Object.freeze({ headers: Object.freeze({ 'X-API-Key': key }) });
    expect(await decided(request)).toBe('authenticated');
    expect(request).toEqual({ headers: { 'X-API-Key': key } });
  });
});

describe.each(Object.entries(MOUNTS))(
  'the headers of a result of check() are those that a guard sets on %s:',
  (_name, mount) => {
    const PRESENTED: Readonly<Record<string, () => string[]>> = {
      nothing: () => [],
      'a bearer token': () => [`Authorization: Bearer ${key}`],
      'a key in a header': () => [`X-API-Key: ${key}`],
      'a cookie': () => [`Cookie: sid=${session}`],
    };
    test.each(
      Object.entries(PRESENTED).flatMap(([what, lines]) =>
        [true, false].map((optional) => [what, optional, lines] as const),
      ),
    )('%s, optional: %s', async (what, optional, lines) => {
      const answer = await ask(
        mount([guards.authenticate({ optional })], (_req, res) => res.end()),
        get(...lines()),
      );
      const headers = Object.fromEntries(
        lines().map((line) => line.split(': ') as [string, string]),
      );
      const result = await check({ method: 'GET', headers }, optional ? {} : { scopes: [] });
      if (result.status === 'refused') {
        expect([what, answer.status]).toEqual(['nothing', 401]);
        return;
      }
      const sent = ['Vary', 'Cache-Control', 'DPoP-Nonce'].flatMap((name) =>
        valuesOf(answer, name).map((value) => [name, value]),
      );
      expect(result.headers).toEqual(Object.fromEntries(sent));
      expect(Object.isFrozen(result.headers)).toBe(false);
    });
  },
);

it('has the nonce for the next DPoP proof in the headers, and keeps it from caches', async () => {
  const secret = 'a secret of this server, long enough';
  const { check: checkWithNonce } = latchkey({
    extractors: [dpop({ nonce: { secret, rotateMs: 1_000 } })],
    verifiers: [tokens],
  });
  const request = (nonce?: string) =>
    web({
      Authorization: `DPoP ${bound}`,
      DPoP: proofOf({ key: boundTo, token: bound, url: URL_OF_API, claims: { nonce } }),
    });
  const first = await checkWithNonce(request(), { scopes: [] });
  const nonce = first.status === 'refused' ? (first.refusal.headers['DPoP-Nonce'] as string) : '';
  await new Promise((resolve) => setTimeout(resolve, 1_001 - (Date.now() % 1_000)));
  expect(await checkWithNonce(request(nonce), { scopes: [] })).toMatchObject({
    status: 'authenticated',
    headers: { 'Cache-Control': 'no-store', 'DPoP-Nonce': expect.stringMatching(/^[\w-]{43}$/) },
  });
});
