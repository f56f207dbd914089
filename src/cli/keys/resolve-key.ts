import { isId, toDigest, toRecordId } from '../../credential/digest';
import type { ManagedVerifier } from '../../verifiers/stored';
import { describeState } from '../print';
import { CommandError, type Terminal, usageError } from '../terminal';

/** The description of an argument that names a key. */
export const KEY_ARGUMENT = 'the ID of the key, or the key itself; - reads it from standard input';

/** A key that a command names. */
export interface ResolvedKey {
  readonly id: string;
  /** The message if it does not exist. It does not contain the secret. */
  readonly notFound: string;
}

/**
 * Reads an ID or a whole key. Users who find a leaked key do not know its ID. `-` reads it from
 * standard input, so that it does not stay in the shell's history.
 */
export async function resolveKey(given = '', terminal: Terminal): Promise<ResolvedKey> {
  const name = given === '-' ? (await terminal.input()).trim() : given;
  if (name === '') {
    throw usageError('no key: pass its ID, or the whole key');
  }
  if (isId(name)) {
    return { id: name, notFound: `no key ${name}` };
  }
  return {
    id: toRecordId(toDigest(name)),
    notFound:
      'no such key in this store: pass its ID, the 22 characters that "keys list" shows, or the whole key',
  };
}

/** Returns the result of an operation on a key, or rejects with the reason for its absence. */
export async function orFailure<T>(
  operation: Promise<T | undefined>,
  keys: ManagedVerifier,
  key: ResolvedKey,
): Promise<T> {
  const result = await operation;
  if (result === undefined) {
    throw await failureReason(keys, key);
  }
  return result;
}

/** Creates the error that says why an operation on a key was not possible. */
export async function failureReason(
  keys: ManagedVerifier,
  { id, notFound }: ResolvedKey,
): Promise<CommandError> {
  const record = await keys.get(id);
  return new CommandError(
    record ? `key ${id} is no longer valid: ${describeState(record)}` : notFound,
  );
}
