import { codedError } from './errors';

/**
 * Settles as `pending` does, or rejects with `ERR_LATCHKEY_TIMEOUT` after `timeoutMs`. A result or
 * error that comes later is discarded.
 */
export async function withDeadline<T>(pending: PromiseLike<T>, timeoutMs: number): Promise<T> {
  let cancel = () => {};
  const deadline = new Promise<never>((_, reject) => {
    cancel = startDeadline(() => reject(timeoutError(timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([pending, deadline]);
  } catch (error) {
    throw toError(error);
  } finally {
    cancel();
  }
}

/**
 * Calls `expire` after `timeoutMs`, unless the returned function is called before.
 *
 * Timers run before sockets are read. After the event loop has been blocked for longer than the
 * deadline, a response may wait in a socket, so `expire` is called after the next read.
 */
export function startDeadline(expire: () => void, timeoutMs: number): () => void {
  let reading: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    reading = setImmediate(expire);
  }, timeoutMs);
  return () => {
    clearTimeout(timer);
    clearImmediate(reading);
  };
}

const timeoutError = (timeoutMs: number): Error =>
  codedError('ERR_LATCHKEY_TIMEOUT', `No result within ${timeoutMs} ms`);

const toError = (reason: unknown): Error =>
  reason instanceof Error
    ? reason
    : codedError('ERR_LATCHKEY_INTERNAL', 'Rejected without an error', { cause: reason });

/**
 * Makes all calls and waits for all of them, even if one fails. Throws the error of the one that
 * failed, or an AggregateError if several did.
 */
export async function callAll(calls: readonly (() => unknown)[]): Promise<void> {
  const results = await Promise.allSettled(calls.map(async (call) => call()));
  const failures = results
    .filter((result) => result.status === 'rejected')
    .map(({ reason }) => toError(reason));
  const [first] = failures;
  if (first) {
    throw failures.length === 1 ? first : combined(first, failures);
  }
}

function combined(first: Error & { code?: unknown }, failures: readonly Error[]): AggregateError {
  const error = new AggregateError(failures, failures.map(({ message }) => message).join('; '));
  return Object.assign(error, { code: first.code ?? 'ERR_LATCHKEY_INTERNAL' });
}

export const isPromise = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';

/** Calls `next` with a value, at once unless the value is a promise. */
export const andThen = <T, U>(
  value: T | PromiseLike<T>,
  next: (value: T) => U | Promise<U>,
): U | Promise<U> => (isPromise(value) ? Promise.resolve(value.then(next)) : next(value));
