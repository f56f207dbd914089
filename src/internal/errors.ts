/**
 * The code of every error that Latchkey throws → when it is thrown. Codes are stable; messages are
 * not.
 */
export const ERROR_CODES = {
  ERR_LATCHKEY_ARGUMENT:
    'An argument of a function or method is missing, unknown, of the wrong type or out of range.',
  ERR_LATCHKEY_CLIENT_EXISTS: 'A client is registered under an ID that another client has.',
  ERR_LATCHKEY_COMMAND: 'A command of the command line could not be carried out.',
  ERR_LATCHKEY_EXPIRY:
    'A credential is issued or updated with an expiry in the past or in seconds.',
  ERR_LATCHKEY_IMPORT:
    'The store failed during `import()`. `added` and `uncertain` on the error say what was written.',
  ERR_LATCHKEY_INTERACTION: 'A `login` or `consent` function returned something invalid.',
  ERR_LATCHKEY_INTERNAL:
    'A guard failed for a reason that is not the client’s. The cause is attached.',
  ERR_LATCHKEY_ISSUER: 'An issuer, its metadata or its keys could not be fetched or used.',
  ERR_LATCHKEY_KEY: 'A verification or signing key cannot be used with the configured algorithms.',
  ERR_LATCHKEY_NO_PRINCIPAL: '`getAuth()` was called for a request that no guard authenticated.',
  ERR_LATCHKEY_OPTION: 'An option is missing, unknown, of the wrong type, out of range or unsafe.',
  ERR_LATCHKEY_OVERLOADED: 'Too many verifications are pending, so the request was not attempted.',
  ERR_LATCHKEY_SCOPE: 'A scope is malformed or not declared.',
  ERR_LATCHKEY_STORE: 'A store failed, or answered something that breaks its contract.',
  ERR_LATCHKEY_STORE_METHODS:
    'A store lacks methods that the operation needs. The message names them.',
  ERR_LATCHKEY_TIMEOUT: 'A verifier, store or issuer did not answer within its deadline.',
  ERR_LATCHKEY_USAGE:
    'Uses of credentials could not be written to the store. `count` says how many.',
  ERR_LATCHKEY_VERIFIER: 'A verifier returned something that is not a `Verification`.',
} as const;

/** A code from the table above. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Creates a `TypeError` with a code: the developer passed something wrong. */
export const typeError = (
  code: ErrorCode,
  message: string,
  options?: ErrorOptions,
): TypeError & { readonly code: ErrorCode } =>
  Object.assign(new TypeError(message, options), { code });

/** Creates an `Error` with a code: something that Latchkey depends on failed. */
export const codedError = (
  code: ErrorCode,
  message: string,
  options?: ErrorOptions,
): Error & { readonly code: ErrorCode } => Object.assign(new Error(message, options), { code });
