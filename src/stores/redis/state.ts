import type { StateStore } from '../store';
import type { Connection } from './connection';
import type { Keys } from './keys';

export function createStateStore(connection: Connection, keys: Keys): StateStore {
  const set = async (
    name: string,
    value: string,
    until: number,
    options: readonly string[] = [],
  ): Promise<boolean> => {
    const end = String(lastMillisecond(until));
    return (await connection.send(name, ['SET', name, value, 'PXAT', end, ...options])) === 'OK';
  };
  const read = async (command: 'GET' | 'GETDEL', name: string) => {
    const value = await connection.send(name, [command, name]);
    return typeof value === 'string' ? value : undefined;
  };
  return {
    setIfAbsent: (group, key, value, until) => set(keys.state(group, key), value, until, ['NX']),
    async set(group, key, value, until) {
      await set(keys.state(group, key), value, until);
    },
    get: (group, key) => read('GET', keys.state(group, key)),
    getAndDelete: (group, key) => read('GETDEL', keys.state(group, key)),
  };
}

/**
 * Redis keeps a key until the end of the millisecond that it is given, and accepts only those after
 * the epoch.
 */
const lastMillisecond = (until: number): number => Math.max(1, until - 1);
