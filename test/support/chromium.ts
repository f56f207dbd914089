import { existsSync } from 'node:fs';

import { type Browser, chromium } from 'playwright-core';

// @requires chromium

const EXECUTABLE = '/usr/bin/chromium';
// It asks nobody but the test's own servers.
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A real browser. */
export async function startChromium(): Promise<Browser> {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(`There is no ${EXECUTABLE}: install Debian's package chromium`);
  }
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}
