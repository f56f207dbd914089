import { hash } from 'node:crypto';
import type { Connection } from './connection';
import { RedisError } from './error';

/** A program that Redis runs in one step, about keys of one slot. */
export type Script = (connection: Connection, keys: readonly [string, ...string[]], ...args: readonly string[]) => Promise<unknown>;

/** Sent by its digest; in full only where a server does not know it yet. */
export function script(lua: string): Script {
  const sha = hash('sha1', lua);
  return async (connection, keys, ...args) => {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await connection.send(keys[0], ['EVALSHA', sha, ...rest]);
    } catch (error) {
      if (!(error instanceof RedisError && error.why.startsWith('NOSCRIPT'))) throw error;
      return connection.send(keys[0], ['EVAL', lua, ...rest]);
    }
  };
}

/** Whether a reply is 1, which some clients are told to give as a text. */
export const isOne = (reply: unknown): boolean => Number(reply) === 1;
