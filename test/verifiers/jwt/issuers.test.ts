import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';

import { jwt, type JwtOptions, latchkey } from 'latchkey';

import { instructionsOf } from '../../support/markdown';
import { GOOGLE_ACCESS_TOKEN, GOOGLE_ID_TOKEN, ISSUERS, READ_ON } from './fixtures/issuers';
import { NOW, PAIRS, part, seal, verdict } from './tokens';

const keys = { algorithms: ['RS256'], key: PAIRS.RS256.publicKey } as const;
const tokenOf = (header: object, claims: object) =>
  seal(
    part({ alg: 'RS256', ...header }),
    part({ ...claims, iat: NOW / 1000 - 10, exp: NOW / 1000 + 600 }),
    'RS256',
  );
/** Of the lines of the guide, with a key in place of those that the issuer publishes. */
const verifierBy = ({ jwksUri: _, ...options }: JwtOptions) => jwt({ ...options, ...keys });

describe.each(ISSUERS)(
  'an access token of $name',
  ({ header, claims, options, principal, refused }) => {
    it('is accepted with the options of the guide', async () => {
      const verifier = verifierBy(options);
      const credential = { extractor: 'bearer', token: tokenOf(header, claims) };
      expect(verifier.accepts(credential)).toBe(true);
      expect(await verifier.verify(credential)).toMatchObject({ ok: true, principal });
    });

    it.each(refused)(
      'is rejected if $why',
      async ({ options: changed, header: otherHeader, claims: others, reason }) => {
        const verifier = verifierBy({ ...options, ...changed });
        expect(
          await verdict(tokenOf({ ...header, ...otherHeader }, { ...claims, ...others }), verifier),
        ).toBe(reason);
      },
    );
  },
);

test('accepts tokens of every tenant of Entra ID by a pattern', async () => {
  const { header, claims, options } = ISSUERS.find(({ name }) => name === 'Entra ID v2')!;
  const verifier = verifierBy({
    ...options,
    issuer: 'https://login.microsoftonline.com/{tenant}/v2.0',
  });
  const other = {
    iss: 'https://login.microsoftonline.com/99999999-2222-3333-4444-555555555555/v2.0',
  };
  expect(await verdict(tokenOf(header, claims), verifier)).toBe('good');
  expect(await verdict(tokenOf(header, { ...claims, ...other }), verifier)).toBe('good');
  expect(await verdict(tokenOf(header, { ...claims, ...other }), verifierBy(options))).toBe(
    'bad_issuer',
  );
});

describe('Google', () => {
  it('issues opaque access tokens, which jwt() does not accept', async () => {
    const { check } = latchkey({
      verifiers: [
        jwt({ issuer: 'https://accounts.google.com', audience: 'https://api.example.com' }),
      ],
    });
    expect(
      await check({ headers: { authorization: `Bearer ${GOOGLE_ACCESS_TOKEN}` } }),
    ).toMatchObject({
      status: 'refused',
      reason: 'unknown',
    });
  });

  it.each([
    ['for an API', 'https://api.example.com', {}, 'bad_audience'],
    ['for its client, as its marks tell', 'app', {}, 'bad_type'],
    // Why the guide says that no audience is the id of a client.
    ['for its client, without a mark', 'app', { at_hash: undefined }, 'good'],
  ])(
    'issues ID tokens, which are rejected as access tokens: %s',
    async (_, audience, claims, expected) => {
      const verifier = verifierBy({ issuer: 'https://accounts.google.com', audience });
      expect(
        await verdict(
          tokenOf(GOOGLE_ID_TOKEN.header, { ...GOOGLE_ID_TOKEN.claims, ...claims }),
          verifier,
        ),
      ).toBe(expected);
    },
  );
});

describe('the guide to these issuers', () => {
  const guide = readFileSync('docs/issuers.md', 'utf8');

  it('has exactly the options that are tested here', () => {
    const lines: string[] = [];
    for (const text of Object.values(instructionsOf(guide).files)) {
      const script = text.replace(/^import .*$/m, '').replaceAll('export const', 'const');
      runInNewContext(script, {
        jwt: (options: JwtOptions) => lines.push(JSON.stringify(options)),
      });
    }
    expect(lines).toEqual([...new Set(ISSUERS.map(({ options }) => JSON.stringify(options)))]);
  });

  it('names its sources, versions and date', () => {
    expect(guide).toContain(`Read on ${READ_ON}.`);
    for (const { title, url, version = '' } of [...ISSUERS, GOOGLE_ID_TOKEN].flatMap(
      ({ sources }) => sources,
    )) {
      expect(url).toMatch(/^https:\/\//);
      expect(guide).toContain(`[${title}](${url})`);
      expect(guide).toContain(version);
    }
  });
});

describe('a claim that has to have a value', () => {
  const policy = (claims: JwtOptions['claims']) =>
    jwt({ ...keys, issuer: 'i', audience: 'a', ...(claims && { claims }) });
  const token = (claims: object) => tokenOf({}, { iss: 'i', aud: 'a', sub: 's', ...claims });
  it.each<[object, Required<JwtOptions>['claims'], string]>([
    [{ use: 'access' }, { use: 'access' }, 'good'],
    [{ use: 'b' }, { use: ['a', 'b'] }, 'good'],
    [{ use: ['x', 'a'] }, { use: 'a' }, 'good'],
    [{ use: 1, on: true }, { use: 1, on: true }, 'good'],
    [{ use: 'a' }, { use: 'a', other: 'b' }, 'bad_claim'],
    [{ use: '1' }, { use: 1 }, 'bad_claim'],
    [{ use: 'Access' }, { use: 'access' }, 'bad_claim'],
    [{ use: { access: true } }, { use: 'access' }, 'bad_claim'],
    [{ use: [] }, { use: 'access' }, 'bad_claim'],
    [{}, { constructor: 'access' }, 'bad_claim'],
  ])('accepts %j by the values %j', async (claims, values, expected) => {
    expect(await verdict(token(claims), policy(values))).toBe(expected);
  });
  it.each([7, '', ['app'], {}])('rejects a client claim of %j', async (azp) => {
    const verifier = jwt({ ...keys, issuer: 'i', audience: 'a', clientIdClaim: 'azp' });
    expect(await verdict(token({ azp }), verifier)).toBe('bad_claim');
  });
});
