import type { JwtOptions } from 'latchkey';

import {
  AUDIENCE,
  claimsOf,
  ISSUER,
  NOW,
  part,
  seal,
  tokenOf,
  verdict,
  verifierOf,
} from './tokens';

const SECONDS = NOW / 1000;
const shown = (value: unknown) =>
  [value === undefined ? 'nothing' : JSON.stringify(value), value] as const;

/** A token one of whose claims is spelt as JavaScript would not write it. */
const tokenWith = (name: string, json: string): string =>
  seal(
    part({ alg: 'HS256' }),
    part(JSON.stringify(claimsOf({ [name]: 0 })).replace(`"${name}":0`, `"${name}":${json}`)),
  );

describe('time', () => {
  beforeEach(() => void jest.useFakeTimers({ now: NOW }));
  afterEach(() => void jest.useRealTimers());

  const verdictAt = (now: number, token: string, options: Partial<JwtOptions>) => {
    jest.setSystemTime(now);
    return verdict(token, verifierOf(options));
  };

  describe.each([
    ['the default tolerance', {}, 5_000],
    ['a tolerance of nothing', { clockToleranceMs: 0 }, 0],
    ['a tolerance of a millisecond', { clockToleranceMs: 1 }, 1],
    ['a tolerance of a second and a half', { clockToleranceMs: 1_500 }, 1_500],
    ['the widest tolerance', { clockToleranceMs: 300_000 }, 300_000],
  ])('with %s', (_, options, tolerance) => {
    it.each([SECONDS, SECONDS + 0.5, 0.25])(
      'is over on exp %d, and not a millisecond before',
      async (exp) => {
        const token = tokenOf({ exp });
        const end = exp * 1000 + tolerance;
        expect(await verdictAt(end - 1, token, options)).toBe('good');
        expect(await verdictAt(end, token, options)).toBe('expired');
        expect(await verdictAt(end + 1, token, options)).toBe('expired');
      },
    );

    it('begins on nbf, and not a millisecond before', async () => {
      const token = tokenOf({ nbf: SECONDS });
      const start = NOW - tolerance;
      expect(await verdictAt(start - 1, token, options)).toBe('not_yet_valid');
      expect(await verdictAt(start, token, options)).toBe('good');
      expect(await verdictAt(start + 1, token, options)).toBe('good');
    });
  });

  it.each([1, 3, 60, 3_600, 400_000_000])(
    'may have an iat that is %d seconds in the future',
    async (ahead) => {
      for (const clockToleranceMs of [0, 5_000]) {
        expect(await verdictAt(NOW, tokenOf({ iat: SECONDS + ahead }), { clockToleranceMs })).toBe(
          'good',
        );
      }
    },
  );

  it('is over for good', async () => {
    expect(await verdictAt(NOW + 365 * 86_400_000, tokenOf(), { clockToleranceMs: 300_000 })).toBe(
      'expired',
    );
  });

  it('needs an end', async () => {
    expect(await verdict(tokenOf({ exp: undefined }))).toBe('bad_claim');
  });

  it('needs no beginning', async () => {
    expect(await verdict(tokenOf({ nbf: undefined, iat: undefined }))).toBe('good');
  });

  const ODD_DATES = [
    '"4070908800"',
    '""',
    'null',
    'true',
    '[4070908800]',
    '{}',
    '-1',
    '-0.001',
    '-4070908800',
    '1e400',
    '-1e400',
  ];

  it.each(['exp', 'nbf', 'iat'].flatMap((name) => ODD_DATES.map((json) => [name, json])))(
    'does not come from %s: %s',
    async (name, json) => {
      expect(await verdict(tokenWith(name, json), verifierOf({ clockToleranceMs: 300_000 }))).toBe(
        'bad_claim',
      );
    },
  );

  it('does not come from an exp that no number of milliseconds can represent', async () => {
    expect(await verdict(tokenWith('exp', '1e306'))).toBe('bad_claim');
  });

  it.each(['nbf', 'iat'])('may begin in 1970: %s: 0', async (name) => {
    expect(await verdict(tokenOf({ [name]: 0 }))).toBe('good');
  });

  it('ended in 1970 on exp: 0', async () => {
    expect(await verdict(tokenOf({ exp: 0 }))).toBe('expired');
    expect(await verdict(tokenWith('exp', '-0'))).toBe('expired');
  });
});

