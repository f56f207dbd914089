import { withDeadline } from '../../internal/promises';
import { RedisError } from './error';
import type { RedisDriver } from './detect-driver';

/** Commands to Redis, each answered or failed soon, with errors that tell nothing of what was asked. */
export interface Connection {
  send(key: string, command: readonly string[]): Promise<unknown>;
  /** Pages of the keys of a type that match a pattern; a key may come twice. */
  scan(type: 'hash' | 'zset', pattern: string): AsyncGenerator<readonly string[]>;
}

/** So long an answer is waited for. */
const ANSWER_WITHIN_MS = 1_000;
/** An answer owed for so long is lost, whatever has become of the connection. */
const LOST_AFTER_MS = 30_000;

export function connectionOf(library: RedisDriver): Connection {
  const owed = new Set<{ readonly since: number }>();

  async function ask(name: string, send: () => Promise<unknown>): Promise<unknown> {
    if (!library.ready) throw new RedisError(name, 'the client is not ready');
    const question = { since: performance.now() };
    const [oldest = question] = owed;
    const owedForMs = question.since - oldest.since;
    if (owedForMs >= LOST_AFTER_MS) owed.clear();
    else if (library.holdsBack && owedForMs >= ANSWER_WITHIN_MS) throw new RedisError(name, 'an earlier answer is still owed');

    owed.add(question);
    const answer = send().finally(() => owed.delete(question));
    try {
      return await withDeadline(answer, ANSWER_WITHIN_MS);
    } catch (error) {
      throw RedisError.of(name, error);
    }
  }

  return {
    send: (key, command) => ask(command[0] ?? '', () => library.send(key, command)),
    async *scan(type, pattern) {
      for (const send of await library.parts()) {
        let cursor = '0';
        do {
          const page = await ask('SCAN', () => send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', '250', 'TYPE', type]));
          const [next, keys] = page as [string, readonly string[]];
          yield keys;
          cursor = next;
        } while (cursor !== '0');
      }
    },
  };
}
