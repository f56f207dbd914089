// Starts an example by its name.
import { readdirSync } from 'node:fs';

const [name = ''] = process.argv.slice(2);
const names = readdirSync(new URL('..', import.meta.url)).flatMap((file) =>
  file.endsWith('.ts') ? [file.slice(0, -3)] : [],
);

if (names.includes(name)) {
  await import(`../${name}.ts`);
} else {
  console.error(`npm run example -- NAME, where NAME is one of ${names.join(', ')}`);
  process.exitCode = 1;
}
