import { Command } from 'commander';

import type { CredentialOwner, PublicRecord } from '../../credentials/records';
import type { ManagedVerifier } from '../../verifiers/stored';
import { count, id as parseId } from '../option-parsers';
import { onePage } from '../paginate';
import { tableOf } from '../print';
import { CommandError, type Terminal } from '../terminal';
import {
  oneOwner,
  type OwnerOptions,
  printRecord,
  type SharedOptions,
  withKeys,
  withOwnerOptions,
} from './context';
import { orFailure, type ResolvedKey, resolveKey } from './resolve-key';

type ListOptions = OwnerOptions & { readonly after?: string; readonly limit?: number };

export const listCommand = (terminal: Terminal): Command =>
  withOwnerOptions(new Command('list'))
    .description('list the keys of a subject, a client or a grant in the order of issue')
    .option('--after <id>', 'begin after this key', parseId)
    .option('--limit <n>', 'at most this many (100)', count)
    .action((_, command: Command) =>
      withKeys(command, terminal, async ({ keys }, options: ListOptions) => {
        const owner = oneOwner(options);
        const page = {
          ...(options.after !== undefined && {
            after: await ownKey(keys, owner, await resolveKey(options.after, terminal)),
          }),
          ...(options.limit !== undefined && { limit: options.limit }),
        };
        const list = (more: object) => keys.list({ ...owner, ...more });
        const records = await onePage(list, ({ id }) => id, page, terminal);
        terminal.out(options.json ? JSON.stringify(records, null, 2) : tableOf(records));
      }),
    );

/** The ID of a key of this owner. After any other key the list would be empty. */
async function ownKey(
  keys: ManagedVerifier,
  owner: CredentialOwner,
  key: ResolvedKey,
): Promise<string> {
  const record = await orFailure(keys.get(key.id), keys, key);
  if (Object.entries(owner).every(([member, id]) => record[member as keyof PublicRecord] === id)) {
    return key.id;
  }
  throw new CommandError(`key ${key.id} does not belong to that owner`);
}

export const showCommand = (terminal: Terminal): Command =>
  new Command('show')
    .argument(
      '<id>',
      'the ID of the key, or the key itself; - reads it from standard input',
      parseId,
    )
    .description('show everything that is known of a key')
    .action((id: string, _, command: Command) =>
      withKeys(command, terminal, async ({ keys }, options: SharedOptions) => {
        const key = await resolveKey(id, terminal);
        printRecord(await orFailure(keys.get(key.id), keys, key), options, terminal);
      }),
    );
