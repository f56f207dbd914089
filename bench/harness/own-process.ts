import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Runs a file in a separate process with an empty heap, and returns the message that it sends. */
export async function inOwnProcess<T>(
  file: string,
  ...args: readonly (string | number)[]
): Promise<T> {
  const child = fork(fileURLToPath(file), args.map(String), {
    execArgv: ['--expose-gc', '--import', import.meta.resolve('tsx')],
  });
  const [[answer], [code]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  if (code !== 0) {
    throw new Error(`${file} ended with ${code}`);
  }
  return answer as T;
}

/** Returns the bytes in use on the heap after garbage collection. */
export function heapInUse(): number {
  for (let n = 0; n < 4; n++) {
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}
