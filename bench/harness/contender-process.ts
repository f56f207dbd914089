import { Session } from 'node:inspector/promises';

import type { Contender, Contenders } from './contender';
import type { Turn } from './contest';

/**
 * A process with one contender, warm: for each message it runs some batches, and answers the
 * microseconds of a call in each.
 */
const [, , file, name, warmUpMs] = process.argv as [string, string, string, string, string];
const { contenders } = (await import(file)) as { contenders: Contenders };
const contender = (await contenders[name]?.()) as Contender;

/**
 * Few, so that a request is as near in the processor's caches as one that just arrived; but a batch
 * is longer than a look at the clock, and shorter than the time after which another program has its
 * turn.
 */
const CALLS = 32;
const MAX_BATCH_US = 1_000;
let calls = CALLS;

const prepare = () => contender(calls);

async function batch(): Promise<number> {
  const act = await prepare();
  const startedAt = process.hrtime.bigint();
  // Awaited only where there is something to wait for: a tick of the event loop is not part of a
  // synchronous call.
  const acting = act();
  if (acting) {
    await acting;
  }
  return Number(process.hrtime.bigint() - startedAt) / 1_000 / calls;
}

// Until the compiler is done with it: by the time that this process had, not by that which passed.
for (const before = process.cpuUsage(); process.cpuUsage(before).user < Number(warmUpMs) * 1_000;) {
  calls = Math.min(CALLS, Math.max(1, Math.round(MAX_BATCH_US / (await batch()))));
}

async function batches(count: number): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let n = 0; n < count; n++) {
    samples.push(await batch());
  }
  return samples;
}

async function profileOf(count: number): Promise<object> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 50 });
  await session.post('Profiler.start');
  await batches(count);
  return (await session.post('Profiler.stop')).profile;
}

process.on('message', ({ profiled, count }: Turn) => {
  void (profiled ? profileOf(count) : batches(count)).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
