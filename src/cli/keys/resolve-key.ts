import { toDigest, toRecordId, isId } from '../../credential/digest';
import type { ManagedVerifier } from '../../verifiers/stored';
import { stateOf } from '../print';
import { CommandError, type Terminal, usageError } from '../terminal';

/** A key as the command line names it. */
export interface ResolvedKey {
  readonly id: string;
  /** The message if it does not exist. It has no secret. */
  readonly notFound: string;
}

/**
 * Reads an ID or a whole key: whoever finds a leaked key does not know its ID. `-` reads it from
 * standard input, so that it does not stay in the shell's history.
 */
export async function resolveKey(given: string, terminal: Terminal): Promise<ResolvedKey> {
  const name = given === '-' ? (await terminal.input()).trim() : given;
  if (name === '') {
    throw usageError('no key: give its ID, or the whole key');
  }
  if (isId(name)) {
    return { id: name, notFound: `no key ${name}` };
  }
  return {
    id: toRecordId(toDigest(name)),
    notFound:
      'no such key in this store: give its ID, the 22 characters that "keys list" shows, or the whole key',
  };
}

/** Returns the result of an operation on a key, or rejects with the reason why there is none. */
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

/** Says why an operation on a key was not possible. */
export async function failureReason(
  keys: ManagedVerifier,
  { id, notFound }: ResolvedKey,
): Promise<CommandError> {
  const record = await keys.get(id);
  return new CommandError(record ? `key ${id} has ended: ${stateOf(record)}` : notFound);
}
