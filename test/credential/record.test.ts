import { toDigest } from '../../src/credential/digest';
import { checkRecord } from '../../src/credential/record';

const digest = toDigest('secret');
const minimal = {
  id: 'k1',
  kind: 'api_key',
  digest,
  subject: 'acct_42',
  scopes: [],
  expiresAt: null,
  revokedAt: null,
};

it('accepts a record that has only the required members', () => {
  expect(checkRecord(minimal, digest)).toBe(minimal);
});

test.each([
  ['times', { expiresAt: 1, revokedAt: 0 }],
  ['times before 1970', { expiresAt: -1 }],
  [
    'absent texts as null',
    { clientId: null, grantId: null, environment: null, confirmation: null, metadata: null },
  ],
  [
    'absent texts as undefined',
    { clientId: undefined, grantId: undefined, environment: undefined, confirmation: undefined },
  ],
  [
    'all of them',
    {
      clientId: 'c',
      grantId: 'g',
      environment: 'live',
      confirmation: { jkt: 'x' },
      metadata: { plan: 'pro' },
    },
  ],
  ['members of its own table', { created_by: 'someone' }],
  ['a long list of scopes', { scopes: Array.from({ length: 10_000 }, (_, n) => `s:${n}`) }],
])('accepts a record with %s', (_, members) => {
  const record = { ...minimal, ...members };
  expect(checkRecord(record, digest)).toBe(record);
});

test.each<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['a string', digest],
  ['an empty object', {}],
  ['a list of records', [minimal]],
  ['a driver that wraps its rows', { rows: [minimal] }],
  ['a record of another digest', { ...minimal, digest: toDigest('other') }],
  ['a digest in hex', { ...minimal, digest: Buffer.from(digest, 'base64url').toString('hex') }],
  ['a digest cut short', { ...minimal, digest: digest.slice(0, 42) }],
  ['a digest as bytes', { ...minimal, digest: Buffer.from(digest, 'base64url') }],
  ['no id', { ...minimal, id: undefined }],
  ['an empty id', { ...minimal, id: '' }],
  ['a numeric id', { ...minimal, id: 7 }],
  ['no kind', { ...minimal, kind: undefined }],
  ['an empty kind', { ...minimal, kind: '' }],
  ['no subject', { ...minimal, subject: undefined }],
  ['an empty subject', { ...minimal, subject: '' }],
  ['a subject that is a list', { ...minimal, subject: ['acct_42'] }],
  ['no scopes', { ...minimal, scopes: undefined }],
  ['scopes as one string', { ...minimal, scopes: 'domains:read' }],
  ['scopes that are not strings', { ...minimal, scopes: ['a', 1] }],
  ['an expiry left out', { ...minimal, expiresAt: undefined }],
  ['an expiry as a Date', { ...minimal, expiresAt: new Date() }],
  ['an expiry as text', { ...minimal, expiresAt: '2099-01-01' }],
  ['an expiry as digits in text', { ...minimal, expiresAt: '4070908800000' }],
  ['an expiry of NaN', { ...minimal, expiresAt: NaN }],
  ['an expiry of Infinity', { ...minimal, expiresAt: Infinity }],
  ['an expiry as bigint', { ...minimal, expiresAt: 4070908800000n }],
  ['an expiry of false', { ...minimal, expiresAt: false }],
  ['a revocation left out', { ...minimal, revokedAt: undefined }],
  ['a revocation as a Date', { ...minimal, revokedAt: new Date() }],
  ['a revocation of false', { ...minimal, revokedAt: false }],
  ['a revocation of NaN', { ...minimal, revokedAt: NaN }],
  ['a numeric client', { ...minimal, clientId: 7 }],
  ['a numeric grant', { ...minimal, grantId: 7 }],
  ['a numeric environment', { ...minimal, environment: 7 }],
  ['a confirmation as JSON text', { ...minimal, confirmation: '{"jkt":"x"}' }],
  ['a confirmation as a list', { ...minimal, confirmation: [] }],
  ['metadata as JSON text', { ...minimal, metadata: '{}' }],
  ['metadata as a list', { ...minimal, metadata: [] }],
])('treats %s as an outage', (_, answer) => {
  expect(() => checkRecord(answer, digest)).toThrow(
    'The credential store returned something that is not the requested record',
  );
});

it('does not quote the result of the store in its error', () => {
  const error = (() => {
    try {
      return checkRecord({ ...minimal, subject: '', metadata: { password: 'hunter2' } }, digest);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(String((error as Error).stack)).not.toContain('hunter2');
  expect(String((error as Error).stack)).not.toContain(digest);
});
