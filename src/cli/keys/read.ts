import { Command } from 'commander';

import type { CredentialOwner } from '../../credentials/records';
import type { ManagedVerifier } from '../../verifiers/stored';
import { count, id as parseId } from '../option-parsers';
import { onePage } from '../paginate';
import { formatKeys, toJson, withIsoTimes } from '../print';
import { CommandError, type Terminal } from '../terminal';
import {
  keysAction,
  type KeysContext,
  oneOwner,
  type OwnerOptions,
  printRecord,
  withOwnerOptions,
} from './context';
import { KEY_ARGUMENT, orFailure, type ResolvedKey, resolveKey } from './resolve-key';

type ListOptions = OwnerOptions & { readonly after?: string; readonly limit?: number };

export const listCommand = (terminal: Terminal): Command =>
  withOwnerOptions(new Command('list'))
    .description('list the keys of a subject, a client or a grant in the order of issue')
    .option('--after <id>', 'continue after this key', parseId)
    .option('--limit <n>', 'at most this many (100)', count)
    .action(keysAction(terminal, list));

async function list({ keys, options, terminal }: KeysContext<ListOptions>): Promise<void> {
  const owner = oneOwner(options);
  const { after, limit } = options;
  const last = after === undefined ? undefined : await resolveKey(after, terminal);
  const page = { after: last && (await requireOwned(keys, owner, last)), limit };
  const records = await onePage(
    (request) => keys.list({ ...owner, ...request }),
    ({ id }) => id,
    page,
    terminal,
  );
  terminal.out(options.json ? toJson(records.map(withIsoTimes)) : formatKeys(records));
}

/** Returns the ID of a key of this owner. After any other key, the list would be empty. */
async function requireOwned(
  keys: ManagedVerifier,
  owner: CredentialOwner,
  key: ResolvedKey,
): Promise<string> {
  const { subject, clientId, grantId } = await orFailure(keys.get(key.id), keys, key);
  const held = { subject, clientId, grantId };
  const isOwned = Object.entries(held).some(
    ([member, id]) => id !== null && owner[member as keyof CredentialOwner] === id,
  );
  if (!isOwned) {
    throw new CommandError(`key ${key.id} does not belong to that owner`);
  }
  return key.id;
}

export const showCommand = (terminal: Terminal): Command =>
  new Command('show')
    .argument('<id>', KEY_ARGUMENT, parseId)
    .description('show a key with all its members')
    .action(keysAction(terminal, show));

async function show(context: KeysContext, id: string | undefined): Promise<void> {
  const { keys, terminal } = context;
  const key = await resolveKey(id, terminal);
  printRecord(await orFailure(keys.get(key.id), keys, key), context);
}
