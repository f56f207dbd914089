import {
  type AuthenticationResult,
  bearer,
  type Extractor,
  latchkey,
  type LatchkeyOptions,
  type Middleware,
  type Refusal,
  type Verification,
} from 'latchkey';

import { MOUNTS, rawRequest } from '../support/servers';
import { ask, get, valuesOf } from './ask';

const BAD = get('Authorization: Bearer bad');
const DOCUMENTED = '{"error":"unauthorized","message":"Invalid or missing API key"}';
const refusing: Verification = { ok: false, reason: 'unknown' };
const made = (
  options: Partial<LatchkeyOptions> = {},
  verify: () => Verification | Promise<Verification> = () => refusing,
) => latchkey({ verifiers: [{ name: 'own', accepts: () => true, verify }], ...options });

/** A extractor under the other scheme, which finds nothing. */
const dpop: Extractor = {
  name: 'dpop',
  scheme: 'DPoP',
  header: 'Authorization',
  extract: () => undefined,
};

const behind = (guard: Middleware) => MOUNTS['node:http']!([guard], (_req, res) => res.end());

async function refusalOf(options: Partial<LatchkeyOptions>): Promise<Refusal> {
  const decision: AuthenticationResult = await made(options).check({
    headers: { authorization: 'Bearer bad' },
  });
  if (decision.status !== 'refused') {
    throw new Error('It was not refused');
  }
  return decision.refusal;
}

describe.each(Object.entries(MOUNTS))('a body of your own on %s', (_name, mount) => {
  const asked = (
    body: LatchkeyOptions['body'],
    request = BAD,
    verify?: () => Verification | Promise<Verification>,
  ) => {
    let reached = false;
    const app = mount([made({ ...(body && { body }) }, verify).authenticate()], (_req, res) => {
      reached = true;
      res.end();
    });
    return ask(app, request).then((answer) => ({ ...answer, reached }));
  };

  test.each<[string, ReturnType<NonNullable<LatchkeyOptions['body']>>, string, string]>([
    ['an object', { code: 'E401' }, 'application/json; charset=utf-8', '{"code":"E401"}'],
    ['a list', ['E401'], 'application/json; charset=utf-8', '["E401"]'],
    [
      'a problem document (RFC 9457)',
      { contentType: 'application/problem+json', json: { status: 401 } },
      'application/problem+json',
      '{"status":401}',
    ],
    [
      'JSON that is no object',
      { contentType: 'application/vnd.api+json', json: null },
      'application/vnd.api+json',
      'null',
    ],
    [
      'an object with a contentType alone',
      { contentType: 'x' },
      'application/json; charset=utf-8',
      '{"contentType":"x"}',
    ],
    [
      'letters of more than one byte',
      { message: 'Schlüssel 🔑' },
      'application/json; charset=utf-8',
      '{"message":"Schlüssel 🔑"}',
    ],
  ])('is sent as it was given: %s', async (_what, body, contentType, text) => {
    expect(await asked(() => body)).toEqual({
      status: 401,
      headers: [
        'WWW-Authenticate: Bearer realm="api", error="invalid_token", error_description="The access token is invalid or expired"',
        `Content-Type: ${contentType}`,
        `Content-Length: ${Buffer.byteLength(text)}`,
        'Cache-Control: no-store',
      ],
      body: Buffer.from(text).toString('latin1'),
      reached: false,
    });
  });

  it('is for headers alone on HEAD', async () => {
    const answer = await asked(
      () => ({ code: 'E401' }),
      rawRequest('HEAD /', 'Authorization: Bearer bad'),
    );
    expect(answer).toMatchObject({ status: 401, body: '' });
    expect(valuesOf(answer, 'Content-Length')).toEqual(['15']);
  });

  // What JSON cannot hold, what is no object, what is no header.
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const NONSENSE: readonly (readonly [string, unknown])[] = [
    ['undefined', undefined],
    ['null', null],
    ['a string', DOCUMENTED],
    ['a number', 401],
    ['a promise', Promise.resolve({})],
    ['a function', () => ({})],
    ['a circle', circular],
    ['a bigint in it', { code: 1n }],
    ['JSON that is undefined once it is written', { toJSON: () => undefined }],
    ['JSON that is a function', { contentType: 'application/json', json: () => 1 }],
    [
      'JSON that throws',
      { contentType: 'application/json', json: { toJSON: () => JSON.parse('{') as unknown } },
    ],
    [
      'a content type with a line feed',
      { contentType: 'application/json\r\nX-Forged: 1', json: {} },
    ],
    ['a content type beyond Latin-1', { contentType: 'application/ключ', json: {} }],
  ];
  describe.each([
    ['at once', () => refusing],
    ['later', async () => refusing],
  ])('where the verifier settles %s', (_when, verify) => {
    test.each(NONSENSE)('that is %s is a bug for the error handler', async (_what, body) => {
      expect(await asked(() => body as object, BAD, verify)).toMatchObject({
        status: 500,
        body: 'next: latchkey: the guard failed; see the cause',
        reached: false,
      });
    });
  });
});

