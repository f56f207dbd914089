import { isId } from '../credential/digest';
import { type Owner } from '../stores/store';
import { toCompleteStore } from '../stores/store-methods';
import { clampToDay, firstKeptDay } from '../stores/usage-days';
import type { ManagerContext } from './manager-context';
import type { CredentialManager, ListOptions } from './manager-types';
import { hasOwner, toOwner, toPublicRecord } from './records';

/** The methods that change nothing. */
export const createReads = ({
  kind,
  name: verifier,
  check,
  store,
  find,
  flushUsage,
}: ManagerContext): Pick<CredentialManager, 'get' | 'list' | 'usage'> => ({
  async get(id) {
    await flushUsage();
    const record = await find(id);
    return record && toPublicRecord(record);
  },
  async list(options = {}) {
    check.list(options);
    const { status, expiresBefore, name, after, limit = 100 } = options;
    await flushUsage();
    const opened = store();
    const owner = hasOwner(options) ? toOwner(kind, options) : undefined;
    const page = { after, limit };
    // A store for Latchkey 0.1 can list the credentials of an owner, and nothing else.
    const needsSearch = owner === undefined || hasFilter(options);
    const searched = needsSearch && toCompleteStore(opened, `${verifier}.list()`);
    if (after !== undefined && !isId(after)) {
      return [];
    }
    const records = searched
      ? await searched.search({ kind, owner, status, expiresBefore, name }, page)
      : await opened.list(owner as Owner, page);
    return records.map(toPublicRecord);
  },
  async usage(id, options = {}) {
    check.usage(options);
    const now = Date.now();
    const { from = firstKeptDay(now), to = now } = options;
    const opened = toCompleteStore(store(), `${verifier}.usage()`);
    await flushUsage();
    if (!(await find(id))) {
      return [];
    }
    return opened.usage(id, { from: toDayText(from), to: toDayText(to) });
  },
});

/** Whether options restrict a list by more than an owner. */
const hasFilter = ({ status, expiresBefore, name }: ListOptions): boolean =>
  [status, expiresBefore, name].some((value) => value !== undefined);

const toDayText = (value: number | string): string =>
  typeof value === 'string' ? value : clampToDay(value);
