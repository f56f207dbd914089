import { generateKeyPairSync } from 'node:crypto';
import type { RequestListener } from 'node:http';

import { jwt, type JwtOptions, latchkey, type Verifier } from 'latchkey';

import { publicJwk } from '../../support/fake-issuer';
import { listen } from '../../support/servers';
import { AUDIENCE, PAIRS, thrownBy, tokenOf, verdict } from './tokens';

const servers: (() => Promise<void>)[] = [];
let aheadMs = 0;
const realNow = Date.now;
beforeEach(() => {
  aheadMs = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => realNow() + aheadMs);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(servers.splice(0).map((close) => close()));
});

/**
 * A server with a tenant at each path that `isThere` knows; all sign with one key unless `keysOf`
 * says otherwise.
 */
async function tenants(
  isThere: (tenant: string) => boolean,
  keysOf: (tenant: string) => object[] = () => [publicJwk('k1')],
) {
  const asked: string[] = [];
  const listener: RequestListener = (req, res) => {
    const [, tenant = '', rest = ''] = /^\/([^/]*)\/(.*)$/.exec(req.url as string) ?? [];
    asked.push(req.url as string);
    if (!isThere(tenant)) {
      return void res.writeHead(404).end();
    }
    const body =
      rest === 'keys'
        ? { keys: keysOf(tenant) }
        : { issuer: `${origin}/${tenant}`, jwks_uri: `${origin}/${tenant}/keys` };
    res.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  };
  const { port, close } = await listen(listener);
  servers.push(close);
  const origin = `http://127.0.0.1:${port}`;
  return { origin, asked, pattern: `${origin}/{tenant}` };
}
const tokenFrom = (iss: string, header: object = {}, key = PAIRS.ES256.privateKey) =>
  tokenOf(
    { iss, exp: Math.floor(Date.now() / 1000) + 600 },
    { kid: 'k1', ...header },
    'ES256',
    key,
  );
/** A title for a value of any length. */
const shorten = (iss: unknown): string => {
  const text = JSON.stringify(iss) ?? 'undefined';
  return text.length > 60 ? `a text of ${text.length} characters` : text;
};
const verifierOf = (options: Partial<JwtOptions> & Pick<JwtOptions, 'issuer'>) =>
  jwt({ audience: AUDIENCE, ...options });
const outcome = async (verifier: Verifier, token: string) =>
  verdict(token, verifier).catch(() => 'outage');
const accepts = (verifier: Verifier, iss: unknown) =>
  verifier.accepts({ extractor: 'bearer', token: tokenOf({ iss }, {}, 'ES256') });

