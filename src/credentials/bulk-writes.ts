import { readDigest } from '../credential/digest';
import { type ChangedRecord, type Owner, RETENTION_MS, type StoredRecord } from '../stores/store';
import { isComplete, type ManagedStore } from '../stores/store-methods';
import { changesBetween, isAudited } from './audit';
import { importRecords } from './import-records';
import type { ManagerContext } from './manager-context';
import type { ChangeContext, CredentialManager } from './manager-types';
import { newRecord, toOwner, toPublicRecord } from './records';

/** The methods that change many credentials. */
export function createBulkWrites(
  manager: ManagerContext,
): Pick<CredentialManager, 'revokeAll' | 'import' | 'prune'> {
  const { kind, name, check, store, notify, publish } = manager;
  return {
    async revokeAll(options, context = {}) {
      check.revokeAll(options);
      check.context('revokeAll', context);
      const owner = toOwner(kind, options);
      const at = Date.now();
      const changes = { revokedAt: { before: null, after: at } };
      const revoked: ChangedRecord[] = [];
      try {
        return await revokeOwned(store(), owner, at, revoked);
      } finally {
        notify({ type: owner.by, id: owner.id, at });
        for (const record of revoked) {
          publish({ action: 'revoked', record, at, changes }, context);
        }
      }
    },
    async import(records, context = {}) {
      const opened = store();
      check.importAll(records);
      check.context('import', context);
      const valid = [...records].map((record, index) => {
        check.import(record, index);
        const digest = readDigest(record.digest) ?? record.digest;
        return newRecord({ ...record, digest }, kind, null);
      });
      const added = await importRecords(opened, valid, {
        verifier: name,
        onAdded: (record) => publishImport(manager, record, context),
      });
      return added.map(toPublicRecord);
    },
    async prune(options = {}, context = {}) {
      check.prune(options);
      check.context('prune', context);
      const { olderThanMs = RETENTION_MS } = options;
      const at = Date.now();
      const pruned: ChangedRecord[] = [];
      const onPruned = isAudited() ? (record: ChangedRecord) => pruned.push(record) : undefined;
      try {
        return await store().prune(kind, at - olderThanMs, onPruned);
      } finally {
        for (const record of pruned) {
          publish({ action: 'pruned', record, at, changes: {} }, context);
        }
      }
    },
  };
}

/** Revokes the credentials of an owner, and adds them to `revoked` if there is a subscriber. */
async function revokeOwned(
  store: ManagedStore,
  owner: Owner,
  at: number,
  revoked: ChangedRecord[],
): Promise<number> {
  if (!isAudited()) {
    return store.revokeAll(owner, at);
  }
  if (isComplete(store)) {
    return store.revokeAll(owner, at, (record) => revoked.push(record));
  }
  // A store for Latchkey 0.1 does not say which records it revokes.
  for await (const record of allOf(store, owner)) {
    if (record.revokedAt === null && (await store.revoke(record.id, at))) {
      revoked.push(record);
    }
  }
  return revoked.length;
}

const PAGE = 1_000;

async function* allOf(store: ManagedStore, owner: Owner): AsyncGenerator<StoredRecord> {
  let page: readonly StoredRecord[];
  let after: string | undefined;
  do {
    page = await store.list(owner, { after, limit: PAGE });
    yield* page;
    after = page.at(-1)?.id;
  } while (page.length === PAGE);
}

function publishImport(
  { publish }: ManagerContext,
  record: StoredRecord,
  context: ChangeContext,
): void {
  const changes = changesBetween({}, record);
  publish({ action: 'imported', record, at: Date.now(), changes }, context);
}
