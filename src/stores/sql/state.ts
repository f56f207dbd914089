import * as z from 'zod';

import { toDigest } from '../../credential/digest';
import { codedError } from '../../internal/errors';
import type { StateStore } from '../store';
import type { Database, StateTable } from './tables';
import { integerSchema, toInteger } from './values';
import type { Writes } from './writes';

export function createState(db: Database, writes: Writes): StateStore {
  return {
    async setIfAbsent(group, key, value, until) {
      const row = toRow(group, key, value, until);
      if (await writes.insert('latchkey_state', row)) {
        return true;
      }
      const now = Date.now();
      await writes.drop('latchkey_state', (eb) =>
        eb.and([eb('id', '=', row.id), eb('ends_at', '<=', now)]),
      );
      return writes.insert('latchkey_state', row);
    },
    async set(group, key, value, until) {
      await writes.replaceState(toRow(group, key, value, until));
    },
    async get(group, key) {
      return currentValue(
        await db
          .selectFrom('latchkey_state')
          .selectAll()
          .where('id', '=', toId(group, key))
          .executeTakeFirst(),
      );
    },
    async getAndDelete(group, key) {
      return currentValue(await writes.getAndDeleteState(toId(group, key)));
    },
  };
}

/** A short ID for a group and a key, because an index cannot hold keys of any length. */
const toId = (group: string, key: string): string => toDigest(JSON.stringify([group, key]));

const toRow = (group: string, key: string, value: string, until: number): StateTable => ({
  id: toId(group, key),
  value,
  ends_at: toInteger(Math.min(until, Number.MAX_SAFE_INTEGER)),
});

const rowSchema = z.object({ value: z.string(), ends_at: integerSchema });

/** Returns the value of a row that has not expired. */
function currentValue(row: unknown): string | undefined {
  if (row === undefined) {
    return undefined;
  }
  const { data } = rowSchema.safeParse(row);
  if (!data) {
    throw codedError('ERR_LATCHKEY_STORE', 'a row of latchkey_state is damaged');
  }
  return Date.now() < data.ends_at ? data.value : undefined;
}
