import { Command } from 'commander';

import { omitUndefined } from '../../internal/objects';
import { id as parseId, timeAgo } from '../option-parsers';
import { formatColumns, printAs, toJson } from '../print';
import type { Terminal } from '../terminal';
import { keysAction, type KeysContext, type SharedOptions } from './context';
import { KEY_ARGUMENT, orFailure, resolveKey } from './resolve-key';

type UsageOptions = SharedOptions & { readonly from?: number; readonly to?: number };

export const usageCommand = (terminal: Terminal): Command =>
  new Command('usage')
    .argument('<id>', KEY_ARGUMENT, parseId)
    .description('show how often a key was used on each UTC day of the last 90 days')
    .option('--from <when>', 'the first day: a date, or a duration ago such as 7d', timeAgo)
    .option('--to <when>', 'the last day: a date, or a duration ago (today)', timeAgo)
    .action(keysAction(terminal, showUsage));

async function showUsage(
  context: KeysContext<UsageOptions>,
  id: string | undefined,
): Promise<void> {
  const { keys, options, terminal } = context;
  const key = await resolveKey(id, terminal);
  await orFailure(keys.get(key.id), keys, key);
  const { from, to } = options;
  const days = await keys.usage(key.id, omitUndefined({ from, to }));
  printAs(
    context,
    () => toJson(days),
    () => formatColumns([['DAY', 'USES'], ...days.map(({ day, count }) => [day, String(count)])]),
  );
}
