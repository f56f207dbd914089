import { contest, type Effort } from '../harness/contest';
import type { Table } from '../harness/report';
import { estimate, paired, ratio } from '../harness/statistics';
import { allGuards, FLOOR } from './catalogue';
import { onExpress } from './contenders';

export const guardContenders = import.meta.resolve('./contenders.ts');

/** Measures a guard in process, compared with the least that a cached credential can cost. */
export async function guards(effort: Effort): Promise<readonly Table[]> {
  return [await tableOf('A guard, in process', (name) => name, effort)];
}

/** The same with requests of Express, which changes their prototype and adds properties. */
export async function guardsOnExpress(effort: Effort): Promise<readonly Table[]> {
  return [await tableOf('A guard, in process, on requests of Express 5', onExpress, effort)];
}

async function tableOf(
  title: string,
  nameOf: (name: string) => string,
  effort: Effort,
): Promise<Table> {
  const names = Object.keys(allGuards).filter(
    (name) => !effort.quick || !/uncached|in plain/.test(name),
  );
  const samples = await contest(guardContenders, names.map(nameOf), effort);
  const of = (name: string) => samples[nameOf(name)] ?? [];
  return {
    title,
    columns: ['guard', 'µs a request', '× floor'],
    rows: names.map((name) => [name, estimate(of(name)), paired(of(name), of(FLOOR), ratio)]),
  };
}
