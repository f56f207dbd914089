import { digestOf, idOf, isId } from '../credential/digest';
import type { ManagedVerifier } from '../verifiers/stored';
import { stateOf } from './print';
import { CommandError, type Terminal } from './terminal';

/** A key as a command line names it. */
export interface NamedKey {
  readonly id: string;
  /** What to say where there is none. It has no secret. */
  readonly absent: string;
}

/** Reads an id, or the key itself, since whoever finds a leaked one has nothing else; `-` is for standard input, which no history keeps. */
export async function namedKey(given: string, terminal: Terminal): Promise<NamedKey> {
  const name = given === '-' ? (await terminal.input()).trim() : given;
  if (isId(name)) return { id: name, absent: `no key ${name}` };
  return {
    id: idOf(digestOf(name)),
    absent: 'no such key in this store: give its id, which is 22 characters and stands in "keys list", or the whole key',
  };
}

/** Why nothing could be done with a key. */
export async function failureReason(keys: ManagedVerifier, { id, absent }: NamedKey): Promise<CommandError> {
  const record = await keys.get(id);
  return new CommandError(record ? `key ${id} has ended: ${stateOf(record)}` : absent);
}
