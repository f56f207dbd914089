import { Command } from 'commander';

import type { Terminal } from '../terminal';
import { removeCommand, rotateCommand, updateCommand } from './change';
import { listCommand, showCommand } from './read';
import { registerCommand } from './register';

const EXAMPLES = `
Examples:
  $ export LATCHKEY_STORE=sqlite:./keys.db
  $ latchkey clients register --name "Domain Watch" --scope domains:read --redirect-uri https://yourapp.com/callback
  $ latchkey clients rotate <client id> --overlap 7d`;

const COMMANDS = [
  registerCommand,
  listCommand,
  showCommand,
  updateCommand,
  rotateCommand,
  removeCommand,
];

/** `latchkey clients …`: manages the clients of an authorization server. */
export function clientsCommand(terminal: Terminal): Command {
  const clients = new Command('clients')
    .description('register, list, change and remove OAuth clients')
    .addHelpText('after', EXAMPLES);
  COMMANDS.forEach((create) => clients.addCommand(create(terminal)));
  return clients;
}
