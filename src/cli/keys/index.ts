import { Command } from 'commander';

import { nonEmpty } from '../option-parsers';
import type { Terminal } from '../terminal';
import { pruneCommand, revokeCommand, updateCommand } from './change';
import { createCommand, importCommand, rotateCommand } from './issue';
import { listCommand, showCommand } from './read';
import { disableCommand, enableCommand } from './switch';
import { usageCommand } from './usage';

const EXAMPLES = `
Examples:
  $ export LATCHKEY_STORE=sqlite:./keys.db
  $ latchkey keys create --prefix acme --subject acct_42 --scope domains:read --name CI
  $ latchkey keys list --subject acct_42
  $ latchkey keys rotate <id> --overlap 7d
  $ latchkey keys revoke <id>`;

const COMMANDS = [
  createCommand,
  listCommand,
  showCommand,
  updateCommand,
  disableCommand,
  enableCommand,
  rotateCommand,
  revokeCommand,
  importCommand,
  pruneCommand,
  usageCommand,
];

/** `latchkey keys …`: manages API keys. */
export function keysCommand(terminal: Terminal): Command {
  const keys = new Command('keys')
    .description('create, list, change and revoke API keys')
    .option('--actor <name>', 'who makes a change, for the events on latchkey:credential', nonEmpty)
    .addHelpText('after', EXAMPLES);
  COMMANDS.forEach((create) => keys.addCommand(create(terminal)));
  return keys;
}
