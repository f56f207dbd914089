import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import {
  type Decision,
  findAuth,
  jwt,
  type JwtOptions,
  latchkey,
  type Reason,
  type Verifier,
} from 'latchkey';

import { listen, MOUNTS, rawRequest, sendRaw } from '../../support/servers';
import {
  AUDIENCE,
  claimsOf,
  ISSUER,
  NOW,
  PAIRS,
  part,
  seal,
  signatureOf,
  thrownBy,
  tokenOf,
  verifierOf,
} from './tokens';

const SECONDS = NOW / 1000;
const bearing = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const verified = (claims: object, options: Partial<JwtOptions> = {}) =>
  verifierOf(options).verify({ extractor: 'bearer', token: tokenOf(claims) });

describe('the principal of a valid token', () => {
  it('is who calls, by which client, with which token, scopes and claims, and until when', async () => {
    const claims = claimsOf({
      client_id: 'app',
      jti: 't1',
      iat: SECONDS - 60,
      scope: 'a b',
      tenant: { id: 7, tags: ['x'] },
    });
    expect(await verified(claims)).toStrictEqual({
      ok: true,
      expiresAt: NOW + 605_000,
      issuedAt: NOW - 60_000,
      principal: {
        kind: 'access_token',
        verifier: 'jwt',
        subject: 'acct_42',
        issuer: ISSUER,
        clientId: 'app',
        credentialId: 't1',
        scopes: ['a', 'b'],
        expiresAt: NOW + 600_000,
        claims,
      },
    });
  });

  it('is no more than the token says', async () => {
    expect(await verified({})).toStrictEqual({
      ok: true,
      expiresAt: NOW + 605_000,
      issuedAt: 0,
      principal: {
        kind: 'access_token',
        verifier: 'jwt',
        subject: 'acct_42',
        issuer: ISSUER,
        scopes: [],
        expiresAt: NOW + 600_000,
        claims: claimsOf(),
      },
    });
  });

  it('is the client, if there is no user', async () => {
    expect(await verified({ sub: undefined, client_id: 'app' })).toMatchObject({
      principal: { subject: 'app', clientId: 'app' },
    });
    expect(await verified({ sub: 'user', client_id: 'app' })).toMatchObject({
      principal: { subject: 'user', clientId: 'app' },
    });
  });

  it('lasts longer than it says by the tolerance alone', async () => {
    expect(await verified({}, { clockToleranceMs: 1_500 })).toMatchObject({
      expiresAt: NOW + 601_500,
      principal: { expiresAt: NOW + 600_000 },
    });
  });

  it('names the verifier and the issuer that proved it', async () => {
    const options = { name: 'osir', issuer: ['https://one.example', 'https://two.example'] };
    expect(verifierOf(options).name).toBe('osir');
    for (const iss of options.issuer) {
      expect(await verified({ iss }, options)).toMatchObject({
        principal: { verifier: 'osir', issuer: iss },
      });
    }
  });

  it('requires the proof of possession that cnf names', async () => {
    const cnf = { jkt: 'x', 'x5t#S256': 'y' };
    expect(await verified({ cnf })).toMatchObject({ ok: true, confirmation: cnf });
    expect(await verified({})).not.toHaveProperty('confirmation');
  });

  it('is the same under an algorithm that jsonwebtoken does not know', async () => {
    const token = tokenOf({ scope: 'a' }, {}, 'EdDSA');
    const verification = verifierOf({ algorithms: ['EdDSA'] }).verify({
      extractor: 'bearer',
      token,
    });
    expect(verification).toStrictEqual(await verified({ scope: 'a' }));
  });

  it('comes at once', () => {
    for (const algorithm of ['HS256', 'RS256', 'PS256', 'ES256', 'EdDSA'] as const) {
      expect(
        verifierOf({ algorithms: [algorithm] }).verify({
          extractor: 'bearer',
          token: tokenOf({}, {}, algorithm),
        }),
      ).toMatchObject({
        ok: true,
      });
    }
  });
});

