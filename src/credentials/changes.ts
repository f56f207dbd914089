import { omitUndefined } from '../internal/objects';
import { toCompleteStore } from '../stores/store-methods';
import { changesBetween } from './audit';
import type { ManagerContext, StoredSecret } from './manager-context';
import type { CredentialChanges, CredentialManager } from './manager-types';
import { type Issued, toPublicRecord } from './records';
import { rotate } from './rotate';

const toIssued = ({ secret, record }: StoredSecret): Issued => ({
  secret,
  record: toPublicRecord(record),
});

/** The methods that create or change one credential. */
export function createChanges(
  manager: ManagerContext,
): Pick<CredentialManager, 'issue' | 'rotate' | 'update' | 'revoke' | 'disable' | 'enable'> {
  const { check, store, insert, find, notifyChanged, publish } = manager;
  return {
    async issue(options, context = {}) {
      check.issue(options);
      check.context('issue', context);
      const issued = await insert(options, null);
      const { record } = issued;
      const changes = changesBetween({}, record);
      publish({ action: 'issued', record, at: record.issuedAt, changes }, context);
      return toIssued(issued);
    },
    async rotate(id, options = {}, context = {}) {
      check.rotate(options);
      check.context('rotate', context);
      const old = await find(id);
      const rotation = {
        store: store(),
        insert,
        notifyChanged,
        publish: (change: Parameters<typeof publish>[0]) => publish(change, context),
      };
      const issued = old && (await rotate(rotation, old, options));
      return issued && toIssued(issued);
    },
    async update(id, changes, context = {}) {
      check.update(changes);
      check.context('update', context);
      const before = await find(id);
      if (!before) {
        return undefined;
      }
      const record = await store().update(id, omitUndefined(changes));
      notifyChanged(id);
      if (record) {
        publishUpdate(manager, { before, changes, context });
      }
      return record && toPublicRecord(record);
    },
    async revoke(id, context = {}) {
      check.context('revoke', context);
      const record = await find(id);
      if (!record) {
        return false;
      }
      const at = Date.now();
      const isRevoked = await store().revoke(id, at);
      notifyChanged(id);
      if (isRevoked) {
        const changes = { revokedAt: { before: null, after: at } };
        publish({ action: 'revoked', record, at, changes }, context);
      }
      return isRevoked;
    },
    ...createSwitches(manager),
  };
}

/** `disable()` and `enable()`. */
const createSwitches = ({
  name,
  check,
  store,
  find,
  notifyChanged,
  publish,
}: ManagerContext): Pick<CredentialManager, 'disable' | 'enable'> => ({
  async disable(id, context = {}) {
    check.context('disable', context);
    const opened = toCompleteStore(store(), `${name}.disable()`);
    const record = await find(id);
    const at = Date.now();
    const isDisabled = record !== undefined && (await opened.disable(id, at));
    if (isDisabled) {
      notifyChanged(id);
      const changes = { disabledAt: { before: null, after: at } };
      publish({ action: 'disabled', record, at, changes }, context);
    }
    return isDisabled;
  },
  async enable(id, context = {}) {
    check.context('enable', context);
    const opened = toCompleteStore(store(), `${name}.enable()`);
    const record = await find(id);
    const isEnabled = record !== undefined && (await opened.enable(id));
    if (isEnabled) {
      notifyChanged(id);
      const changes = { disabledAt: { before: record.disabledAt, after: null } };
      publish({ action: 'enabled', record, at: Date.now(), changes }, context);
    }
    return isEnabled;
  },
});

interface Update {
  readonly before: Parameters<typeof toPublicRecord>[0];
  readonly changes: CredentialChanges;
  readonly context: { readonly actor?: string };
}

/** Publishes what an update changed, if it changed anything. */
function publishUpdate({ publish }: ManagerContext, { before, changes, context }: Update): void {
  const changed = changesBetween(before, { ...before, ...omitUndefined(changes) });
  if (Object.keys(changed).length > 0) {
    publish({ action: 'updated', record: before, at: Date.now(), changes: changed }, context);
  }
}
