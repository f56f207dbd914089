import { Session } from 'node:inspector/promises';

import type { Contender, Contenders } from './contender';
import type { Turn } from './contest';

/**
 * Runs one contender after a warm-up. For each message it runs some batches, and replies with the
 * microseconds of a call in each.
 */
const [, , file, name, warmUpMs] = process.argv as [string, string, string, string, string];
const { contenders } = (await import(file)) as { contenders: Contenders };
const contender = (await contenders[name]?.()) as Contender;

/**
 * Small, so that a request is still in the CPU caches, as if it had just arrived. A batch is longer
 * than the clock's resolution, and shorter than the scheduler's time slice.
 */
const CALLS = 32;
const MAX_BATCH_US = 1_000;
let calls = CALLS;

const prepare = () => contender(calls);

async function batch(): Promise<number> {
  const act = await prepare();
  const startedAt = process.hrtime.bigint();
  // Awaited only if it is a promise: a turn of the event loop is not part of a synchronous call.
  const acting = act();
  if (acting) {
    await acting;
  }
  return Number(process.hrtime.bigint() - startedAt) / 1_000 / calls;
}

// Measured in CPU time, so that other programs do not shorten the warm-up.
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
