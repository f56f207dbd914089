import * as z from 'zod';

import { toRecordId } from '../../credential/digest';
import { codedError } from '../../internal/errors';
import { omitUndefined } from '../../internal/objects';
import { check } from '../../internal/options';
import { isStorable, type RecordChanges, type StoredRecord } from '../store';
import { type CredentialsTable, MAX_LENGTHS } from './tables';
import { integerSchema, toInteger } from './values';

/** Returns the columns that a change sets. */
export function toChangedColumns({
  name,
  scopes,
  metadata,
  expiresAt,
}: RecordChanges): Partial<CredentialsTable> {
  const columns = {
    name,
    scopes: scopes && JSON.stringify(scopes),
    metadata: metadata && JSON.stringify(metadata),
    expires_at: expiresAt === undefined ? undefined : toIntegerOrNull(expiresAt),
  };
  return storable(omitUndefined(columns));
}

export function toRow(record: StoredRecord): CredentialsTable {
  if (record.id !== toRecordId(record.digest)) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'The id of a record must be the first 22 characters of its digest',
    );
  }
  return storable({
    id: record.id,
    kind: record.kind,
    digest: record.digest,
    subject: record.subject,
    client_id: record.clientId,
    grant_id: record.grantId,
    scopes: JSON.stringify(record.scopes),
    expires_at: toIntegerOrNull(record.expiresAt),
    revoked_at: toIntegerOrNull(record.revokedAt),
    disabled_at: toIntegerOrNull(record.disabledAt ?? null),
    hint: record.hint,
    name: record.name,
    environment: record.environment,
    issued_at: toInteger(record.issuedAt),
    last_used_at: toIntegerOrNull(record.lastUsedAt),
    use_count: toInteger(record.useCount),
    rotated_from: record.rotatedFrom,
    confirmation: record.confirmation && JSON.stringify(record.confirmation),
    metadata: JSON.stringify(record.metadata),
  });
}

const toIntegerOrNull = (value: number | null): number | null =>
  value === null ? null : toInteger(value);

/** Rejects text that a database would truncate or change. */
function storable<R extends Partial<CredentialsTable>>(row: R): R {
  for (const [column, value] of Object.entries(row)) {
    if (typeof value !== 'string') {
      continue;
    }
    const longest = MAX_LENGTHS[column as keyof typeof MAX_LENGTHS] ?? Infinity;
    if (value.length > longest) {
      throw codedError(
        'ERR_LATCHKEY_STORE',
        `The column ${column} takes at most ${longest} characters`,
      );
    }
    if (!isStorable(value)) {
      throw codedError(
        'ERR_LATCHKEY_STORE',
        `The column ${column} cannot contain NUL or half of a surrogate pair`,
      );
    }
  }
  return row;
}

const nameSchema = z.string().min(1);
const textSchema = z.string();
const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOfTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const json = <T>(test: (value: unknown) => boolean) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('is not JSON');
        return z.NEVER;
      }
    })
    .pipe(check<T>('of another form', test));

const rowSchema = z
  .object({
    id: nameSchema,
    kind: nameSchema,
    digest: nameSchema,
    subject: nameSchema,
    client_id: textSchema.nullable(),
    grant_id: textSchema.nullable(),
    scopes: json<readonly string[]>(isListOfTexts),
    expires_at: integerSchema.nullable(),
    revoked_at: integerSchema.nullable(),
    disabled_at: integerSchema.nullable(),
    hint: textSchema,
    name: textSchema.nullable(),
    environment: textSchema.nullable(),
    issued_at: integerSchema,
    last_used_at: integerSchema.nullable(),
    use_count: integerSchema,
    rotated_from: textSchema.nullable(),
    confirmation: json<Readonly<Record<string, unknown>>>(isObject).nullable(),
    metadata: json<Readonly<Record<string, unknown>>>(isObject),
  })
  .refine(({ id, digest }) => id === toRecordId(digest), { path: ['digest'] });

export const COLUMNS = Object.keys(rowSchema.shape) as readonly (keyof CredentialsTable)[];

/** Returns the record of a row. A damaged row is an error. */
export function toRecord(row: unknown): StoredRecord {
  const { data, error } = rowSchema.safeParse(row);
  if (!data) {
    const columns = [...new Set(error.issues.map(({ path }) => path.join('.')))].join(', ');
    throw codedError(
      'ERR_LATCHKEY_STORE',
      `a row of latchkey_credentials is damaged in ${columns}`,
    );
  }
  return {
    id: data.id,
    kind: data.kind,
    digest: data.digest,
    subject: data.subject,
    scopes: data.scopes,
    expiresAt: data.expires_at,
    revokedAt: data.revoked_at,
    disabledAt: data.disabled_at,
    hint: data.hint,
    name: data.name,
    clientId: data.client_id,
    grantId: data.grant_id,
    environment: data.environment,
    issuedAt: data.issued_at,
    lastUsedAt: data.last_used_at,
    useCount: data.use_count,
    rotatedFrom: data.rotated_from,
    confirmation: data.confirmation,
    metadata: data.metadata,
  };
}
