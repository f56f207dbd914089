/** Fails on words that our prose avoids (`words.ts`). */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { breachesIn, textsOf } from './check';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string): string => readFileSync(`${ROOT}${file}`, 'utf8');

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

for (const [file, breaches] of breaching) {
  console.error(breaches.map((breach) => `${file}:${breach}`).join('\n'));
}
process.exitCode = breaching.size > 0 ? 1 : 0;
