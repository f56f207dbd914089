import { MAX_KEY_LENGTH } from '../credential/credential';
import { toDigest } from '../credential/digest';
import { checkRecord } from '../credential/record';
import { secretReader } from '../credential/secret';
import { legacyDigest, type LegacyForm } from './legacy';
import type { StoredKind } from './managed-verifier';
import { reject } from './rejection';
import { rejectEnvironment, validateRecord } from './stored-record';
import type { Verification } from './verifier';

/** Verifies the secrets of one kind of stored credential. */
export interface SecretVerification {
  /** Whether a token has the form of an imported key. */
  isLegacy(token: string): boolean;
  verify(token: string): Verification | Promise<Verification>;
}

/** Creates the verification of one kind of secret: form and checksum, then the record. */
export function createSecretVerification(options: StoredKind): SecretVerification {
  const { prefix, environment: required, legacy = [] } = options;
  const readEnvironment = secretReader(prefix);
  const findForm = (token: string): LegacyForm | undefined =>
    token.length <= MAX_KEY_LENGTH ? legacy.find(({ form }) => form.test(token)) : undefined;

  return {
    isLegacy: (token) => findForm(token) !== undefined,
    verify(token) {
      const environment = readEnvironment(token);
      if (environment === undefined) {
        const form = findForm(token);
        return form ? verifyLegacy(token, form, options) : reject('malformed', MALFORMED);
      }
      return (
        rejectEnvironment(environment, required ?? environment) ??
        lookUp(toDigest(token), options, environment)
      );
    },
  };
}

const MALFORMED = 'the form or the checksum is wrong: the key was cut off, mistyped or invented';

/** Asynchronous, so that an error of the option `digest` becomes a rejection. */
const verifyLegacy = async (
  token: string,
  form: LegacyForm,
  options: StoredKind,
): Promise<Verification> => lookUp(legacyDigest(form, token), options, undefined);

async function lookUp(
  digest: string,
  options: StoredKind,
  environment: string | undefined,
): Promise<Verification> {
  const record: unknown = await options.store.find(digest);
  return record === undefined || record === null
    ? reject('unknown', 'the store has no record of it')
    : validateRecord(checkRecord(record, digest), options, environment);
}
