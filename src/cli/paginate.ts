import type { Terminal } from './terminal';

export interface Page {
  readonly after?: string;
  readonly limit?: number;
}

/** Returns one page of a list. If there are more, standard error says how to continue. */
export async function onePage<T>(
  list: (page: Page) => Promise<readonly T[]>,
  idOf: (one: T) => string,
  { after, limit = 100 }: Page,
  terminal: Terminal,
): Promise<readonly T[]> {
  const listed = await list({ ...(after !== undefined && { after }), limit });
  const last = listed[limit - 1];
  if (last !== undefined && (await list({ after: idOf(last), limit: 1 })).length > 0) {
    terminal.err(`There are more: go on with --after ${idOf(last)}`);
  }
  return listed;
}
