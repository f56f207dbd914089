import { createHash, createHmac } from 'node:crypto';

import {
  apiKeyHeader,
  apiKeys,
  bearer,
  type Extractor,
  latchkey,
  type LegacyForm,
  memoryStore,
} from 'latchkey';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const importing = async (digest: string, legacy?: RegExp | readonly LegacyForm[]) => {
  const keys = apiKeys({ prefix: 'acme', store: memoryStore(), ...(legacy && { legacy }) });
  await keys.import([{ digest, subject: 'acct_42', scopes: [] }]);
  const { check } = latchkey({ verifiers: [keys] });
  const ask = async (headers: Readonly<Record<string, string>>) => {
    const result = await check({ headers }, { scopes: [] });
    return result.status === 'refused' ? result.reason : result.status;
  };
  return {
    asBearer: (key: string) => ask({ authorization: `Bearer ${key}` }),
    asHeader: (key: string) => ask({ 'x-api-key': key }),
  };
};

test.each<[string, string, string, RegExp | readonly LegacyForm[]]>([
  ['SHA-256', 'old_1', sha256('old_1'), /^old_\d+$/],
  [
    'an HMAC with a pepper',
    'old_1',
    createHmac('sha256', 'pepper').update('old_1').digest('hex'),
    [
      {
        form: /^old_\d+$/,
        digest: (secret) => createHmac('sha256', 'pepper').update(secret).digest('base64'),
      },
    ],
  ],
  [
    'SHA-512',
    'old_1',
    createHash('sha512').update('old_1').digest('base64'),
    [{ form: /^old_\d+$/, digest: (secret) => createHash('sha512').update(secret).digest('hex') }],
  ],
  [
    'the part after the bar',
    '7|secretpart',
    sha256('secretpart'),
    [{ form: /^\d+\|\w+$/, digest: (secret) => sha256(secret.slice(secret.indexOf('|') + 1)) }],
  ],
  [
    'the second of several forms',
    'b$1',
    sha256('b$1'),
    [{ form: /^a\$\d$/, digest: () => sha256('x') }, { form: /^b\$\d$/ }],
  ],
  ['a key with a colon', 'id:secret', sha256('id:secret'), /^\w+:\w+$/],
])('accepts imported keys under %s, as bearer and in a header', async (_, key, digest, legacy) => {
  const { asBearer, asHeader } = await importing(digest, legacy);
  expect([await asHeader(key), await asBearer(key)]).toEqual(['authenticated', 'authenticated']);
});

it('accepts more characters only for its own verifier and form', async () => {
  const { asBearer } = await importing(sha256('a|1'), /^a\|\d$/);
  expect([
    await asBearer('b|1'),
    await asBearer('a|1,a|1'),
    await asBearer('a |1'),
    await asBearer('x!y'),
  ]).toEqual(Array(4).fill('malformed'));
  const plain = await importing(sha256('a|1'));
  expect(await plain.asBearer('a|1')).toBe('malformed');
});

test.each([
  [
    'throws',
    () => {
      throw new Error('no pepper');
    },
  ],
  ['returns nothing', () => undefined as never],
  ['returns a promise', (async () => Promise.reject(new Error('late'))) as never],
  ['returns a part of the key', (secret: string) => secret.slice(4)],
])('responds with 503 if digest() %s', async (_, digest) => {
  const { asBearer } = await importing(sha256('x'), [{ form: /^old_\d+$/, digest }]);
  expect(await asBearer('old_1234567890123456')).toBe('unavailable');
});

test.each([
  ['bcrypt', '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'],
  ['SHA-512 without a form that declares it', createHash('sha512').update('k').digest('hex')],
  ['MD5 without a form that declares it', createHash('md5').update('k').digest('hex')],
])('rejects the import of %s, and says what to do', async (_, digest) => {
  await expect(importing(digest, /^old/)).rejects.toThrow(
    /digest.*SHA-256.*legacy: \[\{ form, digest \}\]/,
  );
});

it('rejects a salted hash even if another hash is configured', async () => {
  await expect(
    importing('$2b$10$N9qo8uLOickgx2ZMRZoMye', [{ form: /^old/, digest: sha256 }]),
  ).rejects.toThrow(TypeError);
});

it('does not test forms on more than 512 characters', async () => {
  const form = /^x+$/;
  const test = jest.spyOn(form, 'test');
  const { asBearer } = await importing(sha256('x'), form);
  expect(await asBearer('x'.repeat(513))).not.toBe('authenticated');
  expect(test).not.toHaveBeenCalled();
});

it('reads keys only from the named extractors, including your own', async () => {
  const amz: Extractor = {
    name: 'amz',
    header: 'X-Amz-Token',
    extract: ({ headers }) => headers['x-amz-token'] as string | undefined,
  };
  const keys = apiKeys({ prefix: 'acme', store: memoryStore(), extractors: ['bearer', 'amz'] });
  const other = apiKeys({ prefix: 'other', store: memoryStore(), name: 'other' });
  const { check } = latchkey({
    extractors: [bearer(), amz, apiKeyHeader()],
    verifiers: [keys, other],
  });
  const { secret } = await keys.issue({ subject: 'acct_42', scopes: [] });
  expect(await check({ headers: { 'x-amz-token': secret } })).toMatchObject({
    status: 'authenticated',
    headers: { 'Cache-Control': 'private' },
  });
  expect(await check({ headers: { 'x-api-key': secret } })).toMatchObject({
    status: 'refused',
    reason: 'unknown',
  });
});