describe('the issuer', () => {
  it('is one of those that were named', async () => {
    const verifier = verifierOf({ issuer: ['https://one.example', 'https://two.example'] });
    expect(await verdict(tokenOf({ iss: 'https://one.example' }), verifier)).toBe('good');
    expect(await verdict(tokenOf({ iss: 'https://two.example' }), verifier)).toBe('good');
    expect(
      await verdict(tokenOf({ iss: 'https://one.example,https://two.example' }), verifier),
    ).toBe('bad_issuer');
    expect(await verdict(tokenOf(), verifier)).toBe('bad_issuer');
  });

  it.each(
    [
      undefined,
      null,
      '',
      7,
      true,
      {},
      [ISSUER],
      [[ISSUER]],
      { [ISSUER]: true },
      `${ISSUER}/`,
      `${ISSUER}.`,
      `${ISSUER}:443`,
      `${ISSUER}#`,
      ` ${ISSUER}`,
      `${ISSUER}\n`,
      `${ISSUER}\0`,
      ISSUER.slice(0, -1),
      ISSUER.toUpperCase(),
      'https://Osir.com',
      'https://оsir.com',
      'http://osir.com',
      'osir.com',
      '__proto__',
      'constructor',
      'has',
    ].map(shown),
  )('is not %s', async (_, iss) => {
    const verifier = verifierOf();
    const token = tokenOf({ iss });
    expect(await verdict(token, verifier)).toBe('bad_issuer');
    expect(verifier.accepts({ extractor: 'bearer', token })).toBe(false);
  });
});

describe('the audience', () => {
  it.each(
    [AUDIENCE, [AUDIENCE], ['https://other.example', AUDIENCE], [AUDIENCE, AUDIENCE]].map(shown),
  )('is this API: %s', async (_, aud) => {
    expect(await verdict(tokenOf({ aud }))).toBe('good');
  });

  it('is one of those that were named', async () => {
    const verifier = verifierOf({ audience: ['api://one', 'api://two'] });
    expect(await verdict(tokenOf({ aud: 'api://one' }), verifier)).toBe('good');
    expect(await verdict(tokenOf({ aud: ['api://two', 'api://three'] }), verifier)).toBe('good');
    expect(await verdict(tokenOf({ aud: ['api://three'] }), verifier)).toBe('bad_audience');
    expect(await verdict(tokenOf(), verifier)).toBe('bad_audience');
  });

  it.each(
    [
      undefined,
      null,
      '',
      7,
      true,
      {},
      [],
      [[AUDIENCE]],
      [AUDIENCE, 7],
      [AUDIENCE, null],
      [AUDIENCE, [AUDIENCE]],
      [{ aud: AUDIENCE }],
      { 0: AUDIENCE, length: 1 },
      { [AUDIENCE]: true },
      'https://other.example',
      ['https://other.example'],
      `${AUDIENCE}/`,
      `${AUDIENCE} https://other.example`,
      `https://other.example,${AUDIENCE}`,
      ` ${AUDIENCE}`,
      AUDIENCE.toUpperCase(),
      AUDIENCE.slice(0, -1),
      `${AUDIENCE}.evil.example`,
      '*',
      '.*',
      '__proto__',
    ].map(shown),
  )('is not %s', async (_, aud) => {
    expect(await verdict(tokenOf({ aud }))).toBe('bad_audience');
  });
});

