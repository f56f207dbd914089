import { codedError } from '../internal/errors';
import type { StateStore } from '../stores/store';

/** True for the first time that a key is used before it ends. */
export type FirstUse = (key: string, until: number) => boolean | Promise<boolean>;

/**
 * More than one process can look at in the time: past it, to go on would be to forget what was
 * used.
 */
const MAX_REMEMBERED = 500_000;

/** Remembers in this process, each key for `lifeMs`. */
export function firstUseInMemory(lifeMs: number): FirstUse {
  const used = new Map<string, number>();
  return (key) => {
    const now = Date.now();
    // In the order in which they end, since all live equally long.
    for (const [old, until] of used) {
      if (until >= now) {
        break;
      }
      used.delete(old);
    }
    if (used.has(key)) {
      return false;
    }
    if (used.size >= MAX_REMEMBERED) {
      throw codedError(
        'ERR_LATCHKEY_OVERLOADED',
        'dpop(): more proofs than this process can remember; give it a store',
      );
    }
    used.set(key, now + lifeMs);
    return true;
  };
}

/** Remembers in a store, for all machines that share it. */
export function firstUseIn(store: StateStore): FirstUse {
  return async (key, until) => {
    const isFirst: unknown = await store.setIfAbsent('dpop', key, '1', until);
    if (typeof isFirst !== 'boolean') {
      throw codedError(
        'ERR_LATCHKEY_STORE',
        'dpop(): the store answered something other than true or false to setIfAbsent()',
      );
    }
    return isFirst;
  };
}
