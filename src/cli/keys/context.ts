import type { Command } from 'commander';

import type { CredentialOwner, Issued, PublicRecord } from '../../credentials/records';
import { apiKeys } from '../../verifiers/api-keys';
import type { ManagedVerifier } from '../../verifiers/stored';
import { openStore } from '../open-store';
import { detailsOf } from '../print';
import { type StoreOptions, storeTarget } from '../store-options';
import { type Terminal, usageError } from '../terminal';

/** Options of every `keys` command. */
export interface SharedOptions extends StoreOptions {
  readonly prefix?: string;
  readonly json?: boolean;
}

/** Options that name an owner. */
export interface OwnerOptions extends SharedOptions {
  readonly subject?: string;
  readonly client?: string;
  readonly grant?: string;
}

/** The keys of the store that a command is about. */
export interface Keys {
  readonly keys: ManagedVerifier;
  /** The same keys, with a prefix for those that are issued. */
  readonly withPrefix: (prefix: string) => ManagedVerifier;
  /** Where they are, for messages. */
  readonly place: string;
}

/** The prefix matters only to keys that are issued. */
const ANY_PREFIX = 'any';

/** Opens the store, passes its keys to `work`, and closes the store in any case. */
export async function withKeys<O extends SharedOptions>(
  command: Command,
  terminal: Terminal,
  work: (keys: Keys, options: O) => Promise<void>,
): Promise<void> {
  const options = command.optsWithGlobals<O>();
  const mayCreate = ['create', 'import'].includes(command.name());
  const { store, place, close } = await openStore(storeTarget(options, terminal.env), mayCreate);
  try {
    const withPrefix = (prefix: string) => apiKeys({ prefix, store });
    await work({ keys: withPrefix(ANY_PREFIX), withPrefix, place }, options);
  } finally {
    await close();
  }
}

/** Adds the options that name an owner. */
export const withOwnerOptions = (command: Command): Command =>
  command
    .option('--subject <id>', 'the keys of this subject')
    .option('--client <id>', 'the keys of this client')
    .option('--grant <id>', 'the keys of this grant');

/** Returns the owners that the options name. */
export const ownersIn = ({ subject, client, grant }: OwnerOptions): readonly CredentialOwner[] => [
  ...(subject === undefined ? [] : [{ subject }]),
  ...(client === undefined ? [] : [{ clientId: client }]),
  ...(grant === undefined ? [] : [{ grantId: grant }]),
];

/** Returns the one owner that the options name. */
export function oneOwner(options: OwnerOptions): CredentialOwner {
  const [owner, ...others] = ownersIn(options);
  if (owner === undefined || others.length > 0) {
    throw usageError('give one of --subject, --client and --grant');
  }
  return owner;
}

/**
 * Prints the secret alone on standard output, so that `KEY=$(latchkey keys create …)` holds it. The
 * rest is for the person.
 */
export function printIssued(
  { secret, record }: Issued,
  { json }: SharedOptions,
  terminal: Terminal,
): void {
  if (json) {
    return terminal.out(JSON.stringify({ secret, record }, null, 2));
  }
  terminal.err(detailsOf(record));
  terminal.err('\nThe key, shown this once:');
  terminal.out(secret);
}

export function printRecord(
  record: PublicRecord,
  { json }: SharedOptions,
  terminal: Terminal,
): void {
  terminal.out(json ? JSON.stringify(record, null, 2) : detailsOf(record));
}
