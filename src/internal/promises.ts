import { codedError } from './errors';
/**
 * The answer, or an error once `timeoutMs` have passed. What comes later is dropped, an error too.
 */
export function withDeadline<T>(answer: PromiseLike<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(codedError('ERR_LATCHKEY_TIMEOUT', `No answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    answer.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(toError(error));
      },
    );
  });
}

const toError = (reason: unknown): Error =>
  reason instanceof Error
    ? reason
    : codedError('ERR_LATCHKEY_INTERNAL', 'Rejected without an error', { cause: reason });

/**
 * Waits for all calls, also after one has failed. Throws the failure, or an AggregateError with all
 * of them if there are several.
 */
export async function callAll(calls: readonly (() => unknown)[]): Promise<void> {
  const results = await Promise.allSettled(calls.map(async (call) => call()));
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [toError(result.reason)] : [],
  );
  const [first] = failures;
  if (!first) {
    return;
  }
  if (failures.length === 1) {
    throw first;
  }
  const error = new AggregateError(failures, failures.map(({ message }) => message).join('; '));
  throw Object.assign(error, {
    code: (first as { code?: string }).code ?? 'ERR_LATCHKEY_INTERNAL',
  });
}

export const isPromise = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';

/** What `next` makes of a value: at once, where the value is there. */
export const andThen = <T, U>(
  value: T | PromiseLike<T>,
  next: (value: T) => U | Promise<U>,
): U | Promise<U> => (isPromise(value) ? Promise.resolve(value.then(next)) : next(value));
