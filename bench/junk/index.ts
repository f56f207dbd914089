import { FLOOR, FLOOR_AGAIN } from '../guards/catalogue';
import { contest, type Effort } from '../harness/contest';
import { inOwnProcess } from '../harness/own-process';
import type { Table } from '../harness/report';
import { estimate, paired, ratio } from '../harness/statistics';
import { answerTo, BY_HAND, decisionOn, JUNK } from './contenders';
import type { Flood } from './flood';

export const junkContenders = import.meta.resolve('./contenders.ts');

/** Measures what it costs to reject junk, and how much memory a flood of it leaves behind. */
export async function junk(effort: Effort): Promise<readonly Table[]> {
  const names = [
    FLOOR,
    FLOOR_AGAIN,
    ...Object.keys(JUNK).flatMap((what) => [decisionOn(what), answerTo(what)]),
    BY_HAND,
  ];
  const samples = await contest(junkContenders, names, effort);
  const flood = await inOwnProcess<Flood>(
    import.meta.resolve('./flood.ts'),
    effort.quick ? 50_000 : 1_000_000,
  );
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    {
      title: 'Junk, in process',
      columns: ['what', 'µs a request', '× floor'],
      rows: names.map((name) => [
        name,
        estimate(samples[name] ?? []),
        paired(samples[name] ?? [], samples[FLOOR] ?? [], ratio),
      ]),
    },
    {
      title: 'A flood of well-formed unknown keys',
      columns: [
        'unknown keys',
        'heap before',
        'heap after',
        'valid keys in use',
        'of them looked up again',
      ],
      rows: [
        [
          flood.unknown.toLocaleString('en'),
          megabytes(flood.heapBefore),
          megabytes(flood.heapAfter),
          flood.good.toLocaleString('en'),
          flood.askedAgain.toLocaleString('en'),
        ],
      ],
    },
  ];
}
