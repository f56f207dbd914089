import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { manifest, readText, ROOT } from '../support/package';
import {
  declaredIn,
  missingRequirements,
  REQUIREMENTS,
  requirementsByTest,
} from '../support/suites';
import { titleErrors } from '../support/title-reporter';

const TEST_MODULES = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && file !== join('package', 'suites.test.ts'))
  .map((file) => `test/${file}`);
/** Signs that a module starts a program other than Node, each with what it then must declare. */
const SIGNS: readonly (readonly [sign: RegExp, requirement: string])[] = [
  [/findProgram\('nginx'/, 'nginx'],
  [/'mariadb-server'/, 'mariadb-server'],
  [/'postgresql'/, 'postgresql'],
  [/spawn\('redis-server'/, 'redis-server'],
  [/findProgram\('chromium'/, 'chromium'],
  [/'better-sqlite3';|sqlite:\$/, 'sqlite'],
  [/'npm',\s*'pack'/, 'types'],
  [/'sh', '-c', .*(\bline\b|\blines\b)/, 'curl'],
];
/** This one defines what others call; its callers declare what they run. */
const RUNNERS = ['test/support/programs.ts'];

describe('the unit tests', () => {
  it.each(SIGNS)('leave out every module that matches %s', (sign, requirement) => {
    const found = TEST_MODULES.filter(
      (file) => !RUNNERS.includes(file) && sign.test(readText(file)),
    );
    expect(found).not.toEqual([]);
    expect(found.filter((file) => !declaredIn(readText(file)).includes(requirement))).toEqual([]);
  });

  it('start no server by a program that has no requirement', () => {
    const starting = TEST_MODULES.filter(
      (file) =>
        /findProgram\(|startDaemon\(/.test(readText(file)) && file !== 'test/support/daemon.ts',
    );
    expect(starting.filter((file) => declaredIn(readText(file)).length === 0)).toEqual([]);
  });

  it('hold most suites, and each requirement holds some back', () => {
    const all = [...requirementsByTest().values()];
    expect(all.filter((requirements) => requirements.length === 0).length).toBeGreaterThan(100);
    expect([...new Set(all.flat())].sort()).toEqual(Object.keys(REQUIREMENTS).sort());
  });

  it('find what a test needs through the modules that it imports', () => {
    const requirements = requirementsByTest();
    expect(requirements.get('test/two-processes.test.ts')).toEqual(['postgresql', 'redis-server']);
    expect(requirements.get('test/package/readme.test.ts')).toEqual(['curl', 'types']);
    expect(requirements.get('test/credential/digest.test.ts') ?? []).toEqual([]);
  });

  it('miss nothing of what a machine with Node always has', () => {
    expect(missingRequirements(['types'])).toEqual([]);
  });
});

it.each(['test', 'test:integration', 'test:watch', 'check', 'format'])(
  'npm run %s exists',
  (script) => {
    expect(manifest.scripts).toHaveProperty([script]);
  },
);

describe('the rule for titles', () => {
  const named = (title: string, fullName = title) => ({ title, fullName });

  it('allows 120 characters, and one title below two headings', () => {
    const tests = [named('x'.repeat(120)), named('works', 'a works'), named('works', 'b works')];
    expect(titleErrors(tests)).toEqual([]);
  });

  it('finds a title of 121 characters', () => {
    expect(titleErrors([named('x'.repeat(121))])).toEqual([
      expect.stringContaining('has 121 characters'),
    ]);
  });

  it('finds two tests with the same full name', () => {
    expect(titleErrors([named('works'), named('works')])).toEqual([
      'the name of two tests is: works',
    ]);
  });
});
