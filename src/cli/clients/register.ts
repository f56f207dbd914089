import { Command, Option } from 'commander';

import { omitUndefined } from '../../internal/objects';
import type { Terminal } from '../terminal';
import { clientsAction, type ClientsContext, printRegistered } from './context';
import { type ClientSettings, settingsIn, withSettings } from './settings';

interface RegisterOptions extends ClientSettings {
  readonly name: string;
  readonly id?: string;
  readonly type?: 'confidential' | 'public';
  readonly applicationType?: 'web' | 'native';
}

export const registerCommand = (terminal: Terminal): Command =>
  withSettings(
    new Command('register').description(
      'register a client, and print its secret on standard output, once',
    ),
  )
    .requiredOption('--name <name>', 'the name on the consent page')
    .option('--id <client id>', 'its client_id (generated)')
    .addOption(
      new Option('--type <type>', 'public for a client that cannot keep a secret').choices([
        'confidential',
        'public',
      ]),
    )
    .addOption(
      new Option('--application-type <type>', 'native for an app on a phone or desktop').choices([
        'web',
        'native',
      ]),
    )
    .action(clientsAction(terminal, register));

async function register(context: ClientsContext<RegisterOptions>): Promise<void> {
  const { options, clients } = context;
  const { name, id, type, applicationType, scope = [] } = options;
  const registered = await clients.register({
    ...settingsIn(options),
    ...omitUndefined({ clientId: id, type, applicationType }),
    name,
    scopes: scope,
  });
  printRegistered(registered, context);
}
