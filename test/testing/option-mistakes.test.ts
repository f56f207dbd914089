import { memoryStore } from 'latchkey';
import {
  credentialStoreContract,
  fakeAuth,
  stateStoreContract,
  unguardedRoutes,
} from 'latchkey/testing';

function thrownBy(call: () => unknown): Error & { readonly code?: string } {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('accepted');
}

function expectMistake(call: () => unknown, code: string, named: string): void {
  const error = thrownBy(call);
  expect([error, error.code]).toEqual([expect.any(TypeError), code]);
  expect(error.message).toContain(named);
}

const open = () => ({ store: memoryStore(), peer: memoryStore() });
const NOT_TEXT = ['', 7, null, []];
const NOT_MS = ['1s', -1, NaN, Infinity, null];

describe('fakeAuth()', () => {
  const principals: Readonly<Record<string, readonly unknown[]>> = {
    kind: NOT_TEXT,
    verifier: NOT_TEXT,
    subject: NOT_TEXT,
    issuer: NOT_TEXT,
    clientId: NOT_TEXT,
    credentialId: NOT_TEXT,
    environment: NOT_TEXT,
    scopes: ['domains:read', [7], null],
    expiresAt: ['2027-01-31', NaN, null, new Date()],
    claims: ['plan', [], null],
  };

  it.each(Object.keys(principals))('rejects invalid values of "%s" of the principal', (name) => {
    for (const value of principals[name] ?? []) {
      const call = () => fakeAuth({ [name]: value });
      expectMistake(call, 'ERR_LATCHKEY_OPTION', `fakeAuth(principal): option "${name}"`);
    }
  });

  it('rejects a misspelt member of the principal', () => {
    const call = () => fakeAuth({ subjct: 'acct_42' } as never);
    expectMistake(call, 'ERR_LATCHKEY_OPTION', 'unknown option "subjct"');
  });

  it('rejects a misspelt option', () => {
    const call = () => fakeAuth({}, { realmm: 'api' } as never);
    expectMistake(call, 'ERR_LATCHKEY_OPTION', 'unknown option "realmm"');
  });

  it.each<[string, unknown]>([
    ['realm', 7],
    ['resource', 'https://api.example.com'],
    ['timeoutMs', '1s'],
    ['clientCertificate', 'header'],
    ['body', {}],
  ])('rejects an invalid value of "%s"', (name, value) => {
    const call = () => fakeAuth({}, { [name]: value });
    expectMistake(call, 'ERR_LATCHKEY_OPTION', name);
  });
});

describe.each([
  ['credentialStoreContract', credentialStoreContract],
  ['stateStoreContract', stateStoreContract],
] as const)('%s()', (name, contract: (open: never, options?: never) => unknown) => {
  it.each([undefined, null, {}, 'open'])('rejects %p instead of a function that opens', (value) => {
    expectMistake(() => contract(value as never), 'ERR_LATCHKEY_OPTION', `${name}(open): open`);
  });

  it('rejects invalid values of "clockToleranceMs"', () => {
    for (const value of NOT_MS) {
      const call = () => contract(open as never, { clockToleranceMs: value } as never);
      expectMistake(call, 'ERR_LATCHKEY_OPTION', 'option "clockToleranceMs"');
    }
  });

  it('rejects a misspelt option', () => {
    const call = () => contract(open as never, { clockTolerance: 5 } as never);
    expectMistake(call, 'ERR_LATCHKEY_OPTION', 'unknown option "clockTolerance"');
  });
});

it.each<[string, readonly unknown[]]>([
  ['push', ['false', 0, null]],
  ['pushWithinMs', [0, ...NOT_MS]],
  ['corrupt', ['yes', {}, null]],
])('credentialStoreContract() rejects invalid values of "%s"', (name, values) => {
  for (const value of values) {
    const call = () => credentialStoreContract(open, { [name]: value });
    expectMistake(call, 'ERR_LATCHKEY_OPTION', `option "${name}"`);
  }
});

it.each([undefined, null, {}, 'app', () => undefined])(
  'unguardedRoutes() rejects %p instead of an application',
  (value) => {
    expectMistake(() => unguardedRoutes(value as never), 'ERR_LATCHKEY_ARGUMENT', 'app');
  },
);
