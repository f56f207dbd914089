#!/usr/bin/env node
import { text } from 'node:stream/consumers';

import { run } from './run';

void run(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  input: () => text(process.stdin),
  env: process.env,
}).then((exitCode) => {
  // A module of --config may have open connections. The output is flushed before the process ends.
  process.stdout.write('', () => process.exit(exitCode));
});
