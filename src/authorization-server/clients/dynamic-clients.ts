import { randomBytes } from 'node:crypto';

import type { CredentialStore } from '../../stores/store';
import { publishClientEvent } from '../audit';
import type { Prune } from '../prune';
import { type Client, hasSecret, type RegisteredClient } from './client';
import { type ClientMetadata, describedClient } from './client-metadata';
import {
  describeClient,
  DYNAMIC_CLIENTS,
  isLive,
  recordIdOfClient,
  toRecord,
} from './client-records';
import type { ClientSecrets } from './client-secrets';

/** Clients that registered themselves. A registration that no user completes expires. */
export interface DynamicClients {
  /**
   * Registers a client under a new ID.
   *
   * @returns The client, or undefined if there are too many.
   */
  register(metadata: ClientMetadata): Promise<RegisteredClient | undefined>;
  /** Keeps a registration that a user has completed. */
  extend(client: Client): Promise<void>;
}

export interface DynamicClientsOptions {
  readonly store: CredentialStore;
  readonly secrets: ClientSecrets;
  /** How long a registration is kept that no user has completed, in milliseconds. */
  readonly ttlMs: number;
  /** How long a registration is kept after a token response, in milliseconds. */
  readonly usedTtlMs: number;
  readonly maxClients: number;
  /** Deletes what ended long ago. */
  readonly prune: Prune;
}

const PAGE = 1_000;
/** How long a count is reused while less than half of the limit is used. */
const COUNT_TTL_MS = 60_000;

/** Stores clients that register themselves in the credential store, next to the other clients. */
export function dynamicClients(options: DynamicClientsOptions): DynamicClients {
  const { store, secrets, ttlMs, usedTtlMs } = options;
  const limit = registrationLimit(options);
  let lastAt = 0;

  return {
    async register(metadata) {
      if (!(await limit.hasRoom())) {
        return undefined;
      }
      // Never the same time twice, so that the store lists clients in the order of their insertion.
      const now = Math.max(Date.now(), lastAt + 1);
      lastAt = now;
      const clientId = randomBytes(16).toString('hex');
      const expiresAt = now + ttlMs;
      const client = { ...describedClient(metadata), clientId, registeredAt: now, expiresAt };
      const record = toRecord(client);
      await store.insert(record);
      if (!(await limit.admits(record.id))) {
        await store.revoke(record.id, now);
        return undefined;
      }
      publishClientEvent('registered', client, { at: now, changes: describeClient(client) });
      return {
        client,
        secret: hasSecret(client) ? await secrets.issue(clientId, expiresAt) : undefined,
      };
    },
    async extend(client) {
      const { clientId, expiresAt = Infinity } = client;
      const now = Date.now();
      // One write for many token responses.
      if (expiresAt > now + usedTtlMs / 2) {
        return;
      }
      if (hasSecret(client)) {
        await secrets.extend(clientId, now + usedTtlMs);
      }
      const later = now + usedTtlMs;
      if (await store.update(recordIdOfClient(clientId), { expiresAt: later })) {
        const changes = { expiresAt: { before: client.expiresAt ?? null, after: later } };
        publishClientEvent('extended', client, { at: now, changes });
      }
    },
  };
}

interface RegistrationLimit {
  /** Whether another client may be stored. */
  hasRoom(): Promise<boolean>;
  /** Whether a client that was just stored is within the limit. */
  admits(recordId: string): Promise<boolean>;
}

/**
 * Counts registrations. Concurrent ones are ranked by the order of the store. The store does not
 * count while most of the limit is free.
 */
function registrationLimit({ store, maxClients, prune }: DynamicClientsOptions): RegistrationLimit {
  let count = 0;
  let countedAt = -Infinity;

  const countUpTo = async (recordId?: string): Promise<void> => {
    const now = Date.now();
    await prune();
    count = await countLive(store, recordId);
    countedAt = now;
  };

  return {
    async hasRoom() {
      if (count >= maxClients) {
        await countUpTo();
      }
      return count < maxClients;
    },
    async admits(recordId) {
      if (count < maxClients / 2 && Date.now() - countedAt < COUNT_TTL_MS) {
        count++;
        return true;
      }
      await countUpTo(recordId);
      return count <= maxClients;
    },
  };
}

/** Counts registrations in the order of the store, up to and including that of a record. */
async function countLive(store: CredentialStore, recordId?: string): Promise<number> {
  let count = 0;
  let after: string | undefined;
  for (;;) {
    const records = await store.list(DYNAMIC_CLIENTS, { after, limit: PAGE });
    const end = records.findIndex(({ id }) => id === recordId);
    const counted = end === -1 ? records : records.slice(0, end + 1);
    count += counted.filter(isLive).length;
    after = records.at(-1)?.id;
    if (end !== -1 || records.length < PAGE) {
      return count;
    }
  }
}
