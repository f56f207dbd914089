import type { CredentialStore } from '../store';
import {
  all,
  type Condition,
  endsFrom,
  hasId,
  isDisabled,
  isLive,
  isOwnedBy,
  not,
} from './conditions';
import type { SqlContext } from './context';
import { toChangedColumns, toRecord } from './rows';
import type { CredentialsTable } from './tables';
import { toInteger } from './values';

type Method = 'update' | 'expireAt' | 'disable' | 'enable' | 'revoke' | 'revokeAll';

/** The methods that change records, and notify subscribers. */
export function createChanges({
  writes,
  notifications,
}: SqlContext): Pick<CredentialStore, Method> {
  const change = async (condition: Condition, changes: Partial<CredentialsTable>, at: number) => {
    const rows = await writes.change(all(condition, isLive), changes, at);
    notifications.notify(
      rows.map(({ id }) => id),
      at,
    );
    return rows;
  };
  const changeOne = async (...args: Parameters<typeof change>) =>
    (await change(...args)).length === 1;
  return {
    async update(id, changes) {
      // A live row has no `revoked_at`. Setting it to null keeps the statement valid where nothing
      // else is changed.
      const columns = { revoked_at: null, ...toChangedColumns(changes) };
      const [row] = await change(hasId(id), columns, Date.now());
      return row && toRecord(row);
    },
    async expireAt(id, at) {
      const end = toInteger(at);
      return changeOne(all(hasId(id), endsFrom(end)), { expires_at: end }, Date.now());
    },
    async disable(id, at) {
      const time = toInteger(at);
      return changeOne(all(hasId(id), not(isDisabled)), { disabled_at: time }, time);
    },
    enable: (id) => changeOne(all(hasId(id), isDisabled), { disabled_at: null }, Date.now()),
    async revoke(id, at) {
      return changeOne(hasId(id), { revoked_at: toInteger(at) }, toInteger(at));
    },
    async revokeAll(owner, at, onRevoked) {
      const rows = await change(isOwnedBy(owner), { revoked_at: toInteger(at) }, toInteger(at));
      for (const { id, subject } of rows) {
        onRevoked?.({ id, subject });
      }
      return rows.length;
    },
  };
}
