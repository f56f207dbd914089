import type { StateStore } from '../store';
import type { Connection } from './connection';
import type { Keys } from './keys';

export function createStateStore(connection: Connection, keys: Keys): StateStore {
  const set = async (
    group: string,
    key: string,
    value: string,
    until: number,
    ...options: readonly string[]
  ) => {
    const name = keys.state(group, key);
    return (
      (await connection.send(name, [
        'SET',
        name,
        value,
        'PXAT',
        String(lastMillisecond(until)),
        ...options,
      ])) === 'OK'
    );
  };
  const read = async (command: 'GET' | 'GETDEL', group: string, key: string) => {
    const name = keys.state(group, key);
    return ((await connection.send(name, [command, name])) as string | null) ?? undefined;
  };
  return {
    setIfAbsent: (group, key, value, until) => set(group, key, value, until, 'NX'),
    set: async (group, key, value, until) => void (await set(group, key, value, until)),
    get: (group, key) => read('GET', group, key),
    getAndDelete: (group, key) => read('GETDEL', group, key),
  };
}

/**
 * Redis keeps a key until the end of the millisecond that it is given, and accepts only those after
 * the epoch.
 */
const lastMillisecond = (until: number): number => Math.max(1, until - 1);
