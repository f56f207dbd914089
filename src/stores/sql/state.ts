import * as z from 'zod';
import { codedError } from '../../internal/errors';
import { digestOf } from '../../credential/digest';
import type { StateStore } from '../store';
import type { Database, StateTable } from './tables';
import { aWhole, whole } from './values';
import type { Writes } from './writes';

export function stateIn(db: Database, writes: Writes): StateStore {
  return {
    async setIfAbsent(group, key, value, until) {
      const row = rowOf(group, key, value, until);
      if (await writes.insert('latchkey_state', row)) return true;
      const now = Date.now();
      await writes.drop('latchkey_state', (eb) => eb.and([eb('id', '=', row.id), eb('ends_at', '<=', now)]));
      return writes.insert('latchkey_state', row);
    },
    async set(group, key, value, until) {
      await writes.replaceState(rowOf(group, key, value, until));
    },
    async get(group, key) {
      return standing(await db.selectFrom('latchkey_state').selectAll().where('id', '=', idOf(group, key)).executeTakeFirst());
    },
    async getAndDelete(group, key) {
      return standing(await writes.takeState(idOf(group, key)));
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

const sound = z.object({ value: z.string(), ends_at: aWhole });

/** The value of a row that has not ended. */
function standing(row: unknown): string | undefined {
  if (row === undefined) return undefined;
  const { data } = sound.safeParse(row);
  if (!data) throw codedError('ERR_LATCHKEY_STORE', 'a row of latchkey_state is damaged');
  return Date.now() < data.ends_at ? data.value : undefined;
}
