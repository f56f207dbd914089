import type { Command } from 'commander';

import type { ChangeContext } from '../../credentials/manager-types';
import type { CredentialOwner, Issued, PublicRecord } from '../../credentials/records';
import { omitUndefined } from '../../internal/objects';
import { apiKeys } from '../../verifiers/api-keys';
import type { ManagedVerifier } from '../../verifiers/stored';
import { openStore } from '../open-store';
import { formatKey, printAs, type PrintContext, toJson, withIsoTimes } from '../print';
import { type StoreOptions, storeTarget } from '../store-options';
import { type Terminal, usageError } from '../terminal';

/** Options of every `keys` command. */
export interface SharedOptions extends StoreOptions {
  readonly prefix?: string;
  readonly actor?: string;
  readonly json?: boolean;
}

/** Options that name an owner. */
export interface OwnerOptions extends SharedOptions {
  readonly subject?: string;
  readonly client?: string;
  readonly grant?: string;
}

/** What the action of a `keys` command works with. */
export interface KeysContext<O extends SharedOptions = SharedOptions> {
  readonly keys: ManagedVerifier;
  /** Returns the same keys, with the prefix of the keys to issue. */
  readonly withPrefix: (prefix: string) => ManagedVerifier;
  /** Where the keys are, for messages. */
  readonly place: string;
  readonly options: O;
  /** Who makes the change. */
  readonly change: ChangeContext;
  readonly terminal: Terminal;
}

/** Only keys that are issued need a prefix. */
const ANY_PREFIX = 'any';

/**
 * Returns the action of a command: it opens the store, calls `run` with the first argument of the
 * command, and closes the store.
 */
export const keysAction =
  <O extends SharedOptions>(
    terminal: Terminal,
    run: (context: KeysContext<O>, argument: string | undefined) => Promise<void>,
  ) =>
  async (...parameters: readonly unknown[]): Promise<void> => {
    const command = parameters.at(-1) as Command;
    const options = command.optsWithGlobals<O>();
    const mayCreate = ['create', 'import'].includes(command.name());
    const { store, place, close } = await openStore(storeTarget(options, terminal.env), mayCreate);
    const withPrefix = (prefix: string) => apiKeys({ prefix, store });
    const change = omitUndefined({ actor: options.actor });
    const context = { keys: withPrefix(ANY_PREFIX), withPrefix, place, options, change, terminal };
    try {
      await run(context, command.processedArgs[0] as string | undefined);
    } finally {
      await close();
    }
  };

/** Adds the options that name an owner. */
export const withOwnerOptions = (command: Command): Command =>
  command
    .option('--subject <id>', 'the keys of this subject')
    .option('--client <id>', 'the keys of this client')
    .option('--grant <id>', 'the keys of this grant');

/** Returns the owners that the options name. */
export const ownersIn = ({ subject, client, grant }: OwnerOptions): readonly CredentialOwner[] =>
  [{ subject }, { clientId: client }, { grantId: grant }].filter(isNamed);

const isNamed = (owner: object): owner is CredentialOwner =>
  Object.values(owner).some((id) => id !== undefined);

/** Returns the owner that the options name, if they name one. */
export function ownerIn(options: OwnerOptions): CredentialOwner | undefined {
  const [owner, ...others] = ownersIn(options);
  if (others.length > 0) {
    throw usageError('pass only one of --subject, --client and --grant');
  }
  return owner;
}

/**
 * Prints a new key. Only the secret goes to standard output, so that `KEY=$(latchkey keys create
 * …)` holds it.
 */
export function printIssued({ secret, record }: Issued, { options, terminal }: PrintContext): void {
  if (options.json) {
    terminal.out(toJson({ secret, record: withIsoTimes(record) }));
    return;
  }
  terminal.err(formatKey(record));
  terminal.err('\nThe key, shown only once:');
  terminal.out(secret);
}

/** Prints the record of a key. */
export const printRecord = (record: PublicRecord, context: PrintContext): void =>
  printAs(
    context,
    () => toJson(withIsoTimes(record)),
    () => formatKey(record),
  );
