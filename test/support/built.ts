import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './package';

/** Fails where `npm run build:js` has not run. */
export function assertBuilt(): void {
  const whole = ['js', 'cjs'].every((extension) =>
    existsSync(join(ROOT, `dist/index.${extension}`)),
  );
  if (!whole) {
    throw new Error('dist/ is missing or incomplete: run "npm run build:js" first');
  }
}
