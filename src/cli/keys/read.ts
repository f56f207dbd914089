import { Command, Option } from 'commander';

import type { CredentialOwner } from '../../credentials/records';
import { omitUndefined } from '../../internal/objects';
import { type CredentialStatus, STATUSES } from '../../stores/filter';
import type { ManagedVerifier } from '../../verifiers/stored';
import { count, id as parseId, nonEmpty, time } from '../option-parsers';
import { onePage } from '../paginate';
import { formatKeys, printAs, toJson, withIsoTimes } from '../print';
import { CommandError, type Terminal } from '../terminal';
import {
  keysAction,
  type KeysContext,
  ownerIn,
  type OwnerOptions,
  printRecord,
  withOwnerOptions,
} from './context';
import { KEY_ARGUMENT, orFailure, type ResolvedKey, resolveKey } from './resolve-key';

interface ListOptions extends OwnerOptions {
  readonly status?: CredentialStatus;
  readonly expiresBefore?: number;
  readonly name?: string;
  readonly after?: string;
  readonly limit?: number;
}

export const listCommand = (terminal: Terminal): Command =>
  withOwnerOptions(new Command('list'))
    .description('list keys in the order of issue: all of them, or those that the options select')
    .addOption(new Option('--status <status>', 'keys of this status').choices(STATUSES))
    .option(
      '--expires-before <when>',
      'keys that expire before a date, or within a duration such as 30d',
      time,
    )
    .option('--name <text>', 'keys whose name contains this text', nonEmpty)
    .option('--after <id>', 'continue after this key', parseId)
    .option('--limit <n>', 'at most this many (100)', count)
    .action(keysAction(terminal, list));

async function list(context: KeysContext<ListOptions>): Promise<void> {
  const { keys, options, terminal } = context;
  const { status, expiresBefore, name, after, limit } = options;
  const owner = ownerIn(options);
  const filter = { ...owner, ...omitUndefined({ status, expiresBefore, name }) };
  const last = after === undefined ? undefined : await resolveKey(after, terminal);
  const records = await onePage(
    (page) => keys.list({ ...filter, ...page }),
    ({ id }) => id,
    { after: last && (await requireOwned(keys, owner, last)), limit },
    terminal,
  );
  printAs(
    context,
    () => toJson(records.map(withIsoTimes)),
    () => formatKeys(records),
  );
}

/** Returns the ID of a key of this owner. After any other key, the list would be empty. */
async function requireOwned(
  keys: ManagedVerifier,
  owner: CredentialOwner | undefined,
  key: ResolvedKey,
): Promise<string> {
  const { subject, clientId, grantId } = await orFailure(keys.get(key.id), keys, key);
  const held: Readonly<Record<string, unknown>> = { subject, clientId, grantId };
  if (
    !Object.entries(owner ?? {}).every(([member, id]) => id === undefined || held[member] === id)
  ) {
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
