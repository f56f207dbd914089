import { codedError } from './errors';
/** The answer, or an error once `timeoutMs` have passed. What comes later is dropped, an error too. */
export function withDeadline<T>(answer: PromiseLike<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(codedError('ERR_LATCHKEY_TIMEOUT', `No answer within ${timeoutMs} ms`)), timeoutMs);
    answer.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error instanceof Error ? error : codedError('ERR_LATCHKEY_INTERNAL', 'Rejected without an error', { cause: error }));
      },
    );
  });
}

/** Waits for all calls, also after one has failed. Throws the failure, or an AggregateError with all of them if there are several. */
export async function callAll(calls: readonly (() => unknown)[]): Promise<void> {
  const results = await Promise.allSettled(calls.map(async (call) => call()));
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  if (failures.length === 0) return;
  if (failures.length === 1) throw failures[0];
  const error = new AggregateError(failures, failures.map(({ message }) => message).join('; '));
  throw Object.assign(error, { code: (failures[0] as { code?: string }).code ?? 'ERR_LATCHKEY_INTERNAL' });
}

export const isPromise = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';

/** What `next` makes of a value: at once, where the value is there. */
export const andThen = <T, U>(value: T | PromiseLike<T>, next: (value: T) => U | Promise<U>): U | Promise<U> =>
  isPromise(value) ? Promise.resolve(value.then(next)) : next(value);
