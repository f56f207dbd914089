import type { StateStore } from '../store';

/**
 * How many entries are checked for expiry for each one that is added. More than one, so that
 * expired entries cannot pile up.
 */
const CHECKS_PER_WRITE = 4;

interface Entry {
  readonly value: string;
  readonly until: number;
}

/** Creates a store of values that expire. */
export function createState(): StateStore {
  const entries = new ExpiringMap();
  const toName = (group: string, key: string) => JSON.stringify([group, key]);
  return {
    async setIfAbsent(group, key, value, until) {
      const name = toName(group, key);
      if (entries.get(name) !== undefined) {
        return false;
      }
      entries.set(name, { value, until });
      return true;
    },
    async set(group, key, value, until) {
      entries.set(toName(group, key), { value, until });
    },
    async get(group, key) {
      return entries.get(toName(group, key));
    },
    async getAndDelete(group, key) {
      const name = toName(group, key);
      const value = entries.get(name);
      entries.delete(name);
      return value;
    },
  };
}

/** Values that expire. Each write deletes a few that have, so no timer is needed. */
class ExpiringMap {
  readonly #entries = new Map<string, Entry>();
  #next = this.#entries.entries();

  get(name: string): string | undefined {
    const entry = this.#entries.get(name);
    return entry && Date.now() < entry.until ? entry.value : undefined;
  }

  set(name: string, entry: Entry): void {
    this.#deleteExpired();
    this.#entries.set(name, entry);
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }

  #deleteExpired(): void {
    for (let step = 0; step < CHECKS_PER_WRITE; step++) {
      const { done, value } = this.#next.next();
      if (done) {
        this.#next = this.#entries.entries();
        return;
      }
      const [name, { until }] = value;
      if (until <= Date.now()) {
        this.#entries.delete(name);
      }
    }
  }
}
