import { hasScopes, latchkey, type Principal, type ScopeDeclaration } from 'latchkey';
import { fakeAuth } from 'latchkey/testing';

import { checkRequired, isScopeToken, scopeCatalogue } from '../../src/credential/scopes';

const request = { headers: {} };
const holding = (...scopes: readonly string[]): Principal => ({
  kind: 'api_key',
  verifier: 'fake',
  subject: 'acct_42',
  scopes,
  claims: {},
});

/** Whether a guard for these scopes lets someone through to whom others were granted. */
async function passes(
  granted: readonly string[],
  required: readonly string[],
  scopes?: ScopeDeclaration,
): Promise<boolean> {
  const { check } = fakeAuth({ scopes: granted }, scopes && { scopes });
  const answer = await check(request, { scopes: required });
  if (answer.status === 'refused') {
    expect([answer.reason, answer.refusal.status]).toEqual(['insufficient_scope', 403]);
  }
  return answer.status === 'authenticated';
}

const NEAR_MISSES = [
  ['a longer name', 'domains:readwrite'],
  ['a shorter name', 'domains:rea'],
  ['its first part', 'domains'],
  ['its first part and the colon', 'domains:'],
  ['its last part', 'read'],
  ['a longer path', 'domains:read:all'],
  ['another case', 'Domains:Read'],
  ['capitals', 'DOMAINS:READ'],
  ['a Cyrillic letter that looks the same', 'dоmains:read'],
  ['a full-width letter', 'ｄomains:read'],
  ['a zero-width space', 'domains:\u200bread'],
  ['a space in front', ' domains:read'],
  ['a line feed after it', 'domains:read\n'],
  ['a star', '*'],
  ['a star after the colon', 'domains:*'],
  ['two scopes in one, with a space', 'domains:read domains:write'],
  ['two scopes in one, with a comma', 'domains:read,domains:write'],
  ['nothing', ''],
  ['a name of every object', '__proto__'],
  ['another name of every object', 'constructor'],
] as const;

describe('a granted scope', () => {
  test.each(NEAR_MISSES)('that is %s does not stand for domains:read', async (_, granted) => {
    expect(hasScopes(holding(granted), 'domains:read')).toBe(false);
    await expect(passes([granted], ['domains:read'])).resolves.toBe(false);
    await expect(
      passes([granted], ['domains:read'], ['domains:read', 'domains:write']),
    ).resolves.toBe(false);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '0'])(
    'called %s is held only by who has it',
    async (name) => {
      expect([
        hasScopes(holding(), name),
        hasScopes(holding('a', 'b'), name),
        hasScopes(holding(name), name),
      ]).toEqual([false, false, true]);
      await expect(passes(['domains:read'], [name])).resolves.toBe(false);
      await expect(passes([name], [name])).resolves.toBe(true);
    },
  );

  it('may be among 10,000 others, at any position, and more than once', async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => `s:${n}`);
    expect(hasScopes(holding(...many), 's:0', 's:5000', 's:9999')).toBe(true);
    await expect(
      passes([...many, 'domains:read', 'domains:read'], ['domains:read', 's:9999']),
    ).resolves.toBe(true);
    await expect(passes(many, ['s:10000'])).resolves.toBe(false);
  });
});

describe('several required scopes', () => {
  test.each([
    [['a', 'b'], true],
    [['b', 'c', 'a'], true],
    [['a'], false],
    [['b'], false],
    [['c'], false],
    [[], false],
  ] as const)('are all held by %p: %p', async (granted, held) => {
    expect(hasScopes(holding(...granted), 'a', 'b')).toBe(held);
    await expect(passes(granted, ['a', 'b'])).resolves.toBe(held);
  });

  it('are not held if none is named', () => expect(hasScopes(holding('a'))).toBe(false));
});

