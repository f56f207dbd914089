import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';

import type { StoreEvent } from '../../src/stores/store-events';

/** Collects what is published on `latchkey:store` until `stop()`. */
export function storeEvents() {
  const events: StoreEvent[] = [];
  const onEvent = (event: unknown) => void events.push(event as StoreEvent);
  subscribe('latchkey:store', onEvent);
  return {
    events,
    until: async (name: StoreEvent['event'], count = 1) => {
      while (events.filter(({ event }) => event === name).length < count) {
        await sleep(5);
      }
      return events.filter(({ event }) => event === name);
    },
    stop: () => {
      unsubscribe('latchkey:store', onEvent);
      return events;
    },
  };
}
