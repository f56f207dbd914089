import { createInterface } from 'node:readline';

import { sqlStore } from '../../src/stores/sql/index';
import { type Address, connect } from './sql-databases';

/**
 * A program with a store of its own. Each line on stdin is a call, a JSON list of method and
 * arguments; each on stdout its outcome.
 */
const db = connect(JSON.parse(process.argv[2] as string) as Address);
const store = sqlStore({ db });
const print = (outcome: object) => process.stdout.write(`${JSON.stringify(outcome)}\n`);

print({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const [method, ...args] = JSON.parse(line) as [keyof typeof store, ...unknown[]];
  try {
    print({ value: await (store[method] as (...args: unknown[]) => unknown)(...args) });
  } catch (error) {
    print({ error: (error as Error).message });
  }
}
await db.destroy();
