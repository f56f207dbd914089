import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { SqlStore } from 'latchkey/sql';

import type { Address } from './sql-databases';

/** Another process with a `sqlStore` over the same database. */
export interface OtherMachine {
  /** Calls a method of its store; what came of it. */
  readonly call: (
    method: keyof SqlStore,
    ...args: readonly unknown[]
  ) => Promise<{ readonly value?: unknown; readonly error?: string }>;
  readonly close: () => Promise<void>;
}

export async function otherMachine(address: Address): Promise<OtherMachine> {
  const args = ['--import', 'tsx', join(__dirname, 'sql-machine.ts'), JSON.stringify(address)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) {
      throw new Error('The other machine ended');
    }
    return JSON.parse(value) as { value?: unknown; error?: string };
  };
  await next();
  return {
    async call(...call) {
      child.stdin.write(`${JSON.stringify(call)}\n`);
      return next();
    },
    async close() {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}
