import type { Effort } from '../harness/contest';
import { inOwnProcess } from '../harness/own-process';
import type { Cell, Table } from '../harness/report';
import { DATABASES } from '../stores/databases';
import type { ListFigures } from './measure';

/** Pages of 100 keys among a million, in each store. */
export async function lists(effort: Effort): Promise<readonly Table[]> {
  const [keys, pages] = effort.quick ? [20_000, 5] : [1_000_000, 25];
  const rows: Cell[][] = [];
  for (const name of Object.keys(DATABASES)) {
    const measure = import.meta.resolve('./measure.ts');
    const figures = await inOwnProcess<ListFigures>(measure, name, keys, pages);
    rows.push([name, ...Object.values(figures)]);
  }
  return [
    {
      title: `A page of 100 among ${keys.toLocaleString('en')} keys, median ms`,
      columns: ['store', 'all', 'active', 'disabled', 'revoked', 'expired', 'expiring', 'by name'],
      rows,
    },
  ];
}
