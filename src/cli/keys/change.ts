import { Command } from 'commander';

import {
  collect,
  duration,
  type Expiry,
  expiry,
  id as parseId,
  jsonObject,
  nonEmpty,
} from '../option-parsers';
import { CommandError, type Terminal, usageError } from '../terminal';
import {
  type Keys,
  oneOwner,
  type OwnerOptions,
  ownersIn,
  printRecord,
  type SharedOptions,
  withKeys,
  withOwnerOptions,
} from './context';
import { failureReason, orFailure, resolveKey } from './resolve-key';

interface UpdateOptions extends SharedOptions {
  /** False for `--no-name`. */
  readonly name?: string | false;
  /** False for `--no-scope`. */
  readonly scope?: readonly string[] | false;
  readonly expires?: Expiry;
  readonly metadata?: Record<string, unknown>;
}

export const updateCommand = (terminal: Terminal): Command =>
  new Command('update')
    .argument(
      '<id>',
      'the ID of the key, or the key itself; - reads it from standard input',
      parseId,
    )
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
    .action((id: string, _, command: Command) =>
      withKeys(command, terminal, async ({ keys }, options: UpdateOptions) => {
        const changes = changesIn(options);
        if (Object.keys(changes).length === 0) {
          throw usageError('nothing to change: give --name, --scope, --expires or --metadata');
        }
        const key = await resolveKey(id, terminal);
        printRecord(await orFailure(keys.update(key.id, changes), keys, key), options, terminal);
      }),
    );

const changesIn = ({ name, scope, expires, metadata }: UpdateOptions) => ({
  ...(typeof name === 'string' && { name }),
  ...(name === false && { name: null }),
  ...(Array.isArray(scope) && { scopes: scope }),
  ...(scope === false && { scopes: [] }),
  ...expires,
  ...(metadata !== undefined && { metadata }),
});

type RevokeOptions = OwnerOptions & { readonly ifExists?: boolean };

export const revokeCommand = (terminal: Terminal): Command =>
  withOwnerOptions(
    new Command('revoke')
      .argument(
        '[id]',
        'the ID of the key, or the key itself; - reads it from standard input',
        parseId,
      )
      .description('revoke a key, or all keys of a subject, a client or a grant'),
  )
    .option('--if-exists', 'succeed if there is nothing to revoke')
    .action((id: string | undefined, _, command: Command) =>
      withKeys(command, terminal, async (opened, options: RevokeOptions) => {
        if ((id === undefined) === (ownersIn(options).length === 0)) {
          throw usageError('give an id, or one of --subject, --client and --grant');
        }
        const revoked =
          id === undefined
            ? await revokeAll(opened, options)
            : await revokeOne(opened, id, options, terminal);
        terminal.out(options.json ? JSON.stringify({ revoked }) : `Revoked: ${revoked}`);
      }),
    );

/**
 * A leaked key that is in another store or under another prefix still works: finding none is a
 * failure.
 */
async function revokeAll({ keys, place }: Keys, options: RevokeOptions): Promise<number> {
  const revoked = await keys.revokeAll(oneOwner(options));
  if (revoked === 0 && options.ifExists !== true) {
    throw new CommandError(
      `nothing to revoke: no key of that owner in ${place} is still unrevoked (--if-exists accepts that)`,
    );
  }
  return revoked;
}

async function revokeOne(
  { keys }: Keys,
  id: string,
  { ifExists }: RevokeOptions,
  terminal: Terminal,
): Promise<number> {
  const key = await resolveKey(id, terminal);
  if (await keys.revoke(key.id)) {
    return 1;
  }
  if (ifExists === true) {
    return 0;
  }
  throw await failureReason(keys, key);
}

export const pruneCommand = (terminal: Terminal): Command =>
  new Command('prune')
    .description('delete keys that expired or were revoked long ago')
    .option('--older-than <duration>', 'how long ago (30d)', duration)
    .action((_, command: Command) =>
      withKeys(
        command,
        terminal,
        async ({ keys }, options: SharedOptions & { olderThan?: number }) => {
          const pruned = await keys.prune(
            options.olderThan === undefined ? {} : { olderThanMs: options.olderThan },
          );
          terminal.out(options.json ? JSON.stringify({ pruned }) : `Pruned: ${pruned}`);
        },
      ),
    );
