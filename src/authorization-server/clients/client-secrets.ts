import { toDigest } from '../../credential/digest';
import { createCredentialManager } from '../../credentials/credential-manager';
import type { CredentialStore, Owner, StoredRecord } from '../../stores/store';
import type { Client } from './client';
import { checkedRecord } from './client-records';

/** Secrets of clients. Only digests are stored. */
export interface ClientSecrets {
  /**
   * Issues a secret for a client.
   *
   * @param expiresAt Milliseconds since the epoch, or null for never.
   */
  issue(clientId: string, expiresAt: number | null): Promise<string>;
  /**
   * Issues a secret, and lets the client's other secrets expire.
   *
   * @param overlapMs How long the other secrets stay valid, in milliseconds.
   */
  rotate(client: Client, overlapMs: number): Promise<string>;
  /**
   * Moves the expiry of a client's newest secret to a later time. Those before it were rotated, and
   * expire when that said.
   */
  extend(clientId: string, expiresAt: number): Promise<void>;
  /** Revokes all secrets of a client. */
  revokeAll(clientId: string, at: number): Promise<unknown>;
  /** Whether a secret is a valid one of the client. */
  proves(clientId: string, secret: string): Promise<boolean>;
}

/** The kind of the records. */
export const SECRET_KIND = 'client_secret';
const SECRET = SECRET_KIND;
const MAX_SECRETS = 1_000;
const secretOwner = (clientId: string): Owner => ({ kind: SECRET, by: 'client', id: clientId });

/** Creates the secrets of clients in a store. */
export function clientSecrets(store: CredentialStore): ClientSecrets {
  const secrets = createCredentialManager({
    kind: SECRET,
    name: 'clients',
    prefix: 'client',
    environments: ['secret'],
    store,
    ttlMs: null,
    flushUsage: async () => {},
    notify: () => {},
  });
  const issue = async (clientId: string, expiresAt: number | null): Promise<string> =>
    (await secrets.issue({ subject: clientId, clientId, scopes: [], expiresAt })).secret;
  const unrevoked = async (clientId: string): Promise<StoredRecord[]> => {
    const held = await store.list(secretOwner(clientId), { limit: MAX_SECRETS });
    return held.filter(({ revokedAt }) => revokedAt === null);
  };

  const endOthers = async (clientId: string, kept: string, overlapMs: number): Promise<void> => {
    const now = Date.now();
    for (const { id, digest } of await unrevoked(clientId)) {
      if (digest !== kept) {
        await (overlapMs === 0 ? store.revoke(id, now) : store.expireAt(id, now + overlapMs));
      }
    }
  };

  return {
    issue,
    async rotate({ clientId, expiresAt = null }, overlapMs) {
      const secret = await issue(clientId, expiresAt);
      await endOthers(clientId, toDigest(secret), overlapMs);
      return secret;
    },
    async extend(clientId, expiresAt) {
      const [newest] = (await unrevoked(clientId)).sort((a, b) => b.issuedAt - a.issuedAt);
      if (newest) {
        await store.update(newest.id, { expiresAt });
      }
    },
    revokeAll: (clientId, at) => store.revokeAll(secretOwner(clientId), at),
    async proves(clientId, secret) {
      const digest = toDigest(secret);
      const record = checkedRecord(await store.find(digest), digest);
      return (
        record?.kind === SECRET &&
        record.clientId === clientId &&
        record.revokedAt === null &&
        (record.expiresAt === null || record.expiresAt > Date.now())
      );
    },
  };
}
