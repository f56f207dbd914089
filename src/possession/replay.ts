import { codedError } from '../internal/errors';
import type { StateStore } from '../stores/store';

/** Returns true for the first use of a key before it expires, and false for every later one. */
export type FirstUse = (key: string, expiresAt: number) => boolean | Promise<boolean>;

/**
 * More proofs than one process can verify in the time. Beyond it, older ones would be forgotten and
 * could be replayed.
 */
const MAX_REMEMBERED = 500_000;

/** Records each key in the memory of this process, for `retentionMs`. */
export function firstUseInMemory(retentionMs: number): FirstUse {
  const used = new Map<string, number>();
  return (key) => {
    const now = Date.now();
    // All keys are kept for the same time, so the oldest expires first.
    for (const [old, expiresAt] of used) {
      if (expiresAt >= now) {
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
        'dpop(): too many proofs for the memory of one process; pass the option "store"',
      );
    }
    used.set(key, now + retentionMs);
    return true;
  };
}

/** Records each key in a store, for all instances that share it. */
export function firstUseInStore(store: StateStore): FirstUse {
  return async (key, expiresAt) => {
    const isFirst: unknown = await store.setIfAbsent('dpop', key, '1', expiresAt);
    if (typeof isFirst !== 'boolean') {
      throw codedError(
        'ERR_LATCHKEY_STORE',
        'dpop(): setIfAbsent() of the store must return true or false',
      );
    }
    return isFirst;
  };
}
