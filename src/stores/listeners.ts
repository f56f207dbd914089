import type { RevocationEvent } from '../credential/revocation';

export type RevocationListener = (event: RevocationEvent) => void;

/** The subscribers of one store in this process. */
export interface Listeners {
  readonly size: number;
  /**
   * Adds a listener. A function that is added twice is notified twice. Returns a function that
   * removes it.
   */
  add(listener: RevocationListener): () => void;
  /**
   * Notifies every listener. One that throws affects neither the others nor the caller: the change
   * has been made.
   */
  notify(event: RevocationEvent): void;
}

export function createListeners(): Listeners {
  const entries = new Set<{ readonly listener: RevocationListener }>();
  return {
    get size() {
      return entries.size;
    },
    add(listener) {
      const entry = { listener };
      entries.add(entry);
      return () => void entries.delete(entry);
    },
    notify(event) {
      for (const { listener } of entries) {
        try {
          listener(event);
        } catch {
          // The error of a listener cannot be reported to anyone.
        }
      }
    },
  };
}
