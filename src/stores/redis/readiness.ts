import { setTimeout as sleep } from 'node:timers/promises';

import { codedError } from '../../internal/errors';
import type { RedisDriver } from './driver';

/**
 * How long commands wait for a client that has never been connected, and for one that lost its
 * connection.
 */
const FIRST_CONNECTION_MS = 5_000;
const RECONNECTION_MS = 400;
const CHECK_INTERVAL_MS = 5;
/** How many commands may wait. */
const MAX_WAITING = 10_000;

/**
 * Returns a function that connects an idle client and waits for a connecting one. It rejects at
 * once after one such wait has failed, until the client is ready again: commands do not queue
 * while the server cannot be reached. It returns undefined if the client is ready.
 */
export function createReadiness(driver: RedisDriver): () => Promise<void> | undefined {
  let wasReady = false;
  /** A wait failed, and the client has not been ready since. */
  let isAway = false;
  let waiting: { readonly ready: Promise<void>; commands: number } | undefined;

  const becameReady = () => {
    wasReady = true;
    isAway = false;
  };
  const fail = (reason: string): never => {
    isAway = true;
    throw codedError('ERR_LATCHKEY_STORE', reason);
  };

  async function wait(): Promise<void> {
    let failed = isAway || (!wasReady && driver.status === 'retrying');
    if (driver.status === 'idle') {
      failed = false;
      driver.connect().catch(() => (failed = true));
    }
    const end = performance.now() + (wasReady ? RECONNECTION_MS : FIRST_CONNECTION_MS);
    while (driver.status !== 'ready') {
      if (driver.status === 'closed') {
        fail('the client is closed');
      }
      failed ||= !wasReady && driver.status === 'retrying';
      if (failed || performance.now() >= end) {
        fail('the client is not ready');
      }
      await sleep(CHECK_INTERVAL_MS);
    }
    becameReady();
  }

  return () => {
    if (driver.status === 'ready') {
      becameReady();
      return undefined;
    }
    waiting ??= { ready: wait().finally(() => (waiting = undefined)), commands: 0 };
    if (++waiting.commands > MAX_WAITING) {
      throw codedError(
        'ERR_LATCHKEY_OVERLOADED',
        'too many commands wait for the client to be ready',
      );
    }
    return waiting.ready;
  };
}
