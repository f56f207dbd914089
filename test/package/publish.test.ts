import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { manifest, ROOT, temporaryFolder } from '../support/package';

jest.setTimeout(30_000);

const temporary = temporaryFolder();
afterAll(temporary.remove);

const publish = (content: object) => {
  const file = join(temporary.path, 'package.json');
  writeFileSync(file, JSON.stringify(content));
  const script = join(ROOT, 'scripts/publish/index.ts');
  return promisify(execFile)(process.execPath, ['--import', 'tsx', script, file], { cwd: ROOT });
};

it('runs before the package is published', () => {
  expect(manifest.scripts).toMatchObject({ prepublishOnly: 'tsx scripts/publish/index.ts' });
});

it('stops a release without a repository, whose links would be broken on npm', async () => {
  await expect(publish({ name: 'latchkey' })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('has no "repository"'),
  });
});

it('lets a release with a repository pass', async () => {
  await expect(publish({ repository: 'github:example/latchkey' })).resolves.toMatchObject({
    stderr: '',
  });
});
