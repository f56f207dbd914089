import { Command } from 'commander';

import { omitUndefined } from '../../internal/objects';
import {
  collect,
  duration,
  type Expiry,
  expiry,
  id as parseId,
  jsonObject,
  nonEmpty,
} from '../option-parsers';
import { printAs } from '../print';
import { CommandError, type Terminal, usageError } from '../terminal';
import {
  keysAction,
  type KeysContext,
  ownerIn,
  type OwnerOptions,
  ownersIn,
  printRecord,
  type SharedOptions,
  withOwnerOptions,
} from './context';
import { failureReason, KEY_ARGUMENT, orFailure, resolveKey } from './resolve-key';

interface UpdateOptions extends SharedOptions {
  /** False for `--no-name`. */
  readonly name?: string | false;
  /** False for `--no-scope`. */
  readonly scope?: readonly string[] | false;
  readonly expires?: Expiry;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export const updateCommand = (terminal: Terminal): Command =>
  new Command('update')
    .argument('<id>', KEY_ARGUMENT, parseId)
    .description('change the name, scopes, expiry or metadata of a key that is not revoked')
    .option('--name <name>', 'its new name', nonEmpty)
    .option('--no-name', 'remove its name')
    .option(
      '--scope <scopes>',
      'its new scopes, which replace all old ones; may be repeated',
      collect,
    )
    .option('--no-scope', 'remove all its scopes')
    .option('--expires <when>', 'never, a date, or a duration from now', expiry)
    .option('--metadata <json>', 'its new metadata', jsonObject)
    .action(keysAction(terminal, update));

async function update(context: KeysContext<UpdateOptions>, id: string | undefined): Promise<void> {
  const { keys, options, terminal } = context;
  const { name, scope, expires, metadata } = options;
  const changes = omitUndefined({
    ...expires,
    name: name === false ? null : name,
    scopes: scope === false ? [] : scope,
    metadata,
  });
  if (Object.keys(changes).length === 0) {
    throw usageError('nothing to change: pass --name, --scope, --expires or --metadata');
  }
  const key = await resolveKey(id, terminal);
  printRecord(await orFailure(keys.update(key.id, changes, context.change), keys, key), context);
}

type RevokeOptions = OwnerOptions & { readonly ifExists?: boolean };

export const revokeCommand = (terminal: Terminal): Command =>
  withOwnerOptions(
    new Command('revoke')
      .argument('[id]', KEY_ARGUMENT, parseId)
      .description('revoke a key, or all keys of a subject, a client or a grant'),
  )
    .option('--if-exists', 'succeed if there is nothing to revoke')
    .action(keysAction(terminal, revoke));

async function revoke(context: KeysContext<RevokeOptions>, id: string | undefined): Promise<void> {
  const { options } = context;
  if ((id === undefined) === (ownersIn(options).length === 0)) {
    throw usageError('pass an ID, or one of --subject, --client and --grant');
  }
  const revoked = id === undefined ? await revokeAll(context) : await revokeOne(context, id);
  printAs(
    context,
    () => JSON.stringify({ revoked }),
    () => `Revoked: ${revoked}`,
  );
}

/**
 * If nothing is revoked, the key may be in another store or under another prefix, and still work.
 */
async function revokeAll(context: KeysContext<RevokeOptions>): Promise<number> {
  const { keys, place, options, change } = context;
  const owner = ownerIn(options);
  const revoked = owner === undefined ? 0 : await keys.revokeAll(owner, change);
  if (revoked === 0 && options.ifExists !== true) {
    throw new CommandError(
      `nothing to revoke: no key of that owner in ${place} is still unrevoked (--if-exists accepts that)`,
    );
  }
  return revoked;
}

async function revokeOne(
  { keys, options, change, terminal }: KeysContext<RevokeOptions>,
  id: string,
): Promise<number> {
  const key = await resolveKey(id, terminal);
  if (await keys.revoke(key.id, change)) {
    return 1;
  }
  if (options.ifExists === true) {
    return 0;
  }
  throw await failureReason(keys, key);
}

type PruneOptions = SharedOptions & { readonly olderThan?: number };

export const pruneCommand = (terminal: Terminal): Command =>
  new Command('prune')
    .description('delete keys that expired or were revoked long ago')
    .option('--older-than <duration>', 'how long ago (30d)', duration)
    .action(keysAction(terminal, prune));

async function prune(context: KeysContext<PruneOptions>): Promise<void> {
  const { keys, options, change } = context;
  const age = omitUndefined({ olderThanMs: options.olderThan });
  const pruned = await keys.prune(age, change);
  printAs(
    context,
    () => JSON.stringify({ pruned }),
    () => `Pruned: ${pruned}`,
  );
}