describe('a proof that is kept', () => {
  afterEach(() => void jest.useRealTimers());

  it.each(['HS256', 'EdDSA'] as const)(
    'is valid to the last millisecond, tolerance included: %s',
    async (algorithm) => {
      jest.useFakeTimers({ now: NOW });
      const { check } = latchkey({
        verifiers: [verifierOf({ algorithms: [algorithm], clockToleranceMs: 1_500 })],
        cache: { ttlMs: 3_600_000, staleIfErrorMs: 3_600_000 },
      });
      const request = bearing(tokenOf({ exp: SECONDS + 10 }, {}, algorithm));
      const outcomeAt = async (now: number) => {
        jest.setSystemTime(now);
        const decision = await check(request, { scopes: [] });
        return decision.status === 'refused' ? decision.reason : decision.status;
      };
      expect(await outcomeAt(NOW)).toBe('authenticated');
      expect(await outcomeAt(NOW + 11_499)).toBe('authenticated');
      expect(await outcomeAt(NOW + 11_500)).toBe('expired');
      expect(await outcomeAt(NOW + 11_501)).toBe('expired');
    },
  );
});

describe('claims by the names of what every object inherits', () => {
  const text = JSON.stringify(claimsOf()).replace(
    '{',
    '{"__proto__":{"scope":"admin","client_id":"admin","cnf":{},"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1,',
  );
  const token = seal(part({ alg: 'HS256' }), part(text));

  it('are claims, and nothing else', async () => {
    const { check } = latchkey({ verifiers: [verifierOf()] });
    const decision = await check(bearing(token), { scopes: [] });
    if (decision.status !== 'authenticated') {
      throw new Error(decision.status);
    }
    const { principal } = decision;
    expect(principal).toMatchObject({ subject: 'acct_42', scopes: [] });
    expect(principal).not.toHaveProperty('clientId');
    const { ['__proto__']: _dropped, ...others } = JSON.parse(text) as Record<string, unknown>;
    expect(JSON.stringify(principal.claims)).toBe(JSON.stringify(others));
    expect(Object.hasOwn(principal.claims, '__proto__')).toBe(false);
    expect(
      [principal, principal.claims, {}, Object].map(
        (value) => (value as Record<string, unknown>).polluted,
      ),
    ).toEqual(Array(4).fill(undefined));
    expect(Object.getPrototypeOf(principal.claims)).toBe(Object.prototype);
  });

  it('are frozen with the rest', async () => {
    const { check } = latchkey({ verifiers: [verifierOf()] });
    const decision = await check(bearing(tokenOf({ tenant: { tags: ['x'] }, scope: 'a' })), {
      scopes: [],
    });
    if (decision.status !== 'authenticated') {
      throw new Error(decision.status);
    }
    const { claims, scopes } = decision.principal;
    const tenant = claims.tenant as { tags: string[] };
    for (const value of [decision.principal, claims, scopes, tenant, tenant.tags]) {
      expect(Object.isFrozen(value)).toBe(true);
    }
  });
});

describe('the tokens that a verifier accepts', () => {
  const verifier = verifierOf({ issuer: [ISSUER, 'https://two.example'] });
  const accepts = (token: string, extractor = 'bearer') => verifier.accepts({ extractor, token });

  it.each([
    ['bearer', true],
    ['dpop', true],
    ['api-key-header', false],
    ['query', false],
    ['cookie', false],
    ['Bearer', false],
    ['', false],
  ])('comes by the extractor %j: %s', (extractor, taken) => {
    expect(accepts(tokenOf(), extractor)).toBe(taken);
  });

  it('is a token of its issuers, whatever key signed it', () => {
    expect(accepts(tokenOf())).toBe(true);
    expect(accepts(tokenOf({ iss: 'https://two.example' }))).toBe(true);
    expect(accepts(tokenOf({ exp: 0 }, { alg: 'none' }))).toBe(true);
    expect(accepts(tokenOf({ iss: 'https://three.example' }))).toBe(false);
    expect(accepts(tokenOf({ iss: undefined }))).toBe(false);
    expect(accepts(tokenOf({ iss: [ISSUER] }))).toBe(false);
  });

  it('is no opaque token and no key', () => {
    for (const token of ['', 'x', 'osir_live_x', 'a.b', 'a.b.c.d', 'a.b.c.d.e', '.', '...']) {
      expect(accepts(token)).toBe(false);
    }
  });
});