describe('tenants', () => {
  it('are accepted by a pattern, and the principal names the issuer', async () => {
    const { origin, asked, pattern } = await tenants((tenant) => tenant !== 'c');
    const { check } = latchkey({
      verifiers: [verifierOf({ issuer: [pattern, 'https://id.example'] })],
    });
    for (const tenant of ['a', 'b']) {
      expect(
        await check(
          { headers: { authorization: `Bearer ${tokenFrom(`${origin}/${tenant}`)}` } },
          { scopes: [] },
        ),
      ).toMatchObject({
        principal: { issuer: `${origin}/${tenant}` },
      });
    }
    expect(asked).toEqual(
      ['a', 'b'].flatMap((tenant) => [
        `/${tenant}/.well-known/openid-configuration`,
        `/${tenant}/keys`,
      ]),
    );
  });

  it('are taken by a function that says true, and by nothing less', async () => {
    const { origin, asked } = await tenants(() => true);
    const customers: Record<string, unknown> = { a: true, b: 1, c: 'true', d: false };
    const verifier = verifierOf({
      issuer: (iss) => customers[iss.slice(origin.length + 1)] as boolean,
    });
    expect(await outcome(verifier, tokenFrom(`${origin}/a`))).toBe('good');
    for (const tenant of ['b', 'c', 'd', 'e']) {
      expect(await outcome(verifier, tokenFrom(`${origin}/${tenant}`))).toBe('bad_issuer');
    }
    expect(asked).toHaveLength(2);
  });

  it('are not taken by a function that returns a promise: that is an outage, and says why', async () => {
    const message =
      'jwt(): option "issuer" returned a promise; the function must return true or false synchronously';
    for (const result of [
      Promise.resolve(true),
      Promise.resolve(false),
      Promise.reject(new Error('no table')),
    ]) {
      const verifier = verifierOf({ issuer: () => result as never });
      expect(() => accepts(verifier, 'https://id.example')).toThrow(message);
      expect(await outcome(verifier, tokenFrom('https://id.example')).catch(() => 'thrown')).toBe(
        'outage',
      );
    }
  });

  it('are not looked up by an async function', () => {
    expect(thrownBy(() => verifierOf({ issuer: (async () => true) as never }))).toEqual(
      new TypeError(
        'jwt(): option "issuer" must be a function that returns true or false synchronously, not an async one',
      ),
    );
  });

  it('have each its own keys, also if the issuer is a list', async () => {
    const [a, b] = [
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ];
    const jwks = { a: a.publicKey, b: b.publicKey };
    const keysOf = (tenant: string) => [
      { ...jwks[tenant as 'a'].export({ format: 'jwk' }), kid: 'k1' },
    ];
    const { origin, pattern } = await tenants(() => true, keysOf);
    for (const issuer of [pattern, [`${origin}/a`, `${origin}/b`]]) {
      const verifier = verifierOf({ issuer });
      const outcomes = [
        await outcome(verifier, tokenFrom(`${origin}/a`, {}, a.privateKey)),
        await outcome(verifier, tokenFrom(`${origin}/b`, {}, b.privateKey)),
        await outcome(verifier, tokenFrom(`${origin}/a`, {}, b.privateKey)),
        await outcome(verifier, tokenFrom(`${origin}/b`, {}, a.privateKey)),
        await outcome(verifier, tokenFrom(`${origin}/b`, { kid: undefined }, a.privateKey)),
      ];
      expect(outcomes).toEqual(['good', 'good', 'bad_signature', 'bad_signature', 'bad_signature']);
    }
  });

  it('may share keys, if one place has them for all', async () => {
    const { origin, asked, pattern } = await tenants(() => true);
    const verifier = verifierOf({ issuer: pattern, jwksUri: `${origin}/common/keys` });
    for (const tenant of ['a', 'b', 'c']) {
      expect(await outcome(verifier, tokenFrom(`${origin}/${tenant}`))).toBe('good');
    }
    expect(await outcome(verifier, tokenFrom('https://id.example'))).toBe('bad_issuer');
    expect(asked).toEqual(['/common/keys']);
  });

  it('that do not exist are rejected, and fetched once in a cool-down', async () => {
    const { origin, asked, pattern } = await tenants(() => false);
    const verifier = verifierOf({ issuer: pattern });
    for (let n = 0; n < 5; n++) {
      expect(await outcome(verifier, tokenFrom(`${origin}/a`))).toBe('bad_signature');
    }
    expect(asked.filter((url) => url === '/a/.well-known/openid-configuration')).toHaveLength(1);
    aheadMs += 5_000;
    await outcome(verifier, tokenFrom(`${origin}/a`));
    expect(asked.filter((url) => url === '/a/.well-known/openid-configuration')).toHaveLength(2);
  });

  it.each([401, 403, 429, 500, 302])(
    'that a server does not deny by %i are an outage',
    async (status) => {
      const { port, close } = await listen((_req, res) => void res.writeHead(status).end());
      servers.push(close);
      const origin = `http://127.0.0.1:${port}`;
      expect(
        await outcome(verifierOf({ issuer: `${origin}/{tenant}` }), tokenFrom(`${origin}/a`)),
      ).toBe('outage');
      expect(await outcome(verifierOf({ issuer: `${origin}/a` }), tokenFrom(`${origin}/a`))).toBe(
        'outage',
      );
    },
  );

  it('that are no tenants, but the one issuer that was named, are not denied by 404', async () => {
    const { origin } = await tenants(() => false);
    expect(await outcome(verifierOf({ issuer: `${origin}/a` }), tokenFrom(`${origin}/a`))).toBe(
      'outage',
    );
  });

  it('that are made up in a flood cost a bounded number of questions, and drive out no real one', async () => {
    const { origin, asked, pattern } = await tenants((tenant) => tenant.startsWith('real'));
    const verifier = verifierOf({ issuer: pattern, remote: { maxIssuers: 10 } });
    const real = Array.from({ length: 10 }, (_, n) => `${origin}/real${n}`);
    for (const iss of real) {
      expect(await outcome(verifier, tokenFrom(iss))).toBe('good');
    }
    const flood = (from: number) =>
      Promise.all(
        Array.from({ length: 500 }, (_, n) =>
          outcome(verifier, tokenFrom(`${origin}/x${from + n}`)),
        ),
      );
    for (let n = 0; n < 4; n++) {
      expect(new Set(await flood(n * 500)).has('good')).toBe(false);
    }
    const probes = () =>
      asked.filter(
        (url) => url.endsWith('.well-known/openid-configuration') && url.startsWith('/x'),
      );
    expect(probes()).toHaveLength(256);
    asked.length = 0;
    for (const iss of real) {
      expect(await outcome(verifier, tokenFrom(iss))).toBe('good');
    }
    expect(asked).toEqual([]);
    // A new customer is told to come back, never that the token is bad, and is let in when the
    // flood is over.
    expect(await outcome(verifier, tokenFrom(`${origin}/realnew`))).toBe('outage');
    aheadMs += 5_000;
    expect(await outcome(verifier, tokenFrom(`${origin}/realnew`))).toBe('good');
  });

  it('are forgotten when too many others came, and found again', async () => {
    const { origin, asked, pattern } = await tenants(() => true);
    const verifier = verifierOf({ issuer: pattern, remote: { maxIssuers: 20 } });
    for (let first = 0; first < 300; first += 50) {
      const some = Array.from({ length: 50 }, (_, n) =>
        outcome(verifier, tokenFrom(`${origin}/t${first + n}`)),
      );
      expect(new Set(await Promise.all(some))).toEqual(new Set(['good']));
    }
    expect(asked).toHaveLength(600);
    await outcome(verifier, tokenFrom(`${origin}/t0`));
    expect(asked).toHaveLength(602);
    expect(await outcome(verifier, tokenFrom(`${origin}/t0`))).toBe('good');
    expect(asked).toHaveLength(602);
  }, 15_000);

  it('that are away are an outage, and known keys of theirs go on', async () => {
    let isAway = false;
    const { origin, pattern } = await tenants(() => !isAway);
    const verifier = verifierOf({ issuer: pattern });
    expect(await outcome(verifier, tokenFrom(`${origin}/a`))).toBe('good');
    isAway = true;
    aheadMs += 600_000;
    expect(await outcome(verifier, tokenFrom(`${origin}/a`))).toBe('good');
    await servers.splice(0)[0]?.();
    aheadMs += 5_000;
    expect([
      await outcome(verifier, tokenFrom(`${origin}/a`)),
      await outcome(verifier, tokenFrom(`${origin}/b`)),
    ]).toEqual(['good', 'outage']);
  });
});

