import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import type { Address } from '../sql-databases';
import type { Instance } from './instance';

/** Calls a method in the other process. */
export type Call = <M extends keyof Instance>(
  method: M,
  ...args: Parameters<Instance[M]>
) => Promise<Awaited<ReturnType<Instance[M]>>>;

export interface FirstVersion {
  readonly call: Call;
  readonly close: () => Promise<void>;
}

/** Starts an instance of Latchkey 0.1.0 in another process. */
export async function startFirstVersion(
  address: Address | { readonly redis: string },
): Promise<FirstVersion> {
  const child = fork(join(__dirname, 'instance.ts'), [JSON.stringify(address)], {
    execArgv: ['--import', 'tsx'],
  });
  const exited = once(child, 'exit');
  const ended = exited.then(() => {
    throw new Error('The instance of 0.1.0 has ended');
  });
  ended.catch(() => {});
  const waiting = new Map<number, (answer: readonly [unknown, string?]) => void>();
  let calls = 0;
  child.on('message', (message) => {
    if (Array.isArray(message)) {
      const [number, ...answer] = message as [number, unknown, string?];
      waiting.get(number)?.(answer);
    }
  });
  await Promise.race([once(child, 'message'), ended]);
  return {
    async call(method, ...args) {
      const number = calls++;
      const answer = new Promise<readonly [unknown, string?]>((resolve) =>
        waiting.set(number, resolve),
      );
      child.send([number, method, ...args]);
      const [value, error] = await Promise.race([answer, ended]);
      if (error !== undefined) {
        throw new Error(error);
      }
      return value as never;
    },
    async close() {
      child.kill();
      await exited;
    },
  };
}