describe('several issuers side by side', () => {
  type Pair = Readonly<Record<'publicKey' | 'privateKey', KeyObject>>;
  const [one, two, mallory] = [0, 1, 2].map(() =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ) as [Pair, Pair, Pair];
  const issued = (iss: string, { privateKey }: Pair, claims: object = {}) =>
    tokenOf({ iss, ...claims }, {}, 'ES256', privateKey);
  const verifierFor = (name: string, issuer: string | string[], { publicKey }: Pair) =>
    verifierOf({
      name,
      issuer,
      algorithms: ['ES256'],
      key: publicKey,
      audience: `${AUDIENCE}/${name}`,
    });
  const { check } = latchkey({
    verifiers: [
      verifierFor('one', 'https://one.example', one),
      verifierFor('two', ['https://two.example', 'https://2.example'], two),
    ],
  });
  const outcome = async (token: string) => {
    const decision = await check(bearing(token), { scopes: [] });
    return decision.status === 'authenticated'
      ? decision.principal.verifier
      : decision.status === 'refused' && decision.reason;
  };

  it('prove what is theirs', async () => {
    expect(await outcome(issued('https://one.example', one, { aud: `${AUDIENCE}/one` }))).toBe(
      'one',
    );
    expect(await outcome(issued('https://two.example', two, { aud: `${AUDIENCE}/two` }))).toBe(
      'two',
    );
    expect(await outcome(issued('https://2.example', two, { aud: `${AUDIENCE}/two` }))).toBe('two');
  });

  it.each<[string, string, Reason]>([
    [
      'one’s key under two’s name',
      issued('https://two.example', one, { aud: `${AUDIENCE}/two` }),
      'bad_signature',
    ],
    [
      'two’s key under one’s name',
      issued('https://one.example', two, { aud: `${AUDIENCE}/one` }),
      'bad_signature',
    ],
    [
      'a stranger’s key',
      issued('https://one.example', mallory, { aud: `${AUDIENCE}/one` }),
      'bad_signature',
    ],
    [
      'one’s token for what two guards',
      issued('https://one.example', one, { aud: `${AUDIENCE}/two` }),
      'bad_audience',
    ],
    [
      'nobody’s name',
      issued('https://three.example', one, { aud: `${AUDIENCE}/one` }),
      'bad_issuer',
    ],
    [
      'both names',
      issued(['https://one.example', 'https://two.example'] as never, one, {
        aud: `${AUDIENCE}/one`,
      }),
      'bad_issuer',
    ],
    [
      'one’s name with a slash',
      issued('https://one.example/', one, { aud: `${AUDIENCE}/one` }),
      'bad_issuer',
    ],
    [
      'one’s name in capitals',
      issued('HTTPS://ONE.EXAMPLE', one, { aud: `${AUDIENCE}/one` }),
      'bad_issuer',
    ],
    ['no name', issued(undefined as never, one, { aud: `${AUDIENCE}/one` }), 'bad_issuer'],
  ])('refuse %s', async (_, token, reason) => {
    expect(await outcome(token)).toBe(reason);
  });

  it('cannot be used together under the same name', () => {
    const verifiers = (other: Verifier) => () =>
      latchkey({
        verifiers: [verifierFor('two', ['https://two.example', 'https://2.example'], two), other],
      });
    const rival =
      'latchkey(): option "verifiers" must not overlap: two and other accept the same credentials; give each another prefix, form or issuer';
    for (const issuer of [
      'https://two.example',
      ['https://2.example'],
      ['https://other.example', 'https://2.example'],
    ]) {
      expect(verifiers(verifierFor('other', issuer, one))).toThrow(new TypeError(rival));
    }
    expect(verifiers(verifierFor('other', 'https://two.example/', one))).not.toThrow();
  });
});

