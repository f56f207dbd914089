import { accessTokens, memoryStore, sessionTokens } from 'latchkey';

const NOW = Date.UTC(2030, 0, 1);
const store = memoryStore();
const SUBJECT = { subject: 'user_7', scopes: [] };

beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'],
    }),
);
afterEach(() => void jest.useRealTimers());

describe.each([
  ['accessTokens', accessTokens, 'access_token', 'an hour', 3_600_000],
  ['sessionTokens', sessionTokens, 'session_token', 'a day', 24 * 3_600_000],
] as const)('%s', (name, make, kind, length, ttlMs) => {
  it(`issues tokens for ${length}`, async () => {
    const { record } = await make({ prefix: 'osir', store }).issue(SUBJECT);
    expect(record).toMatchObject({ kind, expiresAt: NOW + ttlMs });
  });

  it('issues tokens with the lifetime of ttlMs or of expiresAt', async () => {
    const tokens = make({ prefix: 'osir', store, ttlMs: 1 });
    const { secret, record } = await tokens.issue(SUBJECT);
    expect(record.expiresAt).toBe(NOW + 1);
    expect((await tokens.issue({ ...SUBJECT, expiresAt: NOW + 5 })).record.expiresAt).toBe(NOW + 5);
    expect((await tokens.issue({ ...SUBJECT, expiresAt: null })).record.expiresAt).toBeNull();
    expect(await tokens.verify(secret)).toMatchObject({ ok: true, expiresAt: NOW + 1 });
    jest.setSystemTime(NOW + 1);
    expect(await tokens.verify(secret)).toEqual({ ok: false, reason: 'expired' });
  });

  test.each<[string, object | undefined, string]>([
    ['no options', undefined, `${name}()`],
    ['no prefix', { store }, 'option "prefix"'],
    ['a prefix with an underscore', { store, prefix: 'os_ir' }, 'option "prefix"'],
    ['no store', { prefix: 'osir' }, 'option "store" must be an object with find()'],
    [
      'a time to live of nothing',
      { prefix: 'osir', store, ttlMs: 0 },
      'option "ttlMs" must be a number of milliseconds from 1',
    ],
    ['a time to live before now', { prefix: 'osir', store, ttlMs: -1 }, 'option "ttlMs"'],
    ['a time to live of NaN', { prefix: 'osir', store, ttlMs: NaN }, 'option "ttlMs"'],
    ['a time to live for ever', { prefix: 'osir', store, ttlMs: Infinity }, 'option "ttlMs"'],
    ['a time to live as text', { prefix: 'osir', store, ttlMs: '3600000' }, 'option "ttlMs"'],
    ['a time to live of null', { prefix: 'osir', store, ttlMs: null }, 'option "ttlMs"'],
    [
      'a legacy form, which only keys have',
      { prefix: 'osir', store, legacy: /^sk-/ },
      'unknown option "legacy"; allowed are store, prefix, name, extractors, ttlMs',
    ],
    [
      'a name that is no text',
      { prefix: 'osir', store, name: 7 },
      'option "name" must be a non-empty string',
    ],
    ['a misspelt option', { prefix: 'osir', store, ttl: 1_000 }, 'unknown option "ttl"'],
  ])('rejects %s with a TypeError that names it', (_, options, message) => {
    const attempt = () => make(options as never);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(new RegExp(`^${name}\\(\\): `));
    expect(attempt).toThrow(message);
  });
});
