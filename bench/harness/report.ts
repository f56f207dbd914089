import { markdownTable } from 'markdown-table';

import type { Estimate } from './statistics';

/** A cell of a table: text, a number, or a number with its interval. */
export type Cell = string | number | Estimate;

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Prints Markdown, so that the terminal and the documentation show the same. */
export const printed = ({ title, columns, rows }: Table): string =>
  `${title}\n\n${markdownTable([columns, ...rows.map((row) => row.map(textOf))], {
    align: columns.map((_, index) => (index === 0 ? 'l' : 'r')),
  })}\n`;

function textOf(cell: Cell): string {
  if (typeof cell === 'string') {
    return cell;
  }
  if (typeof cell === 'number') {
    return rounded(cell);
  }
  if (cell.lowest === cell.highest) {
    return rounded(cell.value);
  }
  return `${rounded(cell.value)} (${rounded(cell.lowest)}–${rounded(cell.highest)})`;
}

/** Formats a number with as many digits as the noise permits. */
function rounded(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) {
    return value.toFixed(0);
  }
  return value.toFixed(size >= 10 ? 1 : 2);
}
