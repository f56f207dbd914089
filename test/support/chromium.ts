import { type Browser, chromium } from 'playwright-core';

import { findProgram } from './daemon';

// @requires chromium

// Without requests to servers other than those of the test.
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
  const executablePath = findProgram('chromium', 'chromium', []);
  return chromium.launch({ executablePath, args: ARGUMENTS });
}