describe('the type', () => {
  it.each(
    [
      undefined,
      'JWT',
      'jwt',
      'at+jwt',
      'AT+JWT',
      'application/at+jwt',
      'Application/AT+JWT',
      'application/jwt',
    ].map(shown),
  )('may be %s', async (_, typ) => {
    expect(await verdict(tokenOf({}, { typ }))).toBe('good');
  });

  const OTHERS = [
    '',
    null,
    7,
    true,
    {},
    ['JWT'],
    'id+jwt',
    'logout+jwt',
    'application/logout+jwt',
    'secevent+jwt',
    'dpop+jwt',
    'token-introspection+jwt',
    'JOSE',
    'JWS',
    ' JWT',
    'JWT ',
    'JWT\0',
    'at+jwt; charset=utf-8',
    'at jwt',
    'at%2Bjwt',
    'text/jwt',
    'application/',
    'application/application/jwt',
    '__proto__',
  ];

  it.each(OTHERS.map(shown))('is not %s', async (_, typ) => {
    expect(await verdict(tokenOf({}, { typ }))).toBe('bad_type');
  });

  it.each(
    ['nonce', 'at_hash', 'c_hash'].flatMap((mark) => ['x', null, ''].map((value) => [mark, value])),
  )('is not that of an ID token: %s %j', async (mark, value) => {
    expect(await verdict(tokenOf({ [mark as string]: value }))).toBe('bad_type');
    expect(await verdict(tokenOf({ [mark as string]: value }, { typ: 'at+jwt' }))).toBe('bad_type');
  });

  it.each<[string, Partial<JwtOptions>, object, object]>([
    ['typ', { typ: 'at+jwt' }, { typ: 'at+jwt' }, {}],
    ['claims', { claims: { use: 'access' } }, {}, { use: 'access' }],
    [
      'profile',
      { profile: 'rfc9068' },
      { typ: 'at+jwt' },
      { client_id: 'app', iat: SECONDS, jti: 't' },
    ],
  ])(
    'is distinguished from that of an ID token by a configured %s, whatever its other marks',
    async (_, options, header, claims) => {
      const marks = { nonce: 'n', at_hash: 'h', c_hash: 'h' };
      expect(await verdict(tokenOf({ ...claims, ...marks }, header), verifierOf(options))).toBe(
        'good',
      );
      expect(
        await verdict(tokenOf({ ...claims, ...marks }, { typ: 'id+jwt' }), verifierOf(options)),
      ).toBe('bad_type');
    },
  );

  it('is not distinguished from that of an ID token by empty claims', async () => {
    expect(await verdict(tokenOf({ nonce: 'n' }), verifierOf({ claims: {} }))).toBe('bad_type');
  });

  it('may be one that the API names, and then it is no other', async () => {
    const one = verifierOf({ typ: 'application/Service+JWT' });
    expect(await verdict(tokenOf({}, { typ: 'service+jwt' }), one)).toBe('good');
    expect(await verdict(tokenOf({}, { typ: 'APPLICATION/SERVICE+JWT' }), one)).toBe('good');
    for (const typ of [undefined, 'JWT', 'at+jwt']) {
      expect(await verdict(tokenOf({}, { typ }), one)).toBe('bad_type');
    }

    const two = verifierOf({ typ: ['JWT', 'service+jwt'] });
    expect(await verdict(tokenOf({}, { typ: 'jwt' }), two)).toBe('good');
    expect(await verdict(tokenOf({}, { typ: 'service+jwt' }), two)).toBe('good');
    for (const typ of [undefined, 'at+jwt', 'JWT,service+jwt']) {
      expect(await verdict(tokenOf({}, { typ }), two)).toBe('bad_type');
    }
  });
});

describe('the profile of RFC 9068', () => {
  const profiled = { iat: SECONDS, jti: 't1', client_id: 'app' };
  const verifier = verifierOf({ profile: 'rfc9068' });

  it.each(['at+jwt', 'application/at+jwt', 'AT+JWT'])(
    'accepts a token with all required claims, of the type %s',
    async (typ) => {
      expect(await verdict(tokenOf(profiled, { typ }), verifier)).toBe('good');
    },
  );

  it.each(['sub', 'client_id', 'iat', 'jti', 'exp'])('requires %s', async (name) => {
    expect(
      await verdict(tokenOf({ ...profiled, [name]: undefined }, { typ: 'at+jwt' }), verifier),
    ).toBe('bad_claim');
  });

  it.each([undefined, 'JWT', 'application/jwt'].map(shown))(
    'does not take the type %s',
    async (_, typ) => {
      expect(await verdict(tokenOf(profiled, { typ }), verifier)).toBe('bad_type');
    },
  );

  it('requires no less if a type or claims are configured as well', async () => {
    const strict = verifierOf({ profile: 'rfc9068', typ: 'JWT', requiredClaims: ['tenant'] });
    const token = (claims: object) =>
      tokenOf({ ...profiled, tenant: 't', ...claims }, { typ: 'JWT' });
    expect(await verdict(token({}), strict)).toBe('good');
    expect(await verdict(token({ tenant: undefined }), strict)).toBe('bad_claim');
    expect(await verdict(token({ jti: undefined }), strict)).toBe('bad_claim');
  });
});

