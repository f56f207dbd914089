/**
 * How many commands are sent before their replies are awaited. With more of them the last replies
 * might be late.
 */
export const BATCH_SIZE = 250;

/** Calls `run` for every item, a batch at a time. Resolves to the results in order. */
export async function inBatches<T, R>(
  items: readonly T[],
  run: (batch: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += BATCH_SIZE) {
    results.push(...(await run(items.slice(start, start + BATCH_SIZE))));
  }
  return results;
}
