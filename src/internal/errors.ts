/**
 * Every error code of Latchkey, and when it is used. Codes are stable; messages are not.
 */
export const ERROR_CODES = {
  ERR_LATCHKEY_ARGUMENT:
    'An argument of a function or method is missing, unknown, of the wrong type or out of range.',
  ERR_LATCHKEY_CLAIMS: 'A `claims` function of an authorization server returned something invalid.',
  ERR_LATCHKEY_CLIENT_EXISTS: 'A client is registered with an ID that is already in use.',
  ERR_LATCHKEY_COMMAND: 'A command of the command line could not be carried out.',
  ERR_LATCHKEY_EXPIRY:
    'A credential is issued or updated with an expiry in the past or in seconds.',
  ERR_LATCHKEY_IMPORT:
    'The store failed during `import()`. `added` and `uncertain` on the error say what was written.',
  ERR_LATCHKEY_INTERACTION: 'A `login` or `consent` function returned something invalid.',
  ERR_LATCHKEY_INTERNAL: 'A guard failed, and not because of the client. `cause` is the error.',
  ERR_LATCHKEY_ISSUER: 'An issuer, its metadata or its keys could not be fetched or used.',
  ERR_LATCHKEY_KEY: 'A verification or signing key cannot be used with the configured algorithms.',
  ERR_LATCHKEY_NO_PRINCIPAL: '`getAuth()` was called for a request that no guard authenticated.',
  ERR_LATCHKEY_OPTION: 'An option is missing, unknown, of the wrong type, out of range or unsafe.',
  ERR_LATCHKEY_OVERLOADED: 'Too many verifications are pending, so this one was not started.',
  ERR_LATCHKEY_PEER: 'An optional package that the operation requires could not be loaded.',
  ERR_LATCHKEY_SCOPE: 'A scope is malformed or not declared.',
  ERR_LATCHKEY_STORE: 'A store failed, or returned something that violates its contract.',
  ERR_LATCHKEY_STORE_METHODS:
    'A store lacks methods that the operation requires. The message names them.',
  ERR_LATCHKEY_TIMEOUT: 'A verifier, store or issuer did not respond within its deadline.',
  ERR_LATCHKEY_USAGE:
    'Uses of credentials could not be written to the store. `count` says how many.',
  ERR_LATCHKEY_VERIFIER: 'A verifier returned something that is not a `Verification`.',
} as const;

/** An error code of Latchkey. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Creates a `TypeError` with a code, for an invalid option or argument. */
export const typeError = (
  code: ErrorCode,
  message: string,
  options?: ErrorOptions,
): TypeError & { readonly code: ErrorCode } =>
  Object.assign(new TypeError(message, options), { code });

/** Creates an `Error` with a code, for a failure at run time. */
export const codedError = (
  code: ErrorCode,
  message: string,
  options?: ErrorOptions,
): Error & { readonly code: ErrorCode } => Object.assign(new Error(message, options), { code });