describe('a required scope', () => {
  const open = latchkey({
    verifiers: [
      { name: 'fake', accepts: () => false, verify: () => ({ ok: false, reason: 'unknown' }) },
    ],
  });
  const declared = latchkey({
    scopes: ['domains:read', 'domains:write'],
    verifiers: [
      { name: 'fake', accepts: () => false, verify: () => ({ ok: false, reason: 'unknown' }) },
    ],
  });

  test.each([
    ['empty', ''],
    ['two in one', 'domains:read domains:write'],
    ['begun with a space', ' domains:read'],
    ['parted by a tab', 'domains:\tread'],
    ['ended by a line feed', 'domains:read\n'],
    ['quoted in part', 'domains:"read"'],
    ['parted by a backslash', 'domains\\read'],
    ['written with a letter outside ASCII', 'domains:lësen'],
    ['written with a letter that only looks right', 'dоmains:read'],
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['a list', ['domains:read']],
  ])('is refused at start-up if it is %s', (_, value) => {
    const name = value as never;
    for (const { requireScopes, requireAnyScope } of [open, declared]) {
      expect(() => requireScopes(name)).toThrow(TypeError);
      expect(() => requireScopes(name)).toThrow(
        /^requireScopes\(\): .*is not a scope \(RFC 6749 §3\.3/s,
      );
      expect(() => requireAnyScope('domains:read', name)).toThrow(
        /^requireAnyScope\(\): .*is not a scope \(RFC 6749 §3\.3/s,
      );
    }
  });

  it('that was not declared is refused at start-up, and does not compile', () => {
    const message = '"domains:wrte" is not declared; declared are domains:read, domains:write';
    // @ts-expect-error a misspelt scope
    expect(() => declared.requireScopes('domains:wrte')).toThrow(
      new TypeError(`requireScopes(): ${message}`),
    );
    // @ts-expect-error a misspelt scope
    expect(() => declared.requireAnyScope('domains:read', 'domains:wrte')).toThrow(
      new TypeError(`requireAnyScope(): ${message}`),
    );
    expect(() => open.requireScopes('domains:wrte')).not.toThrow();
  });

  it('that was not declared is refused by check() too', async () => {
    // @ts-expect-error a misspelt scope
    await expect(declared.check(request, { scopes: ['domains:wrte'] })).rejects.toThrow(TypeError);
  });

  it('there has to be one, and without one it does not compile', () => {
    // @ts-expect-error no scope
    expect(() => open.requireScopes()).toThrow(
      'requireScopes(): at least one scope is required; use authenticate() to require only a valid credential',
    );
    // @ts-expect-error no scope
    expect(() => declared.requireAnyScope()).toThrow(
      'requireAnyScope(): at least one scope is required',
    );
  });

  it('is kept as it was when the guard was made', () => {
    const names = ['domains:read'];
    const required = checkRequired('test', names, scopeCatalogue(undefined));
    names.push('domains:write');
    expect(required).toEqual(['domains:read']);
  });
});

describe('a scope-token', () => {
  it('consists of the characters that RFC 6749 §3.3 names', () => {
    const taken = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(
      (char) => isScopeToken(`a${char}a`),
    );
    expect(taken.join('')).toBe(
      "!#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~",
    );
  });

  test.each(['', '\n', 'a\n', 7, null, undefined, ['a'], { toString: () => 'a' }])(
    'is not %j',
    (value) => {
      expect(isScopeToken(value)).toBe(false);
    },
  );
});

describe('a declaration', () => {
  test.each<[string, ScopeDeclaration, string[]]>([
    ['a list', ['a', 'b'], ['a', 'b']],
    ['a list that names one twice', ['a', 'b', 'a'], ['a', 'b']],
    ['a record of descriptions', { a: 'View', b: '' }, ['a', 'b']],
    [
      'a record of definitions',
      { a: { description: 'View' }, b: { implies: ['a'] }, c: {} },
      ['a', 'b', 'c'],
    ],
    [
      'names of every object',
      JSON.parse('{"__proto__":"x","constructor":"y"}') as ScopeDeclaration,
      ['__proto__', 'constructor'],
    ],
  ])('may be %s', (_, declaration, names) =>
    expect(scopeCatalogue(declaration).names).toEqual(names),
  );

  it('that is not made allows any name', () =>
    expect(scopeCatalogue(undefined).names).toBeUndefined());

  test.each<[string, ScopeDeclaration, string]>([
    ['a name that is empty', [''], '"" is not a scope'],
    ['a name with a space', ['domains read'], '"domains read" is not a scope'],
    [
      'a name with a space, in a record',
      { 'domains read': 'View' },
      '"domains read" is not a scope',
    ],
    [
      'an implied scope that is not declared',
      { a: { implies: ['b'] } },
      'scopes["a"].implies: "b" is not declared; declared are a',
    ],
    [
      'a wildcard that is not declared',
      { a: { implies: ['*'] } },
      'scopes["a"].implies: "*" is not declared',
    ],
    [
      'a name of every object that is not declared',
      { a: { implies: ['constructor'] } },
      '"constructor" is not declared',
    ],
  ])('with %s is refused at start-up', (_, scopes, message) => {
    const declare = () => fakeAuth(undefined, { scopes });
    expect(declare).toThrow(TypeError);
    expect(declare).toThrow(message);
  });

  test.each<[string, unknown]>([
    ['an empty list', []],
    ['an empty record', {}],
    ['a string', 'domains:read'],
    ['a list with a number', ['a', 7]],
    ['a list with a list', [['a']]],
    ['a description that is a number', { a: 7 }],
    ['a description that is null', { a: null }],
    ['a definition with a misspelt member', { a: { imply: ['b'] }, b: '' }],
    ['an implication that is a string', { a: { implies: 'b' }, b: '' }],
    ['an implication of a number', { a: { implies: [7] } }],
    ['a Set', new Set(['a'])],
  ])('that is %s is refused at start-up', (_, scopes) => {
    const declare = () => fakeAuth(undefined, { scopes: scopes as ScopeDeclaration });
    expect(declare).toThrow(TypeError);
    expect(declare).toThrow(
      'option "scopes" must be a list of scopes, or a record from scope to description or { description, implies }',
    );
  });
});

describe('an implication', () => {
  const nested = {
    'domains:read': 'View domains',
    'domains:write': { description: 'Manage domains', implies: ['domains:read'] },
    'domains:*': { implies: ['domains:write'] },
    admin: { implies: ['domains:*', 'billing:read'] },
    'billing:read': 'View bills',
  };

  test.each([
    [['domains:write'], ['domains:write', 'domains:read']],
    [['domains:*'], ['domains:*', 'domains:write', 'domains:read']],
    [['admin'], ['admin', 'domains:*', 'billing:read', 'domains:write', 'domains:read']],
    [
      ['billing:read', 'domains:write', 'unknown'],
      ['billing:read', 'domains:write', 'unknown', 'domains:read'],
    ],
    [
      ['domains:write', 'domains:write'],
      ['domains:write', 'domains:read'],
    ],
  ])('is followed to its end: %p', (granted, all) =>
    expect(scopeCatalogue(nested).expand(granted)).toEqual(all),
  );

  test.each([
    [[]],
    [['domains:read']],
    [['unknown', '__proto__', 'constructor']],
    [['domains:read', 'domains:read']],
  ])('adds nothing to %p, and costs nothing there', (granted: readonly string[]) =>
    expect(scopeCatalogue(nested).expand(granted)).toBe(granted),
  );

  it('never goes up', async () => {
    await expect(passes(['domains:read'], ['domains:write'], nested)).resolves.toBe(false);
    await expect(passes(['domains:write'], ['domains:*'], nested)).resolves.toBe(false);
  });

  it('never follows from a name alone', async () => {
    const flat = ['*', 'domains:*', 'domains:read', 'admin'];
    for (const granted of ['*', 'domains:*', 'admin']) {
      await expect(passes([granted], ['domains:read'], flat)).resolves.toBe(false);
    }
  });

  it('may go in a circle, or to itself', async () => {
    const circle = {
      a: { implies: ['b'] },
      b: { implies: ['c'] },
      c: { implies: ['a'] },
      d: { implies: ['d'] },
    };
    const { expand } = scopeCatalogue(circle);
    expect([expand(['b']), expand(['d'])]).toEqual([['b', 'c', 'a'], ['d']]);
    await expect(passes(['c'], ['a', 'b', 'c'], circle)).resolves.toBe(true);
    await expect(passes(['d'], ['a'], circle)).resolves.toBe(false);
  });

  it('may be long', () => {
    const ladder = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, n) => [
        `s${n}`,
        { implies: n === 4_999 ? [] : [`s${n + 1}`] },
      ]),
    );
    expect(scopeCatalogue(ladder).expand(['s0'])).toHaveLength(5_000);
  });

  it('does not change the granted scopes', () => {
    const granted = Object.freeze(['admin']);
    scopeCatalogue(nested).expand(granted);
    expect(granted).toEqual(['admin']);
  });

  it('is seen by guards and by the principal alike', async () => {
    const { check } = fakeAuth({ scopes: ['domains:write'] }, { scopes: nested });
    const answer = await check(request, { scopes: ['domains:read'] });
    expect(answer).toMatchObject({
      status: 'authenticated',
      principal: { scopes: ['domains:write', 'domains:read'] },
    });
  });
});
