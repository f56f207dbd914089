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

export const createConnection = (driver: RedisDriver): Connection => new DriverConnection(driver);

class DriverConnection implements Connection {
  readonly #driver: RedisDriver;
  readonly #whenReady: () => Promise<void> | undefined;
  readonly #outstanding = new Set<{ readonly since: number }>();

  constructor(driver: RedisDriver) {
    this.#driver = driver;
    this.#whenReady = createReadiness(driver);
  }

  send(key: string, command: readonly string[]): Promise<unknown> {
    return this.#request(command[0] ?? '', () => this.#driver.send(key, command));
  }

  async *scan(type: string, pattern: string): AsyncGenerator<readonly string[]> {
    for (const send of await this.#request('SCAN', () => this.#driver.masters())) {
      let cursor = '0';
      do {
        const command = ['SCAN', cursor, 'MATCH', pattern, 'COUNT', '250', 'TYPE', type];
        const page = await this.#request('SCAN', () => send(command));
        const [next, keys] = page as [string, readonly string[]];
        yield keys;
        cursor = next;
      } while (cursor !== '0');
    }
  }

  async #request<T>(name: string, send: () => Promise<T>): Promise<T> {
    try {
      const waiting = this.#whenReady();
      if (waiting) {
        await waiting;
      }
      const reply = this.#track(name);
      const sent = send().finally(() => this.#outstanding.delete(reply));
      return await withDeadline(sent, RESPONSE_TIMEOUT_MS);
    } catch (error) {
      throw RedisError.from(name, error);
    }
  }

  /** Throws where an earlier reply of the same connection is late. */
  #track(name: string): { readonly since: number } {
    const reply = { since: performance.now() };
    const [oldest = reply] = this.#outstanding;
    const lateMs = reply.since - oldest.since;
    if (lateMs >= LOST_AFTER_MS) {
      this.#outstanding.clear();
    } else if (this.#driver.isSerial && lateMs >= RESPONSE_TIMEOUT_MS) {
      throw new RedisError(name, 'an earlier reply is still outstanding');
    }
    this.#outstanding.add(reply);
    return reply;
  }
}
