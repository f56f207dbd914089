import { toDigest } from '../../credential/digest';
import { createCredentialManager } from '../../credentials/credential-manager';
import type { CredentialStore, Owner } from '../../stores/store';
import { checkedRecord } from './client-records';

/** Secrets of clients. Only digests are stored. */
export interface ClientSecrets {
  /** Issues a secret for a client. */
  issue(clientId: string): Promise<string>;
  /**
   * Issues a secret, and lets the client's other secrets expire.
   *
   * @param overlapMs How long the other secrets stay valid, in milliseconds.
   */
  rotate(clientId: string, overlapMs: number): Promise<string>;
  /** Revokes all secrets of a client. */
  revokeAll(clientId: string, at: number): Promise<unknown>;
  /** Whether a secret is a valid one of the client. */
  proves(clientId: string, secret: string): Promise<boolean>;
}

const SECRET = 'client_secret';
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
  const issue = async (clientId: string): Promise<string> =>
    (await secrets.issue({ subject: clientId, clientId, scopes: [] })).secret;

  const endOthers = async (clientId: string, kept: string, overlapMs: number): Promise<void> => {
    const now = Date.now();
    const held = await store.list(secretOwner(clientId), { limit: MAX_SECRETS });
    for (const { id, digest, revokedAt } of held) {
      if (digest === kept || revokedAt !== null) {
        continue;
      }
      await (overlapMs === 0 ? store.revoke(id, now) : store.expireAt(id, now + overlapMs));
    }
  };

  return {
    issue,
    async rotate(clientId, overlapMs) {
      const secret = await issue(clientId);
      await endOthers(clientId, toDigest(secret), overlapMs);
      return secret;
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
