import { codedError } from '../internal/errors';

/**
 * Creates the error that a middleware passes to `next()`. Its message reveals nothing: the cause is
 * for the operator.
 */
export const internalError = (cause: unknown): Error =>
  codedError('ERR_LATCHKEY_INTERNAL', 'latchkey: the request could not be judged', { cause });
