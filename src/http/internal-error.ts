import { codedError } from '../internal/errors';

/**
 * Creates the error that a middleware passes to `next()`. The client must
 * not learn the cause, so the message does not contain it.
 */
export const internalError = (cause: unknown): Error =>
  codedError('ERR_LATCHKEY_INTERNAL', 'latchkey: the guard failed; see the cause', { cause });
