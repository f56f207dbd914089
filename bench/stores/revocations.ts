import { fileURLToPath } from 'node:url';

import { run } from '../../test/support/programs';
import type { Table } from '../harness/report';

const TEST = 'test/stores/multi-instance.test.ts';
const LINE = /^\s*(.+), (\d+) revocations: p50 (\d+) ms, p99 (\d+) ms, at most (\d+) ms$/gm;

/**
 * Measures the time from `revoke()` in one process to the last request that another process, with
 * the key in its cache, still accepts. Both are under load.
 */
export async function revocations(): Promise<readonly Table[]> {
  const printed = await run(fileURLToPath(new URL('../../', import.meta.url)), [
    'sh',
    '-c',
    `npx jest -w 1 ${TEST} 2>&1`,
  ]);
  return [
    {
      title: 'From revoke() to the last accepted request that was sent after it, ms',
      columns: ['store', 'revocations', 'p50', 'p99', 'at most'],
      rows: [...printed.matchAll(LINE)].map(([, ...cells]) => cells),
    },
  ];
}
