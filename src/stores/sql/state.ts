import { digestOf } from '../../credential/digest';
import type { StateStore } from '../store';
import type { Database, StateTable } from './tables';
import { whole } from './values';
import type { Writes } from './writes';

export function stateIn(db: Database, writes: Writes): StateStore {
  return {
    async put(group, key, value, until) {
      const row = rowOf(group, key, value, until);
      if (await writes.insert('latchkey_state', row)) return true;
      const now = Date.now();
      await writes.drop('latchkey_state', (eb) => eb.and([eb('id', '=', row.id), eb('ends_at', '<=', now)]));
      return writes.insert('latchkey_state', row);
    },
    async replace(group, key, value, until) {
      await writes.replaceState(rowOf(group, key, value, until));
    },
    async get(group, key) {
      const found = await db
        .selectFrom('latchkey_state')
        .select('value')
        .where('id', '=', idOf(group, key))
        .where('ends_at', '>', Date.now())
        .executeTakeFirst();
      return found?.value;
    },
    async take(group, key) {
      return writes.takeState(idOf(group, key), Date.now());
    },
  };
}

/** One short key of two texts of any length: no index could hold them. */
const idOf = (group: string, key: string): string => digestOf(JSON.stringify([group, key]));

const rowOf = (group: string, key: string, value: string, until: number): StateTable => ({
  id: idOf(group, key),
  value,
  ends_at: whole(Math.min(until, Number.MAX_SAFE_INTEGER)),
});
