import { randomUUID } from 'node:crypto';

import type { ChangeContext } from '../credentials/manager-types';
import { type CredentialOwner, toOwner } from '../credentials/records';
import type { CredentialStore, StateStore } from '../stores/store';
import { areGrantsAudited, memberChanges, publishGrantEvent } from './audit';
import type { EncryptedState } from './encrypted-state';
import { endGrantRecords, type Grant, GRANT_KIND, insertGrant } from './grant-records';
import type { Prune } from './prune';

/** What users allowed clients to do. Codes and refresh tokens are worthless without their grant. */
export interface Grants {
  save(grantId: string, payload: object, until: number): Promise<void>;
  /**
   * Returns the grant, unless it has ended: by itself, or with all grants of its subject or client.
   */
  find(grantId: string): Promise<object | undefined>;
  /** Ends a grant and its access tokens. */
  end(grantId: string, context?: ChangeContext): Promise<void>;
  /** Ends all grants and access tokens of a subject or client, or one grant. */
  readonly endAll: (owner: CredentialOwner, context?: ChangeContext) => Promise<void>;
}

export interface GrantsOptions {
  readonly store: CredentialStore & StateStore;
  readonly state: EncryptedState;
  /** Revokes the access tokens of a subject, client or grant. */
  readonly revokeTokens: (owner: CredentialOwner) => Promise<unknown>;
  /** Maximum lifetime of a grant, in milliseconds. */
  readonly ttlMs: number;
  /** Deletes what ended long ago, after a new grant. */
  readonly prune?: Prune;
}

interface StoredGrant {
  readonly payload: Payload;
  /** IDs of the last `endAll()` of its subject and of its client, as of when the grant began. */
  readonly ends: readonly (string | null)[];
}

interface Payload {
  readonly accountId?: string;
  readonly clientId?: string;
}

const ENDING = { isEnding: true } as const;
const GRANT = 'oauth:Grant';
const ENDS = 'oauth:end';

export function createGrants({
  store,
  state,
  revokeTokens,
  ttlMs,
  prune = async () => {},
}: GrantsOptions): Grants {
  const endsOf = ({ accountId, clientId }: Payload): Promise<readonly (string | null)[]> =>
    Promise.all(
      [`subject ${accountId}`, `client ${clientId}`].map(
        async (owner) => (await store.get(ENDS, owner)) ?? null,
      ),
    );

  const end = async (grantId: string, context: ChangeContext = {}) => {
    // No new token of the grant is valid from here on. If the rest fails, the next `find()`
    // completes it.
    await state.put(GRANT, grantId, ENDING, Date.now() + ttlMs);
    await revokeTokens({ grantId });
    await endRecords(store, { grantId }, context);
    await state.remove(GRANT, grantId);
  };

  return {
    async save(grantId, payload, until) {
      await state.put(
        GRANT,
        grantId,
        { payload, ends: await endsOf(payload) } satisfies StoredGrant,
        until,
      );
      const grant = await insertGrant(store, grantId, payload, until);
      if (grant) {
        publishIssued(grant);
        // Its failure does not concern the user. It runs again after an hour.
        prune().catch(() => {});
      }
    },
    async find(grantId) {
      const stored = (await state.get(GRANT, grantId)) as StoredGrant | typeof ENDING | undefined;
      if (!stored) {
        return undefined;
      }
      if ('isEnding' in stored) {
        await end(grantId);
        return undefined;
      }
      const ends = await endsOf(stored.payload);
      // Clocks of two instances differ, so none are compared: an end that was not there when the
      // grant began has ended it.
      return ends.every((one, index) => one === null || one === stored.ends[index])
        ? stored.payload
        : undefined;
    },
    end,
    async endAll(owner, context = {}) {
      if (owner.grantId !== undefined) {
        return end(owner.grantId, context);
      }
      const key =
        owner.subject !== undefined ? `subject ${owner.subject}` : `client ${owner.clientId}`;
      await store.set(ENDS, key, randomUUID(), Date.now() + ttlMs);
      await revokeTokens(owner);
      await endRecords(store, owner, context);
    },
  };
}

async function endRecords(
  store: CredentialStore,
  owner: CredentialOwner,
  { actor }: ChangeContext,
): Promise<void> {
  const at = Date.now();
  const records = toOwner(GRANT_KIND, owner);
  const changes = { revokedAt: { before: null, after: at } };
  for (const grant of await endGrantRecords(store, records, at, areGrantsAudited())) {
    publishGrantEvent('revoked', grant, { actor, at, changes });
  }
}

function publishIssued(grant: Grant): void {
  const { id: _, subject: _subject, clientId: _client, ...members } = grant;
  publishGrantEvent('issued', grant, {
    at: grant.issuedAt,
    changes: memberChanges({}, members),
  });
}
