import { randomBytes } from 'node:crypto';

import { toDigest, toRecordId } from '../../credential/digest';
import { checkRecord } from '../../credential/record';
import type { MemberChange } from '../../credentials/audit';
import { codedError } from '../../internal/errors';
import { omitUndefined } from '../../internal/objects';
import type { Owner, StoredRecord } from '../../stores/store';
import { memberChanges } from '../audit';
import type { Client, ClientAuthMethod, ClientOptions, GrantType } from './client';
import { clientSchema } from './client-schemas';

/** The kind of the records. */
export const CLIENT_KIND = 'oauth_client';
const CLIENT = CLIENT_KIND;

/** The owner of all clients, also of those that registered themselves. */
export const ALL_CLIENTS: Owner = { kind: CLIENT, by: 'subject', id: CLIENT };

/**
 * Clients that registered themselves have a grant that nothing else has, so that a store can list
 * them.
 */
const DYNAMIC = 'dynamic_registration';
export const DYNAMIC_CLIENTS: Owner = { kind: CLIENT, by: 'grant', id: DYNAMIC };

/** The clients of one account have a grant in common, by which a store can list them. */
export const clientsOf = (owner: string): Owner => ({
  kind: CLIENT,
  by: 'grant',
  id: ownerGrant(owner),
});

/** Shorter than the owner may be, and unlike any other grant. */
const ownerGrant = (owner: string): string => `owner ${toDigest(owner)}`;

/**
 * The digest that a client is stored under. No credential has it, because none contains a space.
 */
const digestOfClient = (clientId: string): string => toDigest(`${CLIENT} ${clientId}`);

/** The ID of the record that a client is stored as. */
export const recordIdOfClient = (clientId: string): string => toRecordId(digestOfClient(clientId));

/**
 * Returns the record that the store returned for a digest.
 * @throws ERR_LATCHKEY_STORE if it is another record
 */
export const checkedRecord = (
  record: StoredRecord | undefined,
  digest: string,
): StoredRecord | undefined => record && (checkRecord(record, digest) as StoredRecord);

/** Returns the record of a client that is not removed, or undefined. */
export function liveRecord(
  record: StoredRecord | undefined,
  clientId: string,
): StoredRecord | undefined {
  const checked = checkedRecord(record, digestOfClient(clientId));
  return checked && isLive(checked) ? checked : undefined;
}

/** Whether a client is neither removed nor expired. */
export const isLive = ({ revokedAt, expiresAt }: StoredRecord): boolean =>
  revokedAt === null && (expiresAt === null || expiresAt > Date.now());

/** Converts a client to the record that it is stored as. */
export function toRecord(client: Client): StoredRecord {
  const { clientId, name, scopes, registeredAt, expiresAt = null, ...metadata } = client;
  const digest = digestOfClient(clientId);
  return {
    id: toRecordId(digest),
    kind: CLIENT,
    digest,
    subject: CLIENT,
    clientId,
    name,
    scopes,
    issuedAt: registeredAt,
    metadata: omitUndefined(metadata),
    expiresAt,
    revokedAt: null,
    disabledAt: null,
    hint: '',
    grantId: client.verified ? verifiedGrant(client) : DYNAMIC,
    environment: null,
    lastUsedAt: null,
    useCount: 0,
    rotatedFrom: null,
    confirmation: null,
  };
}

const verifiedGrant = ({ owner }: Client): string | null =>
  owner === undefined ? null : ownerGrant(owner);

/**
 * Converts a stored record to the client.
 * @throws ERR_LATCHKEY_STORE if it is not a client
 */
export function toClient(record: StoredRecord): Client {
  const { clientId, name, scopes, issuedAt, expiresAt, metadata } = record;
  const client = {
    authMethod: authMethodFor(metadata),
    firstParty: false,
    verified: true,
    ...metadata,
    clientId,
    name,
    scopes,
    registeredAt: issuedAt,
    ...omitUndefined({ expiresAt: expiresAt ?? undefined }),
  };
  if (!clientSchema.safeParse(client).success) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'The credential store returned something that is not a client',
    );
  }
  return client as unknown as Client;
}

/** Adds the defaults to the options of a client. */
export function completeClient(options: ClientOptions, registeredAt: number): Client {
  const { redirectUris = [], clientId = randomBytes(16).toString('hex') } = options;
  const type = options.type ?? (options.authMethod === 'none' ? 'public' : 'confidential');
  return {
    grantTypes: defaultGrantTypes(options),
    applicationType: 'web',
    resourceServer: false,
    firstParty: false,
    authMethod: authMethodFor({ type }),
    ...omitUndefined(options),
    redirectUris,
    type,
    clientId,
    registeredAt,
    verified: true,
  };
}

/** The method of a client that was registered without one. */
const authMethodFor = ({ type }: { readonly type?: unknown }): ClientAuthMethod =>
  type === 'public' ? 'none' : 'client_secret_basic';

function defaultGrantTypes({ redirectUris = [], resourceServer }: ClientOptions): GrantType[] {
  if (redirectUris.length > 0) {
    return ['authorization_code', 'refresh_token'];
  }
  return resourceServer === true ? [] : ['client_credentials'];
}

/** Returns what an event shows of a new client. */
export function describeClient(client: Client): Record<string, MemberChange> {
  const { clientId: _, registeredAt: _at, owner: _owner, ...members } = client;
  return memberChanges({}, members);
}
