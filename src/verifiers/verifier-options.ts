import * as z from 'zod/mini';

import { isSecretWord } from '../credential/secret';
import { arrayOf, check, durationMs, nonEmptyString, objectWithMethods } from '../internal/options';
import { isNonEmptyString } from '../internal/type-guards';
import type { CredentialReader } from '../stores/store';
import { isHost } from './issuer/trusted-url';

/** The largest `maxTokenLength`: the highest value that Node's `maxHeaderSize` is set to. */
const MAX_LENGTH = 1_048_576;

/** A prefix, or the name of an environment. */
export const secretWord = check<string>(
  '1 to 32 lower-case letters and digits, a letter first',
  isSecretWord,
);

/** The option `extractors` of every verifier. */
export const extractorNames = arrayOf<string>('names of extractors', isNonEmptyString);

/** The options that all verifiers of stored credentials share. */
export const storedOptions = {
  store: objectWithMethods<CredentialReader>('find'),
  prefix: secretWord,
  name: z.optional(nonEmptyString),
  extractors: z.optional(extractorNames),
};

/** The option `ttlMs` of tokens. */
export const lifetimeMs = durationMs(1, Number.MAX_SAFE_INTEGER);

/** Returns the schema of an integer option. */
export const integer = (min: number, max: number, unit = '') =>
  check<number>(
    `an integer from ${min} to ${max}${unit}`,
    (value) => typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max,
  );

/** The option `maxTokenLength` of verifiers of access tokens. */
export const tokenLength = integer(1, MAX_LENGTH, ' (characters)');

/** The option `insecureHosts`. */
export const insecureHosts = check<readonly string[]>(
  'a list of hosts such as "keycloak:8080", without scheme and path',
  (value) => Array.isArray(value) && value.every(isHost),
);

/** The option `fetch`. */
export const fetchOption = check<typeof fetch>(
  'a function',
  (value) => typeof value === 'function',
);
