import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { missingRequirements, REQUIREMENTS } from './suites.js';

/**
 * Runs the integration tests, after a look at what this machine lacks for them. `--install`
 * installs it first.
 */
const [install, ...jestArguments] =
  process.argv[2] === '--install' ? process.argv.slice(2) : [undefined, ...process.argv.slice(2)];

const packagesOf = (names) => names.map((name) => REQUIREMENTS[name].debian);
const missing = () => missingRequirements(Object.keys(REQUIREMENTS));

function installPackages(packages) {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) {
    console.error(`--install works on Debian, as root. Install yourself: ${packages.join(' ')}`);
    process.exit(1);
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const aptGet = (...args) => execFileSync('apt-get', args, { env: environment, stdio: 'inherit' });
  aptGet('update', '-qq');
  aptGet('install', '-y', '-qq', '--no-install-recommends', ...packages);
}

if (install && missing().length > 0) {
  installPackages(packagesOf(missing()));
}

const lacking = missing();
const howToInstall = `Missing: ${lacking.join(', ')}. On Debian: apt-get install ${packagesOf(lacking).join(' ')} (or, as root, npm run test:integration -- --install)`;
if (lacking.length > 0) {
  console.error(howToInstall);
}
if (lacking.length > 0 && process.env.CI) {
  process.exit(1);
}

const { status } = spawnSync(
  'npx',
  ['--no-install', 'jest', '-c', 'jest.integration.config.js', ...jestArguments],
  { stdio: 'inherit' },
);
if (lacking.length > 0) {
  console.error(`Suites that need it were not run. ${howToInstall}`);
}
process.exit(status ?? 1);
