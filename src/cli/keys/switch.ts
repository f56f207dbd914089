import { Command } from 'commander';

import type { PublicRecord } from '../../credentials/records';
import { id as parseId } from '../option-parsers';
import { CommandError, type Terminal } from '../terminal';
import { keysAction, type KeysContext, printRecord } from './context';
import {
  failureReason,
  KEY_ARGUMENT,
  orFailure,
  type ResolvedKey,
  resolveKey,
} from './resolve-key';

export const disableCommand = (terminal: Terminal): Command =>
  new Command('disable')
    .argument('<id>', KEY_ARGUMENT, parseId)
    .description('disable a key until it is enabled again')
    .action(keysAction(terminal, disable));

async function disable(context: KeysContext, id: string | undefined): Promise<void> {
  const { keys, change, terminal } = context;
  const key = await resolveKey(id, terminal);
  const isDisabled = await keys.disable(key.id, change);
  printRecord(await changedRecord(context, key, isDisabled, 'already disabled'), context);
}

export const enableCommand = (terminal: Terminal): Command =>
  new Command('enable')
    .argument('<id>', KEY_ARGUMENT, parseId)
    .description('enable a disabled key')
    .action(keysAction(terminal, enable));

async function enable(context: KeysContext, id: string | undefined): Promise<void> {
  const { keys, change, terminal } = context;
  const key = await resolveKey(id, terminal);
  const isEnabled = await keys.enable(key.id, change);
  printRecord(await changedRecord(context, key, isEnabled, 'not disabled'), context);
}

/** Returns the record after the change, or rejects with the reason why there was none. */
async function changedRecord(
  { keys }: KeysContext,
  key: ResolvedKey,
  isChanged: boolean,
  reason: string,
): Promise<PublicRecord> {
  const record = await orFailure(keys.get(key.id), keys, key);
  if (isChanged) {
    return record;
  }
  throw record.revokedAt === null
    ? new CommandError(`key ${key.id} is ${reason}`)
    : await failureReason(keys, key);
}
