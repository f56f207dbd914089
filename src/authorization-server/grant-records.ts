import { toDigest, toRecordId } from '../credential/digest';
import { newRecord } from '../credentials/records';
import { isObject } from '../internal/type-guards';
import type { CredentialStore, Owner, StoredRecord } from '../stores/store';

/** A grant: what a user allowed a client to do. */
export interface Grant {
  /** The ID of the grant, as in `grant_id` of a JWT. */
  readonly id: string;
  /** The user. */
  readonly subject: string;
  /** The client that may act for the user. */
  readonly clientId: string;
  /** The scopes that the user granted, of all APIs together. */
  readonly scopes: readonly string[];
  /** The APIs that the tokens of the grant are for. */
  readonly audience: readonly string[];
  /** When the user agreed, in milliseconds since the epoch. */
  readonly issuedAt: number;
  /** When the grant ends by itself, in milliseconds since the epoch. */
  readonly expiresAt: number | null;
}

/** The kind of the records. */
export const GRANT_KIND = 'oauth_grant';

/** No credential has this digest, because none contains a space. */
const digestOfGrant = (grantId: string): string => toDigest(`${GRANT_KIND} ${grantId}`);

/**
 * Adds a record of a grant, by which it can be listed. Its state is stored elsewhere.
 * @returns The grant, or undefined if it is known, or of no user.
 */
export async function insertGrant(
  store: CredentialStore,
  grantId: string,
  payload: object,
  expiresAt: number,
): Promise<Grant | undefined> {
  const { accountId, clientId, resources } = payload as {
    readonly accountId?: string;
    readonly clientId?: string;
    readonly resources?: unknown;
  };
  if (accountId === undefined || clientId === undefined) {
    return undefined;
  }
  const granted = isObject(resources) ? resources : {};
  const scopes = Object.values(granted).flatMap((scope) => String(scope).split(' '));
  const record = newRecord(
    {
      digest: digestOfGrant(grantId),
      subject: accountId,
      clientId,
      grantId,
      expiresAt,
      scopes: [...new Set(scopes)].filter(Boolean),
      metadata: { audience: Object.keys(granted) },
    },
    GRANT_KIND,
    null,
  );
  return (await store.insert(record)) ? toGrant(record) : undefined;
}

/** Returns the record of a grant that has not ended. */
export async function findGrant(
  store: CredentialStore,
  grantId: string,
): Promise<Grant | undefined> {
  const record = await store.findById(toRecordId(digestOfGrant(grantId)));
  return record && isLive(record) ? toGrant(record) : undefined;
}

/** A page of a user's grants. */
export interface GrantPage {
  /** The user whose grants are listed. */
  readonly subject: string;
  /** ID of the grant that the page begins after. */
  readonly after?: string;
  /** @default 100 */
  readonly limit?: number;
}

/**
 * Ends the records of an owner's grants.
 * @returns The grants that had not ended, if `isAudited`.
 */
export async function endGrantRecords(
  store: CredentialStore,
  owner: Owner,
  at: number,
  isAudited: boolean,
): Promise<readonly Grant[]> {
  const held = new Map<string, Grant>();
  const limit = 1_000;
  for (let after: string | undefined, isDone = !isAudited; !isDone;) {
    const records = await store.list(owner, { after, limit });
    for (const record of records.filter(isLive)) {
      held.set(record.id, toGrant(record));
    }
    after = records.at(-1)?.id;
    isDone = records.length < limit;
  }
  const ended: string[] = [];
  await store.revokeAll(owner, at, ({ id }) => void ended.push(id));
  return ended.map((id) => held.get(id)).filter((grant) => grant !== undefined);
}

/** Lists the grants of a subject that have not ended, in the order of their age. */
export async function listGrants(
  store: CredentialStore,
  { subject, after, limit = 100 }: GrantPage,
): Promise<readonly Grant[]> {
  const owner = { kind: GRANT_KIND, by: 'subject', id: subject } as const;
  const live: StoredRecord[] = [];
  let last = after === undefined ? undefined : toRecordId(digestOfGrant(after));
  let records: readonly StoredRecord[];
  do {
    records = await store.list(owner, { after: last, limit });
    live.push(...records.filter(isLive));
    last = records.at(-1)?.id;
  } while (records.length === limit && live.length < limit);
  return live.slice(0, limit).map(toGrant);
}

const isLive = ({ kind, revokedAt, expiresAt }: StoredRecord): boolean =>
  kind === GRANT_KIND && revokedAt === null && (expiresAt === null || expiresAt > Date.now());

/** Converts a record to the grant. */
export function toGrant(record: StoredRecord): Grant {
  const { audience } = record.metadata;
  return {
    id: record.grantId ?? '',
    subject: record.subject,
    clientId: record.clientId ?? '',
    scopes: record.scopes,
    audience: Array.isArray(audience) ? audience.map(String) : [],
    issuedAt: record.issuedAt,
    expiresAt: record.expiresAt,
  };
}
