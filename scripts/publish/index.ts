/**
 * Stops `npm publish` while package.json has no `repository`: npm resolves the relative links of
 * the README by it.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = process.argv[2] ?? fileURLToPath(new URL('../../package.json', import.meta.url));
const { repository } = JSON.parse(readFileSync(FILE, 'utf8')) as { repository?: unknown };

if (repository === undefined) {
  console.error(
    'package.json has no "repository", so the links of the README would be broken on npm: set it to the URL of the public repository',
  );
  process.exitCode = 1;
}
