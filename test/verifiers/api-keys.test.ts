import { apiKeys, memoryStore } from 'latchkey';

const store = memoryStore();

it('issues keys that do not expire, of the environment "live", by default', async () => {
  const { secret, record } = await apiKeys({ prefix: 'osir', store }).issue({
    subject: 'acct_42',
    scopes: [],
  });
  expect(secret).toMatch(/^osir_live_/);
  expect(record).toMatchObject({ kind: 'api_key', expiresAt: null, environment: 'live' });
});

test.each<[string, object | undefined, string]>([
  ['no options', undefined, 'apiKeys()'],
  [
    'no prefix',
    { store },
    'option "prefix" must be 1 to 32 lower-case letters and digits, a letter first',
  ],
  ['an empty prefix', { store, prefix: '' }, 'option "prefix"'],
  ['a prefix in capitals', { store, prefix: 'Osir' }, 'option "prefix"'],
  ['a prefix with an underscore', { store, prefix: 'os_ir' }, 'option "prefix"'],
  ['a prefix that is a regular expression', { store, prefix: 'a|b' }, 'option "prefix"'],
  ['no store', { prefix: 'osir' }, 'option "store" must be an object with find()'],
  ['a store of null', { prefix: 'osir', store: null }, 'option "store"'],
  ['a store without find()', { prefix: 'osir', store: { get: () => undefined } }, 'option "store"'],
  ['a store that is a function', { prefix: 'osir', store: () => undefined }, 'option "store"'],
  [
    'an environment in capitals',
    { prefix: 'osir', store, environment: 'Live' },
    'option "environment"',
  ],
  ['an empty environment', { prefix: 'osir', store, environment: '' }, 'option "environment"'],
  [
    'no environments',
    { prefix: 'osir', store, environments: [] },
    'option "environments" must be a non-empty list',
  ],
  [
    'environments as text',
    { prefix: 'osir', store, environments: 'live' },
    'option "environments"',
  ],
  [
    'environments with a dash',
    { prefix: 'osir', store, environments: ['live', 'pre-prod'] },
    'option "environments"',
  ],
  [
    'a legacy form as text',
    { prefix: 'osir', store, legacy: '^sk-' },
    'option "legacy" must be a RegExp',
  ],
  [
    'a legacy form that remembers (g)',
    { prefix: 'osir', store, legacy: /^sk-/g },
    'option "legacy" must be a RegExp without the flags g and y',
  ],
  [
    'a legacy form that remembers (y)',
    { prefix: 'osir', store, legacy: /^sk-/y },
    'option "legacy" must be a RegExp without the flags g and y',
  ],
  [
    'a time to live, which keys have not',
    { prefix: 'osir', store, ttlMs: 1_000 },
    'unknown option "ttlMs"; allowed are store, prefix, name, extractors, environment, environments, legacy',
  ],
  [
    'a name that is empty',
    { prefix: 'osir', store, name: '' },
    'option "name" must be a non-empty string',
  ],
  [
    'a misspelt option',
    { prefix: 'osir', store, enviroment: 'live' },
    'unknown option "enviroment"',
  ],
])('%s: a TypeError that names it', (_, options, message) => {
  const make = () => apiKeys(options as never);
  expect(make).toThrow(TypeError);
  expect(make).toThrow(/^apiKeys\(\): /);
  expect(make).toThrow(message);
});

it('rejects an environment that is not one of the option environments', () => {
  const make = () =>
    apiKeys({
      prefix: 'osir',
      store,
      environment: 'live',
      environments: ['production', 'development'],
    });
  expect(make).toThrow(TypeError);
  expect(make).toThrow('"environment"');
});
