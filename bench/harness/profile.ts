import { basename } from 'node:path';

import { type Effort, endOf, startContender, turn } from './contest';
import type { Table } from './report';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
  readonly children?: readonly number[];
}
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
}

const BATCHES = 10_000;
const SHOWN = 25;
/** Excludes idle time and the time before the clock starts. */
const NOT_MEASURED = new Set(['exchange', '(idle)', '(program)']);

/** Lists the functions of a contender by the share of time spent in each, excluding its callees. */
export async function profile(file: string, name: string, effort: Effort): Promise<Table> {
  const child = await startContender(file, name, effort);
  const times = selfTimes((await turn(child, { count: BATCHES, profiled: true })) as Profile);
  await endOf(child);
  const all = [...times.values()].reduce((sum, time) => sum + time, 0);
  const rows = [...times]
    .sort(([, a], [, b]) => b - a)
    .map(([place, time]) => [place, `${((100 * time) / all).toFixed(1)} %`]);
  return {
    title: `Where the time of "${name}" goes`,
    columns: ['function', 'of the time'],
    rows: rows.slice(0, SHOWN),
  };
}

function selfTimes({ nodes, samples }: Profile): ReadonlyMap<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const places = new Map<number, string>();
  const visit = (id: number): void => {
    const { callFrame, children = [] } = byId.get(id) as ProfileNode;
    const { functionName, url, lineNumber } = callFrame;
    if (NOT_MEASURED.has(functionName)) {
      return;
    }
    places.set(id, `${functionName || '(anonymous)'} ${basename(url)}:${lineNumber + 1}`);
    children.forEach(visit);
  };
  visit(nodes[0]?.id as number);
  const times = new Map<string, number>();
  for (const sample of samples) {
    const place = places.get(sample);
    if (place !== undefined) {
      times.set(place, (times.get(place) ?? 0) + 1);
    }
  }
  return times;
}
