import { accessTokens, apiKeys, type ManagedVerifier, memoryStore, sessionTokens } from 'latchkey';

import { toDigest } from '../../src/credential/digest';
import {
  assertFutureExpiry,
  assertMilliseconds,
  MAX_TIME,
  timeAfter,
} from '../../src/credentials/expiry';

const NOW = Date.UTC(2026, 10, 30);
const SECOND_MS = 1_000;
const DAY_S = 86_400;
const SUBJECT = { subject: 'acct_42', scopes: [] };

beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'],
    }),
);
afterEach(() => void jest.useRealTimers());

const IN_SECONDS = [
  NOW / SECOND_MS,
  NOW / SECOND_MS + DAY_S,
  NOW / SECOND_MS - DAY_S,
  4_102_444_800,
  99_999_999_999,
];
const PAST = [NOW, NOW - 1, NOW - DAY_S * SECOND_MS, 0, -1, 1, 100_000_000_000];
const VERIFIERS: [string, (store: ReturnType<typeof memoryStore>) => ManagedVerifier][] = [
  ['apiKeys', (store) => apiKeys({ prefix: 'acme', store })],
  ['accessTokens', (store) => accessTokens({ prefix: 'acme', store })],
  ['sessionTokens', (store) => sessionTokens({ prefix: 'acme', store })],
];

describe.each(VERIFIERS)('the expiry of %s', (_, create) => {
  test.each(IN_SECONDS)(
    'rejects %d, which is in seconds, in issue(), update() and import()',
    async (seconds) => {
      const store = memoryStore();
      const verifier = create(store);
      const { record } = await verifier.issue({ ...SUBJECT, name: 'before' });
      const rejection = {
        name: 'TypeError',
        code: 'ERR_LATCHKEY_EXPIRY',
        message: expect.stringMatching(/"expiresAt" .*seconds: multiply it by 1000$/),
      };
      const digest = toDigest('old');
      await expect(verifier.issue({ ...SUBJECT, expiresAt: seconds })).rejects.toMatchObject(
        rejection,
      );
      await expect(
        verifier.update(record.id, { expiresAt: seconds, name: 'after' }),
      ).rejects.toMatchObject(rejection);
      await expect(
        verifier.import([{ ...SUBJECT, digest, expiresAt: seconds }]),
      ).rejects.toMatchObject(rejection);
      expect(await verifier.list({ subject: 'acct_42' })).toEqual([record]);
    },
  );

  test.each(PAST)('rejects %d, which is in the past, in issue() and update()', async (past) => {
    const verifier = create(memoryStore());
    const { record } = await verifier.issue(SUBJECT);
    const rejection = {
      name: 'TypeError',
      code: 'ERR_LATCHKEY_EXPIRY',
      message: expect.stringContaining('a time in the future'),
    };
    await expect(verifier.issue({ ...SUBJECT, expiresAt: past })).rejects.toMatchObject(rejection);
    await expect(verifier.update(record.id, { expiresAt: past })).rejects.toMatchObject(rejection);
    expect(await verifier.list({ subject: 'acct_42' })).toEqual([record]);
  });

  it('accepts a time in the future and null', async () => {
    const verifier = create(memoryStore());
    for (const expiresAt of [NOW + 1, NOW + 90 * DAY_S * SECOND_MS, MAX_TIME, null]) {
      const { record } = await verifier.issue({ ...SUBJECT, expiresAt });
      expect([
        record.expiresAt,
        (await verifier.update(record.id, { expiresAt }))?.expiresAt,
      ]).toEqual([expiresAt, expiresAt]);
    }
  });
});

describe('import()', () => {
  const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
  const importOne = (members: object, id: string) =>
    keys.import([{ ...SUBJECT, digest: toDigest(id), ...members }]);

  test.each([NOW - 1, NOW - 10 * 365 * DAY_S * SECOND_MS, 0, -1, 1, 100_000_000_000])(
    'accepts the old time %d',
    async (time) => {
      expect(await importOne({ expiresAt: time }, `expires ${time}`)).toHaveLength(1);
      expect(await importOne({ issuedAt: time, revokedAt: time }, `issued ${time}`)).toHaveLength(
        1,
      );
    },
  );

  test.each(['issuedAt', 'revokedAt', 'expiresAt'])(
    'rejects %s in seconds, and says which record has it',
    async (member) => {
      const records = [
        { ...SUBJECT, digest: toDigest(`first ${member}`) },
        { ...SUBJECT, digest: toDigest('second'), [member]: NOW / SECOND_MS },
      ];
      await expect(keys.import(records)).rejects.toMatchObject({
        code: 'ERR_LATCHKEY_EXPIRY',
        message: `api_keys.import(): record 1: option "${member}" must be in milliseconds since the epoch, and looks like seconds: multiply it by 1000`,
      });
      expect(await importOne({}, `first ${member}`)).toHaveLength(1);
    },
  );
});

it('is never later than a Date can hold, however long a lifetime or an overlap is', async () => {
  const longest = Number.MAX_SAFE_INTEGER;
  const tokens = accessTokens({ prefix: 'acme', store: memoryStore(), ttlMs: longest });
  const { record } = await tokens.issue(SUBJECT);
  expect(record.expiresAt).toBe(MAX_TIME);
  await tokens.rotate(record.id, { overlapMs: longest });
  expect((await tokens.get(record.id))?.expiresAt).toBe(MAX_TIME);
  expect([timeAfter(1, 1.5), timeAfter(MAX_TIME, 1)]).toEqual([2, MAX_TIME]);
});

it('is not checked if there is none', () => {
  for (const none of [null, undefined]) {
    expect(() => assertFutureExpiry('x', none)).not.toThrow();
    expect(() => assertMilliseconds('x', { expiresAt: none })).not.toThrow();
  }
});
