import { contest, type Effort, type Samples } from '../harness/contest';
import type { Table } from '../harness/report';
import { difference, estimate, paired } from '../harness/statistics';
import { ALGORITHMS, type Measured } from './algorithms';
import { namesOf } from './contenders';

export const jwtContenders = import.meta.resolve('./contenders.ts');
const QUICK: readonly Measured[] = ['HS256', 'ES256'];

/** Measures what a guard adds to verifying the signature of a JWT, for each algorithm. */
export async function jwts(effort: Effort): Promise<readonly Table[]> {
  const algorithms = effort.quick ? QUICK : (Object.keys(ALGORITHMS) as Measured[]);
  const rows = [];
  for (const algorithm of algorithms) {
    const { bare, again, guard } = namesOf(algorithm);
    const samples: Samples = await contest(jwtContenders, [bare, again, guard], {
      ...effort,
      rounds: Math.ceil(effort.rounds / 2),
    });
    const above = (name: string) => paired(samples[name] ?? [], samples[bare] ?? [], difference);
    rows.push([
      algorithm,
      estimate(samples[bare] ?? []),
      estimate(samples[guard] ?? []),
      above(guard),
      above(again),
    ]);
  }
  return [
    {
      title:
        'A JWT that is not cached: the guard against jsonwebtoken.verify with a KeyObject (EdDSA: crypto.verify), µs',
      columns: ['algorithm', 'verify', 'Latchkey', 'Latchkey above it', 'verify, again, above it'],
      rows,
    },
  ];
}
