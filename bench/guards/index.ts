import { contest, type Effort } from '../harness/contest';
import type { Table } from '../harness/report';
import { estimate, paired, ratio } from '../harness/statistics';
import { allGuards, FLOOR } from './catalogue';

export const guardContenders = import.meta.resolve('./contenders.ts');

/** What a guard costs a request in its process, beside the least that a cached credential can cost. */
export async function guards(effort: Effort): Promise<readonly Table[]> {
  const names = Object.keys(allGuards);
  const samples = await contest(guardContenders, names, effort);
  const floor = samples[FLOOR] ?? [];
  return [
    {
      title: 'A guard, in process',
      columns: ['guard', 'µs a request', '× floor'],
      rows: names.map((name) => [name, estimate(samples[name] ?? []), paired(samples[name] ?? [], floor, ratio)]),
    },
  ];
}
