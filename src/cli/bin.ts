#!/usr/bin/env node
import { text } from 'node:stream/consumers';

import { run } from './run';

void run(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  input: () => text(process.stdin),
  env: process.env,
}).then((exitCode) => {
  // A configuration may hold connections that would keep the process. What was written goes out
  // first.
  process.stdout.write('', () => process.exit(exitCode));
});