describe('an issuer that a token names', () => {
  const patterns = [
    'https://login.example.com/{tenant}/v2.0',
    'https://{tenant}.auth.example.com/',
    'https://idp.example.com/pool_{id}',
  ];
  const byPattern = verifierOf({ issuer: patterns });
  const seen: string[] = [];
  const byFunction = verifierOf({ issuer: (iss) => seen.push(iss) > 0 });

  it.each([
    'https://login.example.com/acme/v2.0',
    'https://login.example.com/a1b2-c3_d4~e5/v2.0',
    'https://login.example.com/acme.onmicrosoft.com/v2.0',
    'https://acme.auth.example.com/',
    'https://acme-2.auth.example.com/',
    'https://idp.example.com/pool_Ab1',
  ])('is taken by a pattern: %s', (iss) => {
    expect(accepts(byPattern, iss)).toBe(true);
  });

  it.each<[string, unknown]>(
    [
      'https://login.example.com/acme/v1.0',
      'https://login.example.com//v2.0',
      'https://login.example.com/a/b/v2.0',
      'https://login.example.com/./v2.0',
      'https://login.example.com/../v2.0',
      'https://login.example.com/a..b/v2.0',
      'https://login.example.com/a%2Fb/v2.0',
      'https://login.example.com/%61cme/v2.0',
      'https://login.example.com/acme\\v2.0',
      'https://login.example.com\\@evil.example/acme/v2.0',
      'https://login.example.com/acme/v2.0/',
      'https://login.example.com/acme/v2.0#',
      'https://login.example.com/acme/v2.0#a',
      'https://login.example.com/acme/v2.0?',
      'https://login.example.com/acme?/v2.0',
      'https://login.example.com/acme;/v2.0',
      'https://login.example.com/acme\n/v2.0',
      'https://login.example.com/acme/v2.0\n',
      ' https://login.example.com/acme/v2.0',
      'https://login.example.com:443/acme/v2.0',
      'https://login.example.com:8443/acme/v2.0',
      'https://login.example.com./acme/v2.0',
      'https://LOGIN.example.com/acme/v2.0',
      'HTTPS://login.example.com/acme/v2.0',
      'http://login.example.com/acme/v2.0',
      'https:/login.example.com/acme/v2.0',
      'https:login.example.com/acme/v2.0',
      '//login.example.com/acme/v2.0',
      'https://user@login.example.com/acme/v2.0',
      'https://login.example.com@evil.example/acme/v2.0',
      'https://evil.example/https://login.example.com/acme/v2.0',
      'https://login.example.com.evil.example/acme/v2.0',
      'https://evil.example/acme/v2.0',
      'https://loginXexample.com/acme/v2.0',
      'https://löginexample.com/acme/v2.0',
      'https://login.example。com/acme/v2.0',
      'https://login.example.com/ácme/v2.0',
      'https://login.example.com/ａcme/v2.0',
      `https://login.example.com/${'a'.repeat(600)}/v2.0`,
      'https://evil.example/.auth.example.com/',
      'https://evil.example#.auth.example.com/',
      'https://evil.example:1.auth.example.com/',
      'https://evil@acme.auth.example.com/',
      'https://a.b.auth.example.com/',
      'https://.auth.example.com/',
      'https://-.auth.example.com/',
      'https://ACME.auth.example.com/',
      'https://acme.auth.example.com',
      'https://acme.auth.example.com./',
      'https://{tenant}.auth.example.com/',
      'https://login.example.com/{tenant}/v2.0',
      'https://idp.example.com/pool_',
      '',
      7,
      null,
      undefined,
      ['https://login.example.com/acme/v2.0'],
    ].map((iss): [string, unknown] => [shorten(iss), iss]),
  )('is not accepted by a pattern: %s', async (_, iss) => {
    expect(accepts(byPattern, iss)).toBe(false);
    expect(await verdict(tokenOf({ iss }, {}, 'ES256'), byPattern)).toBe('bad_issuer');
  });

  it.each(
    [
      'https://login.example.com/a%2Fb',
      'https://login.example.com/a/../b',
      'https://login.example.com\\@evil.example',
      'https://login.example.com#',
      'https://login.example.com?',
      'https://login.example.com:443',
      'https://LOGIN.example.com',
      'https://login.example.com.',
      'https://user@login.example.com',
      'https://lögin.example.com',
      'http://login.example.com',
      'https://127.0.0.2',
      'https://[::ffff:127.0.0.1]',
      'https://169.254.169.254',
      'https://0.0.0.0',
      'https://db.localhost',
      'ftp://login.example.com',
      `https://login.example.com/${'a'.repeat(600)}`,
      'login.example.com',
      '',
    ].map((iss) => [shorten(iss), iss]),
  )('is not passed to the function unless it is a URL in its normal form: %s', (_, iss) => {
    seen.length = 0;
    expect(accepts(byFunction, iss)).toBe(false);
    expect(seen).toEqual([]);
  });

  it.each([
    'https://login.example.com',
    'https://login.example.com/',
    'https://login.example.com/a/b',
    'https://login.example.com:8443/a',
  ])('is passed to the function: %s', (iss) => {
    expect(accepts(byFunction, iss)).toBe(true);
    expect(seen.pop()).toBe(iss);
  });

  it('is an outage if the function throws', async () => {
    const verifier = verifierOf({
      issuer: () => {
        throw new Error('no table');
      },
    });
    const { check } = latchkey({ verifiers: [verifier] });
    expect(
      await check({ headers: { authorization: `Bearer ${tokenFrom('https://id.example')}` } }),
    ).toMatchObject({
      reason: 'unavailable',
    });
  });
});

