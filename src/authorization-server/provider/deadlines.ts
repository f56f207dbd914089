import type { Adapter, errors } from 'oidc-provider';

import { withDeadline } from '../../internal/promises';

/**
 * Calls a store. Rejects with `temporarily_unavailable` (503) if the store fails or does not
 * respond in time.
 */
export type WithDeadline = <T>(call: () => Promise<T>) => Promise<T>;

/** Status of a response to a request that could not be decided. */
export const UNAVAILABLE = 503;

/**
 * Creates the deadline for store calls.
 *
 * @param timeoutMs Deadline of one call in milliseconds.
 * @param errorClasses oidc-provider's error classes. Errors of these classes are decisions and pass
 * through unchanged.
 */
export function storeDeadline(timeoutMs: number, errorClasses: typeof errors): WithDeadline {
  return async (call) => {
    try {
      return await withDeadline(call(), timeoutMs);
    } catch (cause) {
      if (cause instanceof errorClasses.OIDCProviderError) {
        throw cause;
      }
      throw toUnavailable(errorClasses, { cause });
    }
  };
}

/** Creates the error of a request that cannot be decided. `detail` is for the operator. */
export function toUnavailable(
  { TemporarilyUnavailable }: typeof errors,
  options: { readonly cause?: unknown; readonly detail?: string },
): errors.OIDCProviderError {
  const error = new TemporarilyUnavailable('the server cannot respond at the moment', options);
  return Object.assign(error, { statusCode: UNAVAILABLE });
}

/** Applies the deadline to every method of an adapter. */
export function adapterWithDeadline(adapter: Adapter, deadline: WithDeadline): Adapter {
  const methods = Object.entries(adapter) as [string, (...args: unknown[]) => Promise<unknown>][];
  const bounded = methods.map(([name, method]) => [
    name,
    (...args: unknown[]) => deadline(() => method(...args)),
  ]);
  return Object.fromEntries(bounded) as Adapter;
}
