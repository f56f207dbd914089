import { apiKeys, type ListOptions } from 'latchkey';

import { PREFIX } from '../credentials';
import { median } from '../harness/statistics';
import { recordOf } from '../records';
import { type Database, DATABASES } from '../stores/databases';

/** The median time of a page, in milliseconds, by filter. */
export type ListFigures = Readonly<Record<keyof typeof FILTERS, number>>;

const now = Date.now();
const HOUR_MS = 3_600_000;
const FILTERS = {
  all: {},
  active: { status: 'active' },
  disabled: { status: 'disabled' },
  revoked: { status: 'revoked' },
  expired: { status: 'expired' },
  expiring: { status: 'active', expiresBefore: now + 24 * HOUR_MS },
  byName: { name: 'KEY 77' },
} as const satisfies Record<string, ListOptions>;

const [, , name, keys, pages] = process.argv as [string, string, string, string, string];
const { store, analyze, close } = (await DATABASES[name]?.()) as Database;
await load(Number(keys));
await analyze?.();
const manager = apiKeys({ prefix: PREFIX, store });
const figures: Record<string, number> = {};
for (const [filter, options] of Object.entries(FILTERS)) {
  figures[filter] = await timePages(options);
}
await close();
process.send?.(figures);
process.disconnect?.();

/** One key in a thousand is disabled, one revoked, one expired, and one expires soon. */
async function load(count: number): Promise<void> {
  const odd = [
    { disabledAt: now },
    { revokedAt: now },
    { expiresAt: now - HOUR_MS },
    { expiresAt: now + HOUR_MS },
  ];
  for (let start = 0; start < count; start += 1_000) {
    const records = Array.from({ length: Math.min(1_000, count - start) }, (_, at) => ({
      ...recordOf(start + at),
      ...odd[at],
      issuedAt: now - count + start + at,
    }));
    await (store.insertMany?.(records) ??
      Promise.all(records.map((record) => store.insert(record))));
  }
}

async function timePages(options: ListOptions): Promise<number> {
  const times: number[] = [];
  let after: string | undefined;
  for (let page = 0; page < Number(pages); page++) {
    const before = performance.now();
    const records = await manager.list({
      ...options,
      ...(after === undefined ? {} : { after }),
      limit: 100,
    });
    times.push(performance.now() - before);
    after = records.length < 100 ? undefined : records.at(-1)?.id;
  }
  return median(times);
}
