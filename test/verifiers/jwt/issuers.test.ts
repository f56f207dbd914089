import { jwt, latchkey, type JwtOptions } from 'latchkey';
import { GOOGLE_ACCESS_TOKEN, ISSUERS } from './fixtures/issuers';
import { NOW, PAIRS, part, seal, verdict } from './tokens';

const keys = { algorithms: ['RS256'], key: PAIRS.RS256.publicKey } as const;
const tokenOf = (header: object, claims: object) =>
  seal(part({ alg: 'RS256', ...header }), part({ ...claims, iat: NOW / 1000 - 10, exp: NOW / 1000 + 600 }), 'RS256');

describe.each(ISSUERS)('an access token of $name', ({ source, header, claims, options, principal, refused }) => {
  it('is taken with the lines of the guide', async () => {
    const verifier = jwt({ ...keys, ...options });
    const credential = { carrier: 'bearer', token: tokenOf(header, claims) };
    expect(verifier.accepts(credential)).toBe(true);
    expect(await verifier.verify(credential)).toMatchObject({ ok: true, principal });
    expect(source).toMatch(/^https:\/\//);
  });

  it.each(refused)('is refused where $why', async ({ options: changed, claims: others = {}, reason }) => {
    const verifier = jwt({ ...keys, ...options, ...changed });
    expect(await verdict(tokenOf(header, { ...claims, ...others }), verifier)).toBe(reason);
  });
});

test('an access token of Google is opaque, and no verifier of JWTs takes it', async () => {
  const { check } = latchkey({ verifiers: [jwt({ issuer: 'https://accounts.google.com', audience: 'app' })] });
  expect(await check({ headers: { authorization: `Bearer ${GOOGLE_ACCESS_TOKEN}` } })).toMatchObject({
    status: 'refused',
    reason: 'unknown',
  });
});

describe('a claim that has to have a value', () => {
  const policy = (claims: JwtOptions['claims']) => jwt({ ...keys, issuer: 'i', audience: 'a', ...(claims && { claims }) });
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
  ])('of %j by %j', async (claims, values, expected) => {
    expect(await verdict(token(claims), policy(values))).toBe(expected);
  });
  it.each([7, '', ['app'], {}])('the client’s cannot be %j', async (azp) => {
    const verifier = jwt({ ...keys, issuer: 'i', audience: 'a', clientIdClaim: 'azp' });
    expect(await verdict(token({ azp }), verifier)).toBe('bad_claim');
  });
});
