/** Fails on words that our prose avoids (`words.ts`). */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { breachesIn, textsOf } from './check';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string): string => readFileSync(`${ROOT}${file}`, 'utf8');
const baseline = new Set(JSON.parse(read('scripts/words/baseline.json')) as string[]);

const files = ['.', 'docs', 'examples', 'src', 'test'].flatMap((folder) =>
  readdirSync(`${ROOT}${folder}`, { recursive: folder !== '.', encoding: 'utf8' }).map((name) =>
    folder === '.' ? name : `${folder}/${name.replaceAll('\\', '/')}`,
  ),
);
const breaching = new Map(
  files
    .map((file) => [file, breachesIn(textsOf(file, read))] as const)
    .filter(([, breaches]) => breaches.length > 0),
);

if (process.argv.includes('--baseline')) {
  console.log(JSON.stringify([...breaching.keys()].sort(), null, 2));
} else {
  const shown = [...breaching].filter(
    ([file]) => !baseline.has(file) || process.argv.includes('--all'),
  );
  for (const [file, breaches] of shown) {
    console.error(breaches.map((breach) => `${file}:${breach}`).join('\n'));
  }
  process.exitCode = shown.length > 0 ? 1 : 0;
}
