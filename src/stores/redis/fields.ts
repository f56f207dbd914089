import { codedError } from '../../internal/errors';
import type { StoredRecord } from '../store';

/**
 * A record is a hash. Each member is a field of the same name, as JSON. Records of Latchkey 0.1
 * have no `disabledAt`. The uses of each day are in a field such as `uses:2026-11-30`.
 */
const EVERY_MEMBER: Record<keyof StoredRecord, true> = {
  id: true,
  kind: true,
  digest: true,
  subject: true,
  scopes: true,
  expiresAt: true,
  revokedAt: true,
  disabledAt: true,
  hint: true,
  name: true,
  clientId: true,
  grantId: true,
  environment: true,
  issuedAt: true,
  lastUsedAt: true,
  useCount: true,
  rotatedFrom: true,
  confirmation: true,
  metadata: true,
};

export const FIELDS: readonly string[] = Object.keys(EVERY_MEMBER);

/** The field that counts the uses of a day. */
export const toDayField = (day: string): string => `uses:${day}`;

/** Returns names and values in turn. */
export const toFields = (members: Partial<StoredRecord>): string[] =>
  Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [name, JSON.stringify(value)],
  );

/**
 * Returns the record with these values of all fields, or undefined if there is none.
 * @throws Error `ERR_LATCHKEY_STORE` if a field is missing or is not JSON. It does not quote the
 * field.
 */
export function parseRecord(values: unknown): StoredRecord | undefined {
  const texts = values as readonly (string | null)[];
  const toText = (name: string, index: number) =>
    texts[index] ?? (name === 'disabledAt' ? 'null' : '');
  if (texts.every((text) => text === null)) {
    return undefined;
  }
  try {
    return Object.fromEntries(
      FIELDS.map((name, index) => [name, JSON.parse(toText(name, index))]),
    ) as unknown as StoredRecord;
  } catch {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'Redis holds something that is not a record where a record should be',
    );
  }
}
