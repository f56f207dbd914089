import { idOf } from '../../credential/digest';
import { isOf, OWNED_BY, type CredentialStore, type StoredRecord } from '../store';
import type { Connection } from './connection';
import { FIELDS, fieldsOf, recordOf } from './fields';
import type { Keys } from './keys';
import { ownerIndex, ownersOf } from './owners';
import { ADD_USE, END_AT, INSERT, PRUNE, REVOKE, UPDATE } from './record-scripts';
import { isOne } from './script';

/** So many commands are sent before the first answer is waited for: more of them might be answered late. */
const BATCH = 250;

/** Records and the lists of their owners. Who watches hears of them on the channel `keys.marks`. */
export function credentialsInRedis(connection: Connection, keys: Keys): Omit<CredentialStore, 'publish' | 'subscribe'> {
  const index = ownerIndex(connection);

  const findById = async (id: string): Promise<StoredRecord | undefined> => {
    const key = keys.record(id);
    return recordOf(await connection.send(key, ['HMGET', key, ...FIELDS]));
  };
  /** The channel and the mark that tells of a record. */
  const news = (id: string, at: number): [string, string] => [keys.marks, JSON.stringify({ kind: 'credential', id, at })];
  const revoke = async (id: string, at: number, only: Partial<StoredRecord> = {}): Promise<boolean> =>
    isOne(await REVOKE(connection, [keys.record(id)], ...news(id, at), String(at), ...fieldsOf(only)));

  return {
    async find(digest) {
      const record = await findById(idOf(digest));
      return record?.digest === digest ? record : undefined;
    },
    findById,
    async insert(record) {
      await Promise.all(ownersOf(record).map((owner) => index.add(keys.owner(owner), record)));
      return isOne(await INSERT(connection, [keys.record(record.id)], ...fieldsOf(record)));
    },
    async list(owner, { after, limit }) {
      if (after !== undefined && !(await findById(after))) return [];
      const found: StoredRecord[] = [];
      const missed: string[] = [];
      for await (const ids of index.pages(keys.owner(owner), limit, after)) {
        const records = await Promise.all(ids.map(findById));
        for (const [at, record] of records.entries()) {
          if (record && isOf(record, owner)) found.push(record);
          else missed.push(ids[at] as string);
        }
        if (found.length >= limit) break;
      }
      await index.miss(keys.owner(owner), missed);
      return found.slice(0, limit);
    },
    async update(id, changes) {
      const values = await UPDATE(connection, [keys.record(id)], ...news(id, Date.now()), ...fieldsOf(changes));
      return values === null ? undefined : recordOf(values);
    },
    async expireAt(id, at) {
      return isOne(await END_AT(connection, [keys.record(id)], ...news(id, Date.now()), String(at)));
    },
    revoke: (id, at) => revoke(id, at),
    async revokeAll(owner, at) {
      const { kind, by, id: name } = owner;
      let count = 0;
      for await (const ids of index.pages(keys.owner(owner), BATCH)) {
        const revoked = await Promise.all(ids.map((id) => revoke(id, at, { kind, [OWNED_BY[by]]: name })));
        count += revoked.filter(Boolean).length;
      }
      return count;
    },
    async recordUsage(uses) {
      const results: PromiseSettledResult<unknown>[] = [];
      for (let from = 0; from < uses.length; from += BATCH) {
        const batch = uses
          .slice(from, from + BATCH)
          .map(({ id, count, lastUsedAt }) => ADD_USE(connection, [keys.record(id)], String(count), String(lastUsedAt)));
        results.push(...(await Promise.allSettled(batch)));
      }
      // Who hears of a failure writes all of them again: better a few uses too few than all of the others twice.
      const [first] = results;
      if (first?.status === 'rejected' && results.every(({ status }) => status === 'rejected')) throw first.reason;
    },
    async prune(kind, before) {
      let count = 0;
      for await (const found of connection.scan('hash', keys.allRecords.pattern)) {
        const ids = found.map((key) => keys.allRecords.read(key));
        const dropped = await Promise.all(ids.map((id) => PRUNE(connection, [keys.record(id)], JSON.stringify(kind), String(before))));
        count += dropped.filter(isOne).length;
      }
      const owners = keys.allOwners(kind);
      for await (const found of connection.scan('zset', owners.pattern)) for (const key of found) await tidy(owners.read(key));
      return count;
    },
  };

  /** Takes note of those on an owner's list whose record is gone. */
  async function tidy(owner: ReturnType<Keys['owner']>): Promise<void> {
    for await (const ids of index.pages(owner, BATCH)) {
      const known = await Promise.all(ids.map((id) => connection.send(keys.record(id), ['EXISTS', keys.record(id)])));
      await index.miss(
        owner,
        ids.filter((_, at) => !isOne(known[at])),
      );
    }
  }
}
