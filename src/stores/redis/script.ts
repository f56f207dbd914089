import { hash } from 'node:crypto';

import type { Connection } from './connection';
import { RedisError } from './error';

/** A Lua script, which Redis runs in one step. Its keys are in one slot. */
export type Script = (
  connection: Connection,
  keys: readonly [string, ...string[]],
  ...args: readonly string[]
) => Promise<unknown>;

/** Sends a script by its digest, and in full only to a server that does not have it yet. */
export function script(lua: string): Script {
  const sha = hash('sha1', lua);
  return async (connection, keys, ...args) => {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await connection.send(keys[0], ['EVALSHA', sha, ...rest]);
    } catch (error) {
      if (!(error instanceof RedisError && error.reason.startsWith('NOSCRIPT'))) {
        throw error;
      }
      return connection.send(keys[0], ['EVAL', lua, ...rest]);
    }
  };
}

/** Whether a reply is 1, which some clients are configured to return as a string. */
export const isOne = (reply: unknown): boolean => Number(reply) === 1;
