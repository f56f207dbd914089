import type { Effort } from '../harness/contest';
import { inOwnProcess } from '../harness/own-process';
import type { Cell, Table } from '../harness/report';
import { DATABASES } from './databases';
import type { StoreFigures } from './measure';

/**
 * Measures look-ups in each store with a thousand and a million keys, and the space of a million.
 */
export async function stores(effort: Effort): Promise<readonly Table[]> {
  const [many, milliseconds] = effort.quick ? [2_000, 200] : [1_000_000, 4_000];
  const rows: Cell[][] = [];
  const loads: Cell[][] = [];
  for (const name of Object.keys(DATABASES)) {
    const {
      few,
      many: all,
      loadSeconds,
      bytesPerKey,
    } = await inOwnProcess<StoreFigures>(
      import.meta.resolve('./measure.ts'),
      name,
      many,
      milliseconds,
    );
    for (const [size, found] of [[1_000, few] as const, [many, all] as const]) {
      rows.push([
        `${name}, ${size.toLocaleString('en')} keys`,
        whole(found.perSecond),
        found.p99Ms,
        found.aloneMs,
        whole(found.cachedPerSecond),
        found.cachedP99Ms,
      ]);
    }
    loads.push([name, loadSeconds, whole(many / loadSeconds), whole(bytesPerKey)]);
  }
  return [
    {
      title:
        'Look-ups of keys that are not in the cache, and of keys that are: 16 at once, and one after the other',
      columns: [
        'store',
        'a second',
        'p99, ms',
        'alone, median ms',
        'cached, a second',
        'cached, p99, ms',
      ],
      rows,
    },
    {
      title: `${many.toLocaleString('en')} keys in each store, inserted by 32 writers`,
      columns: ['store', 'seconds', 'a second', 'bytes a key'],
      rows: loads,
    },
  ];
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');