describe('a pattern', () => {
  it.each([
    'https://{tenant}',
    'https://{tenant}/',
    'https://{tenant}.com',
    'https://{tenant}:443/a',
    'https://a{tenant}.example.com',
    'https://{tenant}a.example.com',
    'https://login.{tenant}.com',
    'https://login.example.{tld}',
    'https://login.example.com:{port}/',
    'https://{user}@login.example.com/',
    'http://{tenant}.auth.example.com',
    '{scheme}://login.example.com',
    'https://login.example.com/{}',
    'https://login.example.com/{tenant',
    'https://login.example.com/tenant}{',
    'https://login.example.com/{ten ant}',
    'https://login.example.com/{tenant}?a',
    'https://login.example.com/{tenant}#a',
    'https://login.example.com/../{tenant}',
    '{tenant}',
  ])('cannot be %s', (issuer) => {
    const error = thrownBy(() => verifierOf({ issuer }));
    expect((error as TypeError).message).toMatch(
      /^jwt\(\): option "issuer" must have its placeholders in the path, or as whole labels/,
    );
  });

  it.each(['{tenant}-{env}', '{a}{b}', '{a}.{b}', 'x-{a}_{b}-y', 'a/{b}/{c}-{d}'])(
    'has at most one placeholder in a segment of the path: %s',
    (path) => {
      expect(thrownBy(() => verifierOf({ issuer: `https://login.example.com/${path}` }))).toEqual(
        new TypeError(
          'jwt(): option "issuer" must have at most one placeholder in each segment of the path',
        ),
      );
    },
  );

  it.each([
    ['{t}', 'a-'.repeat(2_000)],
    ['{t}', 'a.'.repeat(2_000)],
    ['{t}-x', '-'.repeat(4_000)],
    ['a{t}a', 'a'.repeat(4_000)],
    ['{t}/{u}-x/{v}', 'a-x'.repeat(1_500)],
    ['{t}', '/'.repeat(4_000)],
  ])('is matched in linear time: %s (case %#)', (path, hostile) => {
    const verifier = verifierOf({
      issuer: [`https://login.example.com/${path}`, 'https://{a}.{b}.example.com/'],
    });
    for (const iss of [
      `https://login.example.com/${hostile}!`,
      `https://${hostile}.example.com/`,
      hostile,
    ]) {
      expect(accepts(verifier, iss)).toBe(false);
    }
  });

  it('that accepts tokens of another verifier is rejected at start-up', () => {
    const both = (issuer: JwtOptions['issuer']) => () =>
      latchkey({
        verifiers: [
          verifierOf({ issuer: 'https://login.example.com/acme/v2.0' }),
          verifierOf({ name: 'other', issuer }),
        ],
      });
    expect(both('https://login.example.com/{tenant}/v2.0')).toThrow(/accept the same credentials/);
    expect(both((iss) => iss.startsWith('https://login.example.com/'))).toThrow(
      /accept the same credentials/,
    );
    expect(both('https://login.example.com/{tenant}/v1.0')).not.toThrow();
  });

  it.each([0, -1, 1.5, '10', 1e6 + 1])('has no room for %p issuers', (maxIssuers) => {
    const options = {
      issuer: 'https://id.example/{tenant}',
      remote: { maxIssuers: maxIssuers as number },
    };
    expect((thrownBy(() => verifierOf(options)) as Error).message).toContain(
      '"remote.maxIssuers" must be an integer',
    );
  });
});
