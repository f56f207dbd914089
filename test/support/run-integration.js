import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { missingRequirements, REQUIREMENTS } from './suites.js';

/**
 * Runs the integration tests for which this machine has the programs. `--install` installs the
 * missing programs first.
 */
const [install, ...jestArguments] =
  process.argv[2] === '--install' ? process.argv.slice(2) : [undefined, ...process.argv.slice(2)];

const packagesOf = (names) => names.flatMap((name) => REQUIREMENTS[name].debian.split(' '));
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
  if (missing().includes('sqlite')) {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { stdio: 'inherit' });
  }
}

const lacking = missing();
const advice = `Missing: ${lacking.join(', ')}. Install with "apt-get install ${packagesOf(lacking).join(' ')}" (Debian), or run "npm run test:integration -- --install" as root.`;
if (lacking.length > 0) {
  console.error(advice);
}
if (lacking.length > 0 && process.env.CI) {
  process.exit(1);
}

const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/jest/bin/jest.js',
    ...['-c', 'jest.integration.config.js'],
    ...(lacking.length > 0 ? ['--passWithNoTests'] : []),
    ...jestArguments,
  ],
  { stdio: 'inherit' },
);
if (lacking.length > 0) {
  console.error(`The suites that need them were not run. ${advice}`);
}
process.exit(status ?? 1);
