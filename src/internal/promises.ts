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

export const isPromise = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';

/** What `next` makes of a value: at once, where the value is there. */
export const andThen = <T, U>(value: T | PromiseLike<T>, next: (value: T) => U | Promise<U>): U | Promise<U> =>
  isPromise(value) ? Promise.resolve(value.then(next)) : next(value);