describe('the content of a body', () => {
  it('is the documented refusal, for each of its statuses', async () => {
    const seen: Refusal[] = [];
    const body = (refusal: Refusal) => {
      seen.push(refusal);
      return { status: refusal.status };
    };
    const proven: Verification = {
      ok: true,
      principal: { kind: 'api_key', verifier: 'own', subject: 's', scopes: [], claims: {} },
    };
    const up = behind(made({ body }, () => proven).requireScopes('a'));
    const down = behind(
      made({ body }, () => Promise.reject(new Error('connect ECONNREFUSED'))).authenticate(),
    );
    const answers = [
      await ask(up, get()),
      await ask(up, get('X-API-Key: a', 'X-API-Key: b')),
      await ask(up, BAD),
      await ask(down, BAD),
    ];
    expect(answers.map((answer) => [answer.status, answer.body])).toEqual([
      [401, '{"status":401}'],
      [400, '{"status":400}'],
      [403, '{"status":403}'],
      [503, '{"status":503}'],
    ]);
    expect(seen.map((refusal) => [refusal.status, refusal.body])).toEqual([
      [401, DOCUMENTED],
      [400, '{"error":"bad_request","message":"Multiple credentials in one request"}'],
      [403, '{"error":"forbidden","message":"Insufficient permissions for this action"}'],
      [
        503,
        '{"error":"service_unavailable","message":"Authentication is temporarily unavailable"}',
      ],
    ]);
    expect(seen[3]?.headers).toEqual({
      'Retry-After': '1',
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': '85',
      'Cache-Control': 'no-store',
    });
  });

  it('cannot change status and challenge', async () => {
    const meddling = (refusal: Refusal) => {
      Object.assign(refusal, { status: 200 });
      return {};
    };
    await expect(refusalOf({ body: meddling })).rejects.toThrow(TypeError);
    const answering = () => ({ status: 200, headers: { 'WWW-Authenticate': 'None' }, body: 'yes' });
    expect(await refusalOf({ body: answering })).toMatchObject({
      status: 401,
      headers: { 'WWW-Authenticate': expect.stringContaining('invalid_token') },
      body: JSON.stringify(answering()),
    });
  });
});

describe('a refusal', () => {
  it.each<[string, Partial<LatchkeyOptions>]>([
    ['with one challenge', {}],
    ['with two challenges', { extractors: [bearer(), dpop] }],
    ['with a body of your own', { extractors: [bearer(), dpop], body: () => ({}) }],
  ])('%s is shared between requests, and frozen', async (_what, options) => {
    const refusal = await refusalOf(options);
    expect(Object.isFrozen(refusal)).toBe(true);
    expect(Object.isFrozen(refusal.headers)).toBe(true);
    expect(Object.values(refusal.headers).filter((value) => !Object.isFrozen(value))).toEqual([]);
  });

  test.each<[string, readonly Extractor[]]>([
    ['after it', [bearer(), dpop]],
    ['before it', [dpop, bearer()]],
  ])(
    'sends the Bearer challenge first, in a separate line, with another scheme configured %s',
    async (_where, extractors) => {
      const challenges = valuesOf(
        await ask(behind(made({ extractors }).authenticate()), get()),
        'WWW-Authenticate',
      );
      expect(challenges.map((challenge) => challenge.split(' ')[0])).toEqual(['Bearer', 'DPoP']);
    },
  );

  it('is the same bytes for every reason of the client', async () => {
    const reasons = [
      ...[
        'unknown',
        'malformed',
        'expired',
        'not_yet_valid',
        'revoked',
        'bad_signature',
        'bad_issuer',
        'bad_audience',
      ],
      ...['bad_type', 'bad_claim', 'wrong_environment'],
    ] as const;
    const answers = await Promise.all(
      reasons.map((reason) =>
        ask(behind(made({}, () => ({ ok: false, reason })).authenticate()), BAD),
      ),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, body: DOCUMENTED });
  });
});
