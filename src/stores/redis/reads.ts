import { toRecordId } from '../../credential/digest';
import { toPredicate } from '../filter';
import type { CredentialStore, StoredRecord } from '../store';
import { type CredentialFilter } from '../store';
import { BATCH_SIZE, inBatches } from './batches';
import type { RedisContext } from './context';
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
      const expiring = await findExpiring(context, filter);
      if (expiring) {
        const found = await inBatches(expiring, (ids) => Promise.all(ids.map(findById)));
        return sortedPage(found, filter, { last, limit });
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

/** Up to this many records are read to sort them. */
const MAX_SORTED = 2_000;

/**
 * The IDs of the records that may have expired before the filter's time, if they are few. If there
 * are many, reading all records in order fills a page soon enough.
 */
async function findExpiring(
  { connection, keys }: RedisContext,
  { kind, status, expiresBefore }: CredentialFilter,
): Promise<readonly string[] | undefined> {
  const isExpired = status === 'expired';
  if (
    (!isExpired && expiresBefore === undefined) ||
    status === 'revoked' ||
    status === 'disabled'
  ) {
    return undefined;
  }
  const end = String(Math.min(expiresBefore ?? Infinity, isExpired ? Date.now() : Infinity));
  const key = keys.kind(kind).expiring;
  const count = Number(await connection.send(key, ['ZCOUNT', key, '-inf', end]));
  if (count > MAX_SORTED) {
    return undefined;
  }
  return (await connection.send(key, ['ZRANGEBYSCORE', key, '-inf', end])) as readonly string[];
}

/** Sorts records, and returns those after a record that meet a filter. */
function sortedPage(
  found: readonly (StoredRecord | undefined)[],
  filter: CredentialFilter,
  { last, limit }: { readonly last: StoredRecord | undefined; readonly limit: number },
): readonly StoredRecord[] {
  const meetsFilter = toPredicate(filter);
  return found
    .flatMap((record) => (record && meetsFilter(record) ? [record] : []))
    .sort(compare)
    .filter((record) => last === undefined || compare(record, last) > 0)
    .slice(0, limit);
}

const compare = (a: StoredRecord, b: StoredRecord): number =>
  a.issuedAt - b.issuedAt || Number(a.id > b.id) - Number(a.id < b.id);
