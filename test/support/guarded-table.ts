import { apiKeys, type CredentialRecord, latchkey, type LatchkeyOptions } from 'latchkey';

import { toDigest, toRecordId } from '../../src/credential/digest';

/** The row of a key in someone's own table. */
export const rowOf = (
  secret: string,
  members: Partial<CredentialRecord> = {},
): CredentialRecord => ({
  id: toRecordId(toDigest(secret)),
  kind: 'api_key',
  digest: toDigest(secret),
  subject: 'acct_42',
  scopes: ['domains:read'],
  expiresAt: null,
  revokedAt: null,
  ...members,
});

export type GuardedTable = ReturnType<typeof guardedTable>;

/**
 * A guard over someone's own table. Its rows change as they do when another machine writes: without
 * a word to the guard.
 */
export function guardedTable(options: Partial<LatchkeyOptions> = {}) {
  const rows = new Map<string, CredentialRecord>();
  const find = jest.fn(async (digest: string) => rows.get(digest));
  const { check } = latchkey({
    verifiers: [apiKeys({ prefix: 'osir', store: { find } })],
    ...options,
  });
  return {
    find,
    put: (secret: string, members?: Partial<CredentialRecord>) =>
      void rows.set(toDigest(secret), rowOf(secret, members)),
    drop: (secret: string) => void rows.delete(toDigest(secret)),
    ask: (secret: string) =>
      check({ headers: { authorization: `Bearer ${secret}` } }, { scopes: [] }),
    askByHeader: (secret: string) => check({ headers: { 'x-api-key': secret } }, { scopes: [] }),
  };
}
