import type { CredentialStore, StoredRecord } from '../stores/store';
import {
  areClientsAudited,
  areGrantsAudited,
  publishClientEvent,
  publishGrantEvent,
} from './audit';
import { CLIENT_KIND, toClient } from './clients/client-records';
import { SECRET_KIND } from './clients/client-secrets';
import { GRANT_KIND, toGrant } from './grant-records';

/** Deletes what ended more than an hour ago. Does nothing if it did so within the last hour. */
export type Prune = () => Promise<void>;

const HOUR_MS = 3_600_000;
const PAGE = 1_000;

/** Creates the pruning of grants, registrations and client secrets in a store. */
export function createPrune(store: CredentialStore): Prune {
  let prunedAt = -Infinity;
  return async () => {
    const now = Date.now();
    if (now - prunedAt < HOUR_MS) {
      return;
    }
    prunedAt = now;
    await prune(store, GRANT_KIND, now, {
      isAudited: areGrantsAudited(),
      publish: (record) => publishGrantEvent('pruned', toGrant(record), { at: now }),
    });
    await prune(store, CLIENT_KIND, now, {
      isAudited: areClientsAudited(),
      publish: (record) => publishClientEvent('pruned', toClient(record), { at: now }),
    });
    await store.prune(SECRET_KIND, now - HOUR_MS);
  };
}

interface PruneAudit {
  readonly isAudited: boolean;
  readonly publish: (record: StoredRecord) => void;
}

/** A store says only the IDs of what it deleted, so the records are read before. */
async function prune(
  store: CredentialStore,
  kind: string,
  now: number,
  { isAudited, publish }: PruneAudit,
): Promise<void> {
  const before = now - HOUR_MS;
  const expired = isAudited ? await expiredRecords(store, kind, before) : new Map<string, never>();
  await store.prune(kind, before, ({ id }) => {
    const record = expired.get(id);
    if (record) {
      publish(record);
    }
  });
}

async function expiredRecords(
  store: CredentialStore,
  kind: string,
  expiresBefore: number,
): Promise<ReadonlyMap<string, StoredRecord>> {
  const found = new Map<string, StoredRecord>();
  let after: string | undefined;
  for (;;) {
    const filter = { kind, status: 'expired', expiresBefore } as const;
    const records = await store.search(filter, { after, limit: PAGE });
    for (const record of records) {
      found.set(record.id, record);
    }
    after = records.at(-1)?.id;
    if (records.length < PAGE) {
      return found;
    }
  }
}
