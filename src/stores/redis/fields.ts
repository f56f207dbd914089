import { codedError } from '../../internal/errors';
import type { StoredRecord } from '../store';

/** A record is a hash: each member is a field of its name, as JSON. */
const EVERY_MEMBER: Record<keyof StoredRecord, true> = {
  id: true,
  kind: true,
  digest: true,
  subject: true,
  scopes: true,
  expiresAt: true,
  revokedAt: true,
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

/** Names and values by turns. */
export const fieldsOf = (members: Partial<StoredRecord>): string[] =>
  Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [name, JSON.stringify(value)]));

/** The record of the values of all fields; undefined where there is none. A field that is missing or no JSON is an Error that does not quote it. */
export function recordOf(values: unknown): StoredRecord | undefined {
  const texts = values as readonly (string | null)[];
  if (texts.every((text) => text === null)) return undefined;
  try {
    return Object.fromEntries(FIELDS.map((name, index) => [name, JSON.parse(texts[index] ?? '')])) as unknown as StoredRecord;
  } catch {
    throw codedError('ERR_LATCHKEY_STORE', 'Redis holds something that is not a record where a record should be');
  }
}
