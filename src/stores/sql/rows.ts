import * as z from 'zod';
import { codedError } from '../../internal/errors';
import { idOf } from '../../credential/digest';
import { check } from '../../internal/options';
import { isStorable, type RecordChanges, type StoredRecord } from '../store';
import { LONGEST, type CredentialsTable } from './tables';
import { aWhole, whole } from './values';

/** The columns of a credential that a change sets. */
export function changedColumns({ name, scopes, metadata, expiresAt }: RecordChanges): Partial<CredentialsTable> {
  return storable({
    ...(name !== undefined && { name }),
    ...(scopes !== undefined && { scopes: JSON.stringify(scopes) }),
    ...(metadata !== undefined && { metadata: JSON.stringify(metadata) }),
    ...(expiresAt !== undefined && { expires_at: wholeOrNull(expiresAt) }),
  });
}

export function rowOf(record: StoredRecord): CredentialsTable {
  if (record.id !== idOf(record.digest))
    throw codedError('ERR_LATCHKEY_STORE', 'The id of a record must be the first 22 characters of its digest');
  return storable({
    id: record.id,
    kind: record.kind,
    digest: record.digest,
    subject: record.subject,
    client_id: record.clientId,
    grant_id: record.grantId,
    scopes: JSON.stringify(record.scopes),
    expires_at: wholeOrNull(record.expiresAt),
    revoked_at: wholeOrNull(record.revokedAt),
    hint: record.hint,
    name: record.name,
    environment: record.environment,
    issued_at: whole(record.issuedAt),
    last_used_at: wholeOrNull(record.lastUsedAt),
    use_count: whole(record.useCount),
    rotated_from: record.rotatedFrom,
    confirmation: record.confirmation && JSON.stringify(record.confirmation),
    metadata: JSON.stringify(record.metadata),
  });
}

const wholeOrNull = (value: number | null): number | null => (value === null ? null : whole(value));

/** Refuses what a database would cut short or keep as something else, whatever its settings. */
function storable<R extends Partial<CredentialsTable>>(row: R): R {
  for (const [column, value] of Object.entries(row)) {
    if (typeof value !== 'string') continue;
    const longest = LONGEST[column as keyof typeof LONGEST] ?? Infinity;
    if (value.length > longest) throw codedError('ERR_LATCHKEY_STORE', `The column ${column} takes at most ${longest} characters`);
    if (!isStorable(value)) throw codedError('ERR_LATCHKEY_STORE', `The column ${column} takes no NUL and no half of a surrogate pair`);
  }
  return row;
}

const aName = z.string().min(1);
const aText = z.string();
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOfTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

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

const sound = z
  .object({
    id: aName,
    kind: aName,
    digest: aName,
    subject: aName,
    client_id: aText.nullable(),
    grant_id: aText.nullable(),
    scopes: json<readonly string[]>(isListOfTexts),
    expires_at: aWhole.nullable(),
    revoked_at: aWhole.nullable(),
    hint: aText,
    name: aText.nullable(),
    environment: aText.nullable(),
    issued_at: aWhole,
    last_used_at: aWhole.nullable(),
    use_count: aWhole,
    rotated_from: aText.nullable(),
    confirmation: json<Readonly<Record<string, unknown>>>(isObject).nullable(),
    metadata: json<Readonly<Record<string, unknown>>>(isObject),
  })
  .refine(({ id, digest }) => id === idOf(digest), { path: ['digest'] });

export const COLUMNS = Object.keys(sound.shape) as readonly (keyof CredentialsTable)[];

/** The record of a row. One that somebody has damaged is an error, never a guess. */
export function recordOf(row: unknown): StoredRecord {
  const { data, error } = sound.safeParse(row);
  if (!data) {
    const columns = [...new Set(error.issues.map(({ path }) => path.join('.')))].join(', ');
    throw codedError('ERR_LATCHKEY_STORE', `a row of latchkey_credentials is damaged in ${columns}`);
  }
  return {
    id: data.id,
    kind: data.kind,
    digest: data.digest,
    subject: data.subject,
    scopes: data.scopes,
    expiresAt: data.expires_at,
    revokedAt: data.revoked_at,
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
