import { arrayOf, check } from '../internal/options';
import { isHost } from './issuer/trusted-url';

/** The largest `maxTokenLength`, in characters: what Node's `maxHeaderSize` is ever raised to. */
const MAX_LENGTH = 1_048_576;

/** Options that the verifiers of access tokens share. */
export const extractorNames = arrayOf(
  'names of extractors',
  (value) => typeof value === 'string' && value !== '',
);

export const tokenLength = check(
  `a whole number of characters from 1 to ${MAX_LENGTH}`,
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_LENGTH,
);

export const insecureHosts = check(
  'a list of hosts, such as "keycloak:8080", without scheme and path',
  (value) => Array.isArray(value) && value.every(isHost),
);
