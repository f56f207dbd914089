import { omitUndefined } from '../internal/objects';
import type { Terminal } from './terminal';

export interface Page {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

type PageRequest = { readonly after?: string; readonly limit: number };

/** Returns one page of a list. If there are more, standard error says how to continue. */
export async function onePage<T>(
  list: (page: PageRequest) => Promise<readonly T[]>,
  toId: (item: T) => string,
  { after, limit = 100 }: Page,
  terminal: Terminal,
): Promise<readonly T[]> {
  const items = await list({ ...omitUndefined({ after }), limit });
  const last = items[limit - 1];
  if (last !== undefined && (await list({ after: toId(last), limit: 1 })).length > 0) {
    terminal.err(`There are more: continue with --after ${toId(last)}`);
  }
  return items;
}