describe('an option', () => {
  const good = {
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ['HS256'],
    key: PAIRS.HS256.publicKey,
  };
  const messageOf = (options: object | undefined | null): string => {
    const error = thrownBy(() => jwt(options as JwtOptions));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toMatch(/^jwt\(\): /);
    return (error as Error).message.slice('jwt(): '.length);
  };

  it.each<[string, unknown[]]>([
    [
      'issuer',
      [
        undefined,
        null,
        '',
        [],
        [''],
        [ISSUER, ''],
        [ISSUER, 7],
        7,
        true,
        /osir/,
        {},
        new URL(ISSUER),
        new Set([ISSUER]),
      ],
    ],
    [
      'audience',
      [
        undefined,
        null,
        '',
        [],
        [''],
        [AUDIENCE, null],
        [/osir/],
        7,
        true,
        /osir/,
        {},
        [[AUDIENCE]],
      ],
    ],
    [
      'algorithms',
      [
        null,
        '',
        'HS256',
        'HS256,HS384',
        [],
        [''],
        ['none'],
        ['HS256', 'none'],
        ['None'],
        ['hs256'],
        ['HS256 '],
        ['HS1'],
        ['ES256K'],
        ['RSA-OAEP'],
        ['constructor'],
        ['__proto__'],
        [7],
        [['HS256']],
        [null],
        /HS/,
        { 0: 'HS256', length: 1 },
        ['HS256', 'RS256'],
        ['ES256', 'HS512'],
        ['EdDSA', 'HS256'],
        ['PS256', 'HS256'],
      ],
    ],
    ['key', [undefined, null, '', 7, true, () => 'key', Symbol('key')]],
    ['profile', [null, '', 'RFC9068', 'rfc7519', true, ['rfc9068']]],
    ['typ', [null, '', [], [''], ['JWT', 7], 7, true, /jwt/, {}]],
    ['requiredClaims', [null, '', 'sub', [], [''], ['sub', 7], {}, new Set(['sub'])]],
    ['scopeClaim', [null, '', 7, true, [], ['scope', 7], {}]],
    [
      'claims',
      [
        null,
        '',
        'a',
        7,
        [],
        { a: undefined },
        { a: null },
        { a: [] },
        { a: '' },
        { a: {} },
        { a: [['b']] },
      ],
    ],
    ['audienceClaim', [null, '', 7, ['aud'], {}]],
    ['clientIdClaim', [null, '', 7, ['azp'], {}]],
    [
      'clockToleranceMs',
      [
        null,
        '60',
        '',
        'abc',
        '60s',
        [60],
        {},
        true,
        NaN,
        Infinity,
        -Infinity,
        -1,
        -0.001,
        300_001,
        10n,
        new Date(60),
      ],
    ],
    ['name', [null, '', 7, ['jwt'], {}]],
    ['extractors', [null, '', 'bearer', [], [''], ['bearer', 7], {}]],
    ['maxTokenLength', [null, '8192', 0, -1, 1.5, NaN, Infinity, 1_048_577]],
    [
      'insecureHosts',
      [
        null,
        '',
        'keycloak',
        [''],
        ['http://keycloak'],
        ['keycloak/realms'],
        ['user@keycloak'],
        ['*.example'],
        ['a b'],
        [7],
      ],
    ],
  ])('%s that is wrong is named at start-up', (name, values) => {
    for (const value of values) {
      const message = messageOf({ ...good, [name]: value });
      expect(message).toMatch(new RegExp(`^option "${name}" must `));
      expect(message.match(/option "/g)).toHaveLength(1);
    }
  });

  it.each<[unknown]>([
    [null],
    [[]],
    ['{"keys":[]}'],
    [{}],
    [{ keys: {} }],
    [{ keys: 'k' }],
    [{ keys: [null] }],
    [{ keys: ['k'] }],
    [7],
  ])('jwks of %j is named at start-up', (jwks) => {
    const { key: _, ...others } = good;
    expect(messageOf({ ...others, jwks })).toMatch(/^option "jwks" must be a JWK Set/);
  });

  it('without algorithms is rejected together with a configured key', () => {
    const { key, ...named } = good;
    const jwks = { keys: [PAIRS.RS256.publicKey.export({ format: 'jwk' })] };
    for (const given of [{ key }, { jwks }]) {
      expect(messageOf({ ...named, ...given, algorithms: undefined })).toBe(
        'option "algorithms" is required with "key" and "jwks"',
      );
    }
  });

  it('key excludes the other sources of keys', () => {
    const message = 'pass one of "key", "jwks" and "jwksUri", or none to discover the keys';
    expect(messageOf({ ...good, jwks: { keys: [] } })).toBe(message);
    expect(messageOf({ ...good, jwksUri: 'https://osir.com/jwks' })).toBe(message);
  });

  it.each([
    'clockTolerance',
    'issuers',
    'aud',
    'algorithm',
    'secret',
    'publicKey',
    'secretOrKey',
    'ignoreExpiration',
    'maxAge',
    'jwksURI',
  ])('that does not exist is named at start-up: %s', (name) => {
    expect(messageOf({ ...good, [name]: '60' })).toBe(
      `unknown option "${name}"; allowed are issuer, audience, algorithms, key, jwks, jwksUri, remote, profile, typ, requiredClaims, claims, scopeClaim, audienceClaim, clientIdClaim, clockToleranceMs, extractors, maxTokenLength, insecureHosts, revocations, maxLifetimeMs, name`,
    );
  });

  it('is reported together with every other invalid option', () => {
    const message = messageOf({ ...good, issuer: '', audience: undefined, clockToleranceMs: '60' });
    for (const name of ['issuer', 'audience', 'clockToleranceMs']) {
      expect(message).toContain(`option "${name}" must `);
    }
  });

  it.each([undefined, null, 'https://osir.com', 7, [], () => good])(
    'is not to be had of %p',
    (options) => {
      expect(messageOf(options as never)).not.toBe('');
    },
  );

  it('may be at its edge', () => {
    for (const clockToleranceMs of [0, 0.5, 300_000]) {
      expect(jwt({ ...good, clockToleranceMs } as JwtOptions).name).toBe('jwt');
    }
    for (const name of [
      'profile',
      'typ',
      'requiredClaims',
      'scopeClaim',
      'clockToleranceMs',
      'name',
      'jwks',
    ]) {
      expect(jwt({ ...good, [name]: undefined } as JwtOptions).name).toBe('jwt');
    }
  });
});

describe('a token that says where its key is', () => {
  it('is refused without a connection to anywhere', async () => {
    const mallory = generateKeyPairSync('ed25519');
    const jwk = { ...mallory.publicKey.export({ format: 'jwk' }), kid: 'mallory' };
    const served = await listen((_req, res) => res.end(JSON.stringify({ keys: [jwk] })));
    let connections = 0;
    served.server.on('connection', () => connections++);
    const url = `http://127.0.0.1:${served.port}`;
    try {
      const { check } = latchkey({
        verifiers: [verifierOf({ algorithms: ['EdDSA'], issuer: url, audience: url })],
      });
      const headers = [
        { jku: url },
        { jku: `${url}/.well-known/jwks.json`, kid: 'mallory' },
        { x5u: url },
        { jwk },
        { x5c: ['MIIB'] },
        { jku: url, crit: ['jku'] },
        { kid: url },
        { kid: 'mallory' },
        {},
      ];
      for (const header of headers) {
        for (const key of [mallory.privateKey, PAIRS.EdDSA.privateKey]) {
          const token = tokenOf({ iss: url, aud: url }, header, 'EdDSA', key);
          const decision = await check(bearing(token), { scopes: [] });
          const isTheIssuers = key !== mallory.privateKey && !('crit' in header);
          expect([header, decision.status]).toEqual([
            header,
            isTheIssuers ? 'authenticated' : 'refused',
          ]);
        }
      }
      expect(connections).toBe(0);
      await sendRaw(served.port, rawRequest('GET /'));
      expect(connections).toBe(1);
    } finally {
      await served.close();
    }
  });
});

describe.each(Object.entries(MOUNTS))('a guarded route on %s', (_, mount) => {
  const keys = (kids: string[]) => ({
    keys: kids.map((kid) => ({ ...PAIRS.RS256.publicKey.export({ format: 'jwk' }), kid })),
  });
  const { authenticate } = latchkey({
    verifiers: [
      verifierOf(),
      verifierOf({
        name: 'rsa',
        issuer: 'https://rsa.example',
        algorithms: ['RS256'],
        jwks: keys(['k1', 'k2']),
      }),
      verifierOf({ name: 'ec', issuer: 'https://ec.example', algorithms: ['ES256'] }),
      verifierOf({ name: 'ed', issuer: 'https://ed.example', algorithms: ['EdDSA'] }),
    ],
  });
  const decisions: Decision[] = [];
  const listener = (message: unknown) => void decisions.push(message as Decision);
  let server: Awaited<ReturnType<typeof listen>>;

  beforeAll(async () => {
    subscribe('latchkey:decision', listener);
    server = await listen(
      mount([authenticate()], (req, res) => void res.end(findAuth(req)?.verifier)),
    );
  });
  afterAll(async () => {
    unsubscribe('latchkey:decision', listener);
    await server.close();
  });

  const ask = async (token: string) => {
    decisions.length = 0;
    const { status, headers, body } = await sendRaw(
      server.port,
      rawRequest('GET /', `Authorization: Bearer ${token}`),
    );
    return {
      status,
      headers: [...headers].sort(),
      body,
      reasons: decisions.map(({ reason }) => reason),
    };
  };
  const rsaOfMallory = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const rsa = (header: object, claims: object = {}) =>
    tokenOf({ iss: 'https://rsa.example', ...claims }, header, 'RS256');
  const unsigned = (alg: unknown) => `${part({ alg })}.${part(claimsOf())}.`;
  const confused = `${part({ alg: 'HS256', kid: 'k1' })}.${part(claimsOf({ iss: 'https://rsa.example' }))}`;
  const pem = PAIRS.RS256.publicKey.export({ format: 'pem', type: 'spki' });
  // 60 bytes of 64: jsonwebtoken throws a TypeError.
  const short = tokenOf({ iss: 'https://ec.example' }, {}, 'ES256').slice(0, -6);
  /** A token of exactly so many characters. */
  const ofLength = (length: number): string => {
    const [header, signatureLength] = [part({ alg: 'HS256' }), 43];
    const payloadLength = length - header.length - signatureLength - 2;
    const text = JSON.stringify(claimsOf({ pad: '' }));
    return seal(
      header,
      part(
        text.replace(
          '"pad":""',
          `"pad":"${'x'.repeat(Math.floor((payloadLength * 3) / 4) - text.length)}"`,
        ),
      ),
    );
  };

  it.each<[string, string, Reason]>([
    ['alg none, without a signature', unsigned('none'), 'malformed'],
    ['alg none, with one', `${unsigned('nOnE')}AAAA`, 'bad_signature'],
    ['two parts', `${part({ alg: 'HS256' })}.${part(claimsOf())}`, 'unknown'],
    ['four parts', `${tokenOf()}.AAAA`, 'unknown'],
    ['five parts', `${tokenOf()}.AAAA.AAAA`, 'unknown'],
    ['padding', `${tokenOf()}=`, 'malformed'],
    [
      'a changed signature',
      tokenOf().replace(/.$/, (last) => (last === 'A' ? 'E' : 'A')),
      'bad_signature',
    ],
    ['one character too many', ofLength(8_193), 'malformed'],
    ['a payload that is null', seal(part({ alg: 'HS256' }), part('null')), 'malformed'],
    [
      'a payload that is null, under EdDSA',
      seal(part({ alg: 'EdDSA', typ: 'JWT' }), part('null'), 'EdDSA'),
      'malformed',
    ],
    ['a payload that is a list', seal(part({ alg: 'HS256' }), part('[]')), 'malformed'],
    [
      'a payload that is no JSON',
      seal(part({ alg: 'HS256', typ: 'JWT' }), part('claims')),
      'malformed',
    ],
    [
      'a payload that is no UTF-8',
      seal(part({ alg: 'HS256' }), part(Buffer.from('{"iss":"\xff"}', 'latin1'))),
      'malformed',
    ],
    ['a header that is null', seal(part('null'), part(claimsOf())), 'malformed'],
    [
      'nesting',
      seal(
        part({ alg: 'HS256' }),
        part(`{"iss":"${ISSUER}","x":${'['.repeat(2_000)}${']'.repeat(2_000)}}`),
      ),
      'malformed',
    ],
    ['a kid named constructor', rsa({ kid: 'constructor' }), 'bad_signature'],
    ['a kid named __proto__', rsa({ kid: '__proto__' }), 'bad_signature'],
    ['a kid that is a list', rsa({ kid: ['k1'] }), 'malformed'],
    [
      'another key’s kid',
      tokenOf({ iss: 'https://rsa.example' }, { kid: 'k3' }, 'RS256'),
      'bad_signature',
    ],
    ['crit', rsa({ crit: ['exp'], exp: 1 }), 'malformed'],
    ['b64', rsa({ b64: false }), 'malformed'],
    ['zip', rsa({ zip: 'DEF' }), 'malformed'],
    ['enc', rsa({ enc: 'A128GCM' }), 'malformed'],
    [
      'another’s key in jku',
      tokenOf(
        { iss: 'https://rsa.example' },
        { jku: 'http://127.0.0.1:1/' },
        'RS256',
        rsaOfMallory,
      ),
      'bad_signature',
    ],
    [
      'a public key as HMAC secret',
      `${confused}.${part(createHmac('sha256', pem).update(confused).digest())}`,
      'bad_signature',
    ],
    ['another issuer’s key', tokenOf({ iss: 'https://rsa.example' }), 'bad_signature'],
    ['nobody’s issuer', tokenOf({ iss: 'https://evil.example' }), 'bad_issuer'],
    ['an ECDSA signature that breaks off', short, 'bad_signature'],
    [
      'an EdDSA signature of nothing',
      `${part({ alg: 'EdDSA' })}.${part(claimsOf({ iss: 'https://ed.example' }))}.AAAA`,
      'bad_signature',
    ],
    ['a token that is over', tokenOf({ exp: SECONDS - 5 }), 'expired'],
    [
      'a token that is over, under EdDSA',
      tokenOf({ iss: 'https://ed.example', exp: SECONDS - 5 }, {}, 'EdDSA'),
      'expired',
    ],
    ['a token of tomorrow', tokenOf({ nbf: SECONDS + 86_400 }), 'not_yet_valid'],
    ['a token for another API', tokenOf({ aud: 'https://other.example' }), 'bad_audience'],
    ['an ID token', tokenOf({ nonce: 'n' }), 'bad_type'],
    ['a logout token', tokenOf({}, { typ: 'logout+jwt' }), 'bad_type'],
    ['no end', tokenOf({ exp: undefined }), 'bad_claim'],
    ['a token bound to a key', tokenOf({ cnf: { jkt: 'x' } }), 'bad_proof'],
  ])('responds to %s with row 2, and goes on', async (_what, token, reason) => {
    expect(await ask(token)).toEqual({
      status: 401,
      headers: [
        'Cache-Control: no-store',
        'Content-Length: 63',
        'Content-Type: application/json; charset=utf-8',
        'WWW-Authenticate: Bearer realm="api", error="invalid_token", error_description="The access token is invalid or expired"',
      ],
      body: '{"error":"unauthorized","message":"Invalid or missing API key"}',
      reasons: [reason],
    });
    expect(await ask(tokenOf())).toMatchObject({ status: 200, reasons: [undefined] });
  });

  it.each<[string, string, string]>([
    ['jwt', tokenOf(), '3'],
    ['rsa', rsa({ kid: 'k2' }), '3'],
    [
      'rsa',
      rsa({
        kid: 'k2',
        jku: 'http://127.0.0.1:1/',
        x5u: 'http://127.0.0.1:1/',
        x5c: ['MIIB'],
        jwk: {},
        x5t: 'x',
      }),
      '3',
    ],
    ['ec', tokenOf({ iss: 'https://ec.example' }, {}, 'ES256'), '2'],
    ['ed', tokenOf({ iss: 'https://ed.example' }, {}, 'EdDSA'), '2'],
    ['jwt', ofLength(8_192), '3'],
  ])('accepts a token of the verifier %s (case %#)', async (verifier, token, length) => {
    expect(await ask(token)).toEqual({
      status: 200,
      headers: [`Content-Length: ${length}`],
      body: verifier,
      reasons: [undefined],
    });
  });

  it('sends tokens of the lengths that it names', () => {
    expect([ofLength(8_192).length, ofLength(8_193).length, signatureOf('').length]).toEqual([
      8_192, 8_193, 32,
    ]);
  });
});
