import { withDeadline } from '../../internal/promises';
import type { RedisDriver } from './driver';
import { RedisError } from './error';
import { createReadiness } from './readiness';

/** Commands to Redis. Each settles or fails soon, with an error that does not quote it. */
export interface Connection {
  send(key: string, command: readonly string[]): Promise<unknown>;
  /** Pages of the keys of one type that match a pattern. A key may occur twice. */
  scan(type: 'hash' | 'zset', pattern: string): AsyncGenerator<readonly string[]>;
}

const RESPONSE_TIMEOUT_MS = 1_000;
/** A reply that has been outstanding for this long is lost, whatever happened to the connection. */
const LOST_AFTER_MS = 30_000;

export function createConnection(driver: RedisDriver): Connection {
  const whenReady = createReadiness(driver);
  const outstanding = new Set<{ readonly since: number }>();

  /** Throws where an earlier reply of the same connection is late. */
  function track(name: string): { readonly since: number } {
    const reply = { since: performance.now() };
    const [oldest = reply] = outstanding;
    const lateMs = reply.since - oldest.since;
    if (lateMs >= LOST_AFTER_MS) {
      outstanding.clear();
    } else if (driver.isSerial && lateMs >= RESPONSE_TIMEOUT_MS) {
      throw new RedisError(name, 'an earlier reply is still outstanding');
    }
    outstanding.add(reply);
    return reply;
  }

  async function request<T>(name: string, send: () => Promise<T>): Promise<T> {
    try {
      const waiting = whenReady();
      if (waiting) {
        await waiting;
      }
      const reply = track(name);
      const sent = send().finally(() => outstanding.delete(reply));
      return await withDeadline(sent, RESPONSE_TIMEOUT_MS);
    } catch (error) {
      throw RedisError.from(name, error);
    }
  }

  return {
    send: (key, command) => request(command[0] ?? '', () => driver.send(key, command)),
    async *scan(type, pattern) {
      for (const send of await request('SCAN', () => driver.masters())) {
        let cursor = '0';
        do {
          const page = await request('SCAN', () =>
            send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', '250', 'TYPE', type]),
          );
          const [next, keys] = page as [string, readonly string[]];
          yield keys;
          cursor = next;
        } while (cursor !== '0');
      }
    },
  };
}
