import { toRecordId } from '../../credential/digest';
import { toPredicate } from '../filter';
import type { CredentialStore, StoredRecord } from '../store';
import { type CredentialFilter } from '../store';
import { BATCH_SIZE } from './batches';
import type { RedisContext } from './context';
import { findExpiring } from './expiring';
import { FIELDS, parseRecord } from './fields';
import type { OwnerKeys } from './keys';

type FindById = (id: string) => Promise<StoredRecord | undefined>;

/** The methods that only read. */
export function createReads(
  context: RedisContext,
): Pick<CredentialStore, 'find' | 'findById' | 'list' | 'search'> {
  const { connection, keys } = context;
  const findById: FindById = async (id) => {
    const key = keys.record(id);
    return parseRecord(await connection.send(key, ['HMGET', key, ...FIELDS]));
  };
  const search = createSearch(context, findById);
  return {
    async find(digest) {
      const record = await findById(toRecordId(digest));
      return record?.digest === digest ? record : undefined;
    },
    findById,
    list: (owner, page) => search({ kind: owner.kind, owner }, page),
    search,
  };
}

/** A list that contains the ID of every record that meets a filter. */
interface Candidates {
  readonly list: OwnerKeys;
  /** Whether a record belongs in the list. Otherwise its ID is to be removed. */
  readonly belongs: (record: StoredRecord) => boolean;
}

function createSearch(context: RedisContext, findById: FindById): CredentialStore['search'] {
  return async (filter, { after, limit }) => {
    const { kind, owner } = filter;
    const last = after === undefined ? undefined : await findById(after);
    if (after !== undefined && !(last && toPredicate({ kind, owner })(last))) {
      return [];
    }
    if (!owner) {
      await context.kindScan.ready(kind);
      const expiring = await findExpiring(context, filter, last);
      if (expiring) {
        return readInOrder(expiring, findById, filter, limit);
      }
    }
    return searchList(context, findById, { filter, last, limit });
  };
}

interface Search {
  readonly filter: CredentialFilter;
  readonly last: StoredRecord | undefined;
  readonly limit: number;
}

/** Reads records in order until a page is full. */
async function readInOrder(
  ids: readonly string[],
  findById: FindById,
  filter: CredentialFilter,
  limit: number,
): Promise<readonly StoredRecord[]> {
  const meetsFilter = toPredicate(filter);
  const found: StoredRecord[] = [];
  for (let start = 0; start < ids.length && found.length < limit; start += BATCH_SIZE) {
    const records = await Promise.all(ids.slice(start, start + BATCH_SIZE).map(findById));
    found.push(...records.flatMap((record) => (record && meetsFilter(record) ? [record] : [])));
  }
  return found.slice(0, limit);
}

async function searchList(
  { keys, owners }: RedisContext,
  findById: FindById,
  { filter, last, limit }: Search,
): Promise<readonly StoredRecord[]> {
  const { kind, status, expiresBefore, name } = filter;
  const isFiltered = [status, expiresBefore, name].some((value) => value !== undefined);
  const size = isFiltered ? Math.max(limit, BATCH_SIZE) : limit;
  const { list, belongs } = toCandidates(keys.kind(kind), keys, filter);
  const meetsFilter = toPredicate(filter);
  const found: StoredRecord[] = [];
  const missing: string[] = [];
  for await (const ids of owners.pages(list, size, last)) {
    const records = await Promise.all(ids.map(findById));
    for (const [at, id] of ids.entries()) {
      const record = records[at];
      if (!record || !belongs(record)) {
        missing.push(id);
      } else if (meetsFilter(record)) {
        found.push(record);
      }
    }
    if (found.length >= limit) {
      break;
    }
  }
  // A replica, or a user that may only read, refuses it: reading does not depend on it.
  owners.reportMissing(list, missing).catch(() => undefined);
  return found.slice(0, limit);
}

function toCandidates(
  lists: ReturnType<RedisContext['keys']['kind']>,
  keys: RedisContext['keys'],
  { kind, owner, status }: CredentialFilter,
): Candidates {
  if (owner) {
    return { list: keys.owner(owner), belongs: toPredicate({ kind, owner }) };
  }
  const isOfKind = toPredicate({ kind });
  switch (status) {
    case 'revoked':
      return {
        list: lists.revoked,
        belongs: (record) => isOfKind(record) && record.revokedAt !== null,
      };
    case 'disabled':
      return {
        list: lists.disabled,
        belongs: (record) => isOfKind(record) && record.disabledAt !== null,
      };
    default:
      return { list: lists.issued, belongs: isOfKind };
  }
}