describe('required claims', () => {
  it('are all there', async () => {
    const verifier = verifierOf({ requiredClaims: ['tenant', 'email'] });
    expect(await verdict(tokenOf({ tenant: 't', email: 'e' }), verifier)).toBe('good');
    expect(await verdict(tokenOf({ tenant: 't' }), verifier)).toBe('bad_claim');
    expect(await verdict(tokenOf({ email: 'e' }), verifier)).toBe('bad_claim');
    expect(await verdict(tokenOf(), verifier)).toBe('bad_claim');
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', '__proto__'])(
    'are not there by inheritance: %s',
    async (name) => {
      const verifier = verifierOf({ requiredClaims: [name] });
      expect(await verdict(tokenOf(), verifier)).toBe('bad_claim');
      expect(await verdict(tokenWith('x', `0,"${name}":1`), verifier)).toBe('good');
    },
  );
});

describe('the subject', () => {
  const verified = async (claims: object, verifier = verifierOf()) => {
    const verification = await verifier.verify({ extractor: 'bearer', token: tokenOf(claims) });
    return verification.ok ? verification.principal : verification.reason;
  };

  it.each(
    [
      { sub: 'u' },
      { sub: undefined, client_id: 'app' },
      { sub: 'u', client_id: 'app' },
      { sub: 'u', jti: 't' },
    ].map(shown),
  )('comes from %s', async (_, claims) => {
    expect(await verdict(tokenOf(claims as object))).toBe('good');
  });

  it.each(
    [
      { sub: '' },
      { sub: null },
      { sub: 7 },
      { sub: ['acct_42'] },
      { sub: { id: 'acct_42' } },
      { sub: '', client_id: 'app' },
      { sub: null, client_id: 'app' },
      { client_id: '' },
      { client_id: null },
      { client_id: 7 },
      { client_id: ['app'] },
      { jti: '' },
      { jti: null },
      { jti: 7 },
      { jti: ['t'] },
    ].map(shown),
  )('and its like are texts, not %s', async (_, claims) => {
    expect(await verdict(tokenOf(claims as object))).toBe('bad_claim');
  });

  it.each(['azp', 'cid', 'appid', 'https://osir.com/client'])(
    'does not come from another claim for the client: %s',
    async (name) => {
      const verifier = verifierOf({ clientIdClaim: name });
      for (const claims of [
        { [name]: 'app' },
        { [name]: 'app', client_id: 'app' },
        { [name]: 'app', username: 'ada' },
      ]) {
        expect(await verdict(tokenOf({ sub: undefined, ...claims }), verifier)).toBe('bad_claim');
      }
      expect(await verified({ sub: 'ada', [name]: 'app' }, verifier)).toMatchObject({
        subject: 'ada',
        clientId: 'app',
      });
      expect(await verified({ sub: 'app', [name]: 'app' }, verifier)).toMatchObject({
        subject: 'app',
        clientId: 'app',
      });
    },
  );

  it('does not come from client_id if the token names a user', async () => {
    expect(await verdict(tokenOf({ sub: undefined, client_id: 'app', username: 'ada' }))).toBe(
      'bad_claim',
    );
    for (const username of [null, '']) {
      expect(await verified({ sub: undefined, client_id: 'app', username })).toMatchObject({
        subject: 'app',
        clientId: 'app',
      });
    }
  });

  it('does not come from a token without any of the claims', async () => {
    expect(await verdict(tokenOf({ sub: undefined }))).toBe('bad_claim');
  });

  it('does not come from a claim named __proto__', async () => {
    const withoutSubject = JSON.stringify(claimsOf({ sub: undefined })).replace(
      '{',
      '{"__proto__":{"sub":"admin","client_id":"admin"},',
    );
    expect(await verdict(seal(part({ alg: 'HS256' }), part(withoutSubject)))).toBe('bad_claim');
  });
});

describe('the confirmation', () => {
  it.each([null, true, 7, 'jkt', [], [{ jkt: 'x' }], {}].map(shown))(
    'is an object with members, not %s',
    async (_, cnf) => {
      expect(await verdict(tokenOf({ cnf }))).toBe('bad_claim');
    },
  );
});

describe('the scopes', () => {
  const scopesOf = async (claims: object, options: Partial<JwtOptions> = {}) => {
    const verification = await verifierOf(options).verify({
      extractor: 'bearer',
      token: tokenOf(claims),
    });
    return verification.ok ? verification.principal.scopes : verification.reason;
  };

  it.each<[string, object, readonly string[]]>([
    ['no claim', {}, []],
    ['one', { scope: 'domains:read' }, ['domains:read']],
    ['a string that spaces part', { scope: 'b a c' }, ['b', 'a', 'c']],
    ['many spaces', { scope: '  a   b ' }, ['a', 'b']],
    ['an empty string', { scope: '' }, []],
    ['an array', { scope: ['b', 'a'] }, ['b', 'a']],
    ['an empty array', { scope: [] }, []],
    ['scp as a string', { scp: 'a b' }, ['a', 'b']],
    ['scp as an array', { scp: ['a', 'b'] }, ['a', 'b']],
    ['scope before scp', { scp: 'admin', scope: 'a' }, ['a']],
    ['an empty scope before scp', { scp: 'admin', scope: '' }, []],
    ['no permissions unless they are asked for', { permissions: ['admin'] }, []],
    ['no roles', { roles: ['admin'] }, []],
    ['the same twice', { scope: 'a b a' }, ['a', 'b']],
    ['the same twice in an array', { scp: ['a', 'a'] }, ['a']],
    ['a comma, which parts nothing', { scope: 'a,b' }, ['a,b']],
    [
      'the names of what every object inherits',
      { scope: '__proto__ constructor' },
      ['__proto__', 'constructor'],
    ],
    ['upper and lower case apart', { scope: 'Read read' }, ['Read', 'read']],
  ])('are read of %s', async (_, claims, scopes) => {
    expect(await scopesOf(claims)).toEqual(scopes);
  });

  it('are ten thousand, if so many were granted', async () => {
    const scope = Array.from({ length: 10_000 }, (_, n) => `s:${n}`);
    expect(await scopesOf({ scope })).toEqual(scope);
    expect(await scopesOf({ scope: scope.join(' ') })).toEqual(scope);
  });

  it.each([true, 7, {}, { 0: 'a', length: 1 }].map(shown))('are not %s', async (_, value) => {
    expect(await scopesOf({ scope: value })).toBe('bad_claim');
    expect(await scopesOf({ scp: value })).toBe('bad_claim');
    expect(await scopesOf({ permissions: value }, { scopeClaim: 'permissions' })).toBe('bad_claim');
  });

  it.each<[unknown, readonly string[]]>([
    ['a\tb', []],
    ['a b\nc', ['a']],
    ['a\u00a0b', []],
    ['a"b c', ['c']],
    ['a\\b', []],
    ['dömains:read a', ['a']],
    [['a', 7], ['a']],
    [['a', null], ['a']],
    [['a', ''], ['a']],
    [['Admin', 'Content Editor'], ['Admin']],
    [['a', ['b']], ['a']],
    [[' a'], []],
  ])('skip an entry that is no scope token: %j', async (value, scopes) => {
    expect(await scopesOf({ scope: value })).toEqual(scopes);
    expect(await scopesOf({ scp: value })).toEqual(scopes);
    expect(await scopesOf({ permissions: value }, { scopeClaim: 'permissions' })).toEqual(scopes);
  });

  it('are not in a claim that is null, which counts as absent', async () => {
    expect(await scopesOf({ scope: null })).toEqual([]);
    expect(await scopesOf({ scope: null, scp: 'a' })).toEqual(['a']);
    expect(await scopesOf({ permissions: null }, { scopeClaim: 'permissions' })).toEqual([]);
    expect(
      await scopesOf({ roles: null, permissions: ['a'] }, { scopeClaim: ['roles', 'permissions'] }),
    ).toEqual(['a']);
  });

  it('are in the claim that was named, and in no other', async () => {
    expect(
      await scopesOf(
        { permissions: ['a', 'b'], scope: 'admin', scp: 'admin' },
        { scopeClaim: 'permissions' },
      ),
    ).toEqual(['a', 'b']);
    expect(await scopesOf({ scope: 'admin', scp: 'admin' }, { scopeClaim: 'permissions' })).toEqual(
      [],
    );
    expect(
      await scopesOf(
        { 'https://osir.com/scopes': 'a b' },
        { scopeClaim: 'https://osir.com/scopes' },
      ),
    ).toEqual(['a', 'b']);
    expect(await scopesOf({ scp: 'a', scope: null }, { scopeClaim: 'scp' })).toEqual(['a']);
    expect(await scopesOf({ scope: 'a' }, { scopeClaim: 'constructor' })).toEqual([]);
  });
});

describe('the detail of a rejection', () => {
  const detailOf = async (
    claims: object,
    options: Partial<JwtOptions> = {},
    header: object = {},
  ) => {
    const verification = await verifierOf(options).verify({
      extractor: 'bearer',
      token: tokenOf(claims, header),
    });
    return verification.ok ? 'good' : `${verification.reason}: ${verification.detail}`;
  };
  const rfc9068 = { profile: 'rfc9068' } as const;
  const secret = 's3cret-value';

  const rows: [string, object, Partial<JwtOptions>?, object?][] = [
    ['bad_claim: exp is missing', { exp: undefined }],
    ['bad_claim: exp is not a number of seconds since the epoch', { exp: secret }],
    ['bad_claim: nbf is not a number of seconds since the epoch', { nbf: secret }],
    ['bad_claim: iat is not a number of seconds since the epoch', { iat: null }],
    ['expired: exp is in the past', { exp: 1 }],
    ['not_yet_valid: nbf is in the future', { nbf: SECONDS + 60 }],
    ['bad_issuer: iss is not an accepted issuer', { iss: secret }],
    ['bad_audience: aud is missing', { aud: undefined }],
    [
      'bad_audience: client_id does not name an accepted audience',
      { client_id: secret },
      { audienceClaim: 'client_id' },
    ],
    ["bad_type: the header's typ is not accepted", {}, {}, { typ: secret }],
    ["bad_type: the header's typ is missing", {}, rfc9068],
    [
      'bad_type: nonce is a claim of ID tokens; if access tokens have it too, configure "typ", "claims" or "profile"',
      { nonce: secret },
    ],
    [
      'bad_claim: use does not have an accepted value',
      { use: secret },
      { claims: { use: 'access' } },
    ],
    ['bad_claim: tenant is missing', {}, { requiredClaims: ['tenant'] }],
    ['bad_claim: client_id is missing', { iat: 1, jti: 't' }, rfc9068, { typ: 'at+jwt' }],
    ['bad_claim: sub is not a string', { sub: 42 }],
    ['bad_claim: sub is not a non-empty string', { sub: '' }],
    ['bad_claim: jti is not a string', { jti: [secret] }],
    ['bad_claim: azp is not a string', { azp: { a: secret } }, { clientIdClaim: 'azp' }],
    ['bad_claim: sub is missing, and the token is not that of a client alone', { sub: undefined }],
    ['bad_claim: cnf is not an object', { cnf: secret }],
    ['bad_claim: cnf is empty, so nothing can be verified', { cnf: {} }],
    ['bad_claim: scope or scp is neither a string nor a list', { scp: 7 }],
    ['malformed: the header has crit, which is not supported', {}, {}, { crit: [secret] }],
    ["malformed: the header's kid is not a string of at most 256 characters", {}, {}, { kid: 7 }],
    [
      'bad_signature: no key of the issuer fits the alg and kid of the token and verifies its signature',
      {},
      {},
      { alg: 'HS512' },
    ],
  ];

  it.each(rows.map(([expected, ...given]) => [expected, given] as const))(
    '%s',
    async (expected, [claims, options, header]) => {
      expect(await detailOf(claims, options, header)).toBe(expected);
    },
  );
});

describe('the order of proof', () => {
  it('is signature, time, issuer, audience, type, then the rest', async () => {
    const verifier = verifierOf({ requiredClaims: ['tenant'] });
    const faults = {
      exp: SECONDS - 600,
      nbf: SECONDS + 300,
      iss: `${ISSUER}/`,
      aud: 'https://other.example',
      nonce: 'n',
      scope: 7,
    };
    const mended: Record<string, unknown> = { ...faults };
    const stillWrong = () => verdict(tokenOf(mended), verifier);
    const forged = tokenOf(mended).split('.').with(2, 'AAAA').join('.');

    expect(await verdict(forged, verifier)).toBe('bad_signature');
    expect(await stillWrong()).toBe('expired');
    mended.exp = SECONDS + 600;
    expect(await stillWrong()).toBe('not_yet_valid');
    mended.nbf = SECONDS;
    expect(await stillWrong()).toBe('bad_issuer');
    mended.iss = ISSUER;
    expect(await stillWrong()).toBe('bad_audience');
    mended.aud = AUDIENCE;
    expect(await stillWrong()).toBe('bad_type');
    delete mended.nonce;
    expect(await stillWrong()).toBe('bad_claim');
    mended.tenant = 't';
    expect(await stillWrong()).toBe('bad_claim');
    delete mended.scope;
    expect(await stillWrong()).toBe('good');
  });
});
