import { toNumber } from './input';

/** A page of a list. `next` is the ID after which the next page begins, null on the last page. */
export interface ReadPage<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

const DEFAULT_LIMIT = 100;

/** Reads a page. Where the page is full, one more item is read to know whether it is the last. */
export async function readPage<T>(
  limit: unknown,
  list: (page: { readonly limit: number; readonly after?: string }) => Promise<readonly T[]>,
  idOf: (item: T) => string,
): Promise<ReadPage<T>> {
  const size = toNumber(limit ?? DEFAULT_LIMIT) as number;
  const items = await list({ limit: size });
  const last = items.at(-1);
  if (last === undefined || items.length < size) {
    return { items, next: null };
  }
  const after = idOf(last);
  const rest = await list({ limit: 1, after });
  return { items, next: rest.length > 0 ? after : null };
}
