import { execFile } from 'node:child_process';
import diagnostics from 'node:diagnostics_channel';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';

import {
  accessTokens,
  apiKeys,
  type CredentialReader,
  type CredentialRecord,
  latchkey,
  memoryStore,
  sessionTokens,
} from 'latchkey';

import { toDigest } from '../../src/credential/digest';
import { generateSecret } from '../../src/credential/secret';
import { rowOf } from '../support/guarded-table';
import { underBearer } from '../support/own-verifier';
import { tellsOf } from '../support/secrets';

/**
 * All that a log, an error tracker or a debugger would show of the values: accessors, symbols,
 * stacks and causes too.
 */
function shown(...values: readonly unknown[]): string {
  const options = {
    depth: Infinity,
    showHidden: true,
    getters: true,
    maxArrayLength: null,
    maxStringLength: null,
  };
  return [inspect(values, options), JSON.stringify(values), String(values)].join('\n');
}

it('is detected by these tests wherever it is', () => {
  const secret = generateSecret('osir', 'live');
  const places = [
    secret,
    { a: [{ deep: `x${secret}x` }] },
    new Error(secret),
    new Error('x', { cause: { headers: secret } }),
    new Map([[secret, 1]]),
  ];
  for (const place of places) {
    expect(tellsOf(shown(place), secret)).toHaveLength(2);
  }
});

it('never reaches the store, which has only its digest', async () => {
  const calls: unknown[] = [];
  const store = new Proxy(memoryStore(), {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => (calls.push([name, ...args]), method(...args));
    },
  });
  for (const keys of [
    apiKeys({ prefix: 'osir', store }),
    accessTokens({ prefix: 'osir', store }),
    sessionTokens({ prefix: 'osir', store }),
  ]) {
    const { check, close } = latchkey({ verifiers: [keys] });
    const { secret, record } = await keys.issue({ subject: 'acct_42', scopes: [] });
    await check(underBearer(secret));
    const next = await keys.rotate(record.id, { overlapMs: 1_000 });
    await keys.revoke(record.id);
    await check(underBearer(secret));
    await close();
    expect(calls).toContainEqual(['find', toDigest(secret)]);
    expect(tellsOf(shown(calls), secret)).toEqual([]);
    expect(tellsOf(shown(calls), next?.secret as string)).toEqual([]);
  }
});

it('is returned only by the call that issues it', async () => {
  const store = memoryStore();
  const keys = apiKeys({ prefix: 'osir', store });
  const guards = latchkey({ verifiers: [keys] });
  const { secret, record } = await keys.issue({
    subject: 'acct_42',
    scopes: [],
    metadata: { plan: 'pro' },
  });
  const decisions: unknown[] = [];
  const listener = (decision: unknown) => void decisions.push(decision);
  diagnostics.subscribe('latchkey:decision', listener);
  const answers = [];
  for (const options of [{}, { scopes: ['domains:read'] }]) {
    answers.push(await guards.check(underBearer(secret), options));
  }
  await keys.revoke(record.id);
  for (const token of [secret, `${secret}x`]) {
    answers.push(await guards.check(underBearer(token)));
  }
  diagnostics.unsubscribe('latchkey:decision', listener);
  expect(decisions).toMatchObject([
    { outcome: 'authenticated', credentialId: record.id },
    { reason: 'insufficient_scope' },
    { reason: 'revoked' },
    { reason: 'malformed' },
  ]);
  const handedOut = [
    record,
    await keys.get(record.id),
    await keys.list({ subject: 'acct_42' }),
    answers,
    decisions,
    keys,
    guards,
    store,
  ];
  expect(tellsOf(shown(handedOut), secret)).toEqual([]);
  expect(shown(record)).not.toContain(toDigest(secret));
});

describe('an error that a secret leads to', () => {
  const secret = generateSecret('osir', 'live');

  test.each<[string, CredentialReader['find']]>([
    ['a store that refuses', () => Promise.reject(new Error('connect ECONNREFUSED'))],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    ['a store that rejects with what is no error', () => Promise.reject({ code: 'ECONNREFUSED' })],
    ['a store that hangs', () => new Promise(() => {})],
    ['a store that talks nonsense', async () => ({}) as CredentialRecord],
    ['a store that answers another record', async () => rowOf(generateSecret('osir', 'live'))],
    ['a record that cannot be a principal', async () => rowOf(secret, { metadata: { big: 1n } })],
  ])('does not contain it: %s', async (_, find) => {
    const { check } = latchkey({
      verifiers: [apiKeys({ prefix: 'osir', store: { find } })],
      timeoutMs: 5,
    });
    const decisions: { error?: unknown }[] = [];
    const listener = (decision: unknown) => void decisions.push(decision as { error?: unknown });
    diagnostics.subscribe('latchkey:decision', listener);
    const answer = await check(underBearer(secret));
    diagnostics.unsubscribe('latchkey:decision', listener);
    expect(decisions).toMatchObject([{ reason: 'unavailable', error: expect.any(Error) as Error }]);
    expect(tellsOf(shown(answer, decisions[0]?.error, decisions), secret)).toEqual([]);
    expect(JSON.stringify(answer)).not.toContain('ECONNREFUSED');
  });

  it('does not contain it: a secret as the wrong argument', async () => {
    const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
    const scopes: string[] = [];
    const errors = await Promise.all(
      [
        keys.import([{ subject: 'acct_42', scopes, digest: secret }]),
        keys.list({ subject: 'acct_42', limit: secret as never }),
        keys.issue({ subject: 'acct_42', scopes: [`${secret} `] }),
        keys.issue({ subject: 'acct_42', scopes, environment: secret }),
      ].map((call) => call.then(String, (error: unknown) => error)),
    );
    expect(errors.map((error) => error instanceof TypeError)).toEqual([true, true, true, true]);
    expect(tellsOf(shown(...errors), secret)).toEqual([]);
  });
});

it('is not in memory after use, although records and principals are', async () => {
  const program = join(__dirname, 'heap-after-use.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    '--import',
    'tsx',
    program,
  ]);
  expect(JSON.parse(stdout)).toEqual({ forgotten: 0, kept: true, remembered: 60 });
}, 60_000);
