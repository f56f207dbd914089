import { contest, type Effort, type Samples } from '../harness/contest';
import { inOwnProcess } from '../harness/own-process';
import type { Table } from '../harness/report';
import { estimate, paired, ratio } from '../harness/statistics';
import { among, AWAITED, BARE, BARE_AGAIN, SIZES, STORE } from './contenders';
import type { Heap } from './heap';

export const growthContenders = import.meta.resolve('./contenders.ts');

/** Measures look-ups among many keys, and the heap that they use. */
export async function growth(effort: Effort): Promise<readonly Table[]> {
  const sizes = effort.quick ? [1_000] : SIZES;
  const rows = [];
  for (const size of sizes) {
    const names = [BARE, BARE_AGAIN, AWAITED, STORE].map((what) => among(what, size));
    const samples: Samples = await contest(growthContenders, names, {
      ...effort,
      launches: Math.min(effort.launches, 3),
    });
    const of = (what: string) => samples[among(what, size)] ?? [];
    rows.push(
      ...[BARE, BARE_AGAIN, AWAITED, STORE].map((what) => [
        among(what, size),
        estimate(of(what)),
        paired(of(what), of(BARE), ratio),
      ]),
    );
  }
  const keys = effort.quick ? 20_000 : 1_000_000;
  const heap = await inOwnProcess<Heap>(import.meta.resolve('./heap.ts'), keys);
  return [
    { title: 'A look-up in memory', columns: ['where', 'µs', '× a bare Map'], rows },
    {
      title: 'Heap, bytes',
      columns: ['what', 'bytes each'],
      rows: [
        [`a key in memoryStore(), of ${keys.toLocaleString('en')}`, Math.round(heap.perKey)],
        ['a principal in the cache, of 10,000', Math.round(heap.perPrincipal)],
      ],
    },
  ];
}
