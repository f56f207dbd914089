import { Command } from 'commander';

import { omitUndefined } from '../../internal/objects';
import { duration, issuer } from '../option-parsers';
import { printAs } from '../print';
import { CommandError, type Terminal, usageError } from '../terminal';
import {
  clientsAction,
  type ClientsContext,
  printClient,
  printRegistered,
  requireClient,
  type SharedOptions,
} from './context';
import { type ClientSettings, settingsIn, withSettings } from './settings';

export const updateCommand = (terminal: Terminal): Command =>
  withSettings(
    new Command('update').argument('<client>', 'its client_id').description('change a client'),
  )
    .option('--name <name>', 'its new name')
    .action(clientsAction(terminal, update));

async function update(context: ClientsContext<ClientSettings>, id: string): Promise<void> {
  const changes = settingsIn(context.options);
  if (Object.keys(changes).length === 0) {
    throw usageError('nothing to change: pass --name, --scope or another option');
  }
  printClient(requireClient(await context.clients.update(id, changes), id), context);
}

type RotateOptions = SharedOptions & { readonly overlap?: number };

export const rotateCommand = (terminal: Terminal): Command =>
  new Command('rotate')
    .argument('<client>', 'its client_id')
    .description('give a client a new secret, and print it on standard output, once')
    .option('--overlap <duration>', 'how long the old secrets remain valid (not at all)', duration)
    .action(clientsAction(terminal, rotate));

async function rotate(context: ClientsContext<RotateOptions>, id: string): Promise<void> {
  const { clients, options } = context;
  requireClient(await clients.get(id), id);
  const rotated = await clients.rotateSecret(id, omitUndefined({ overlapMs: options.overlap }));
  if (!rotated) {
    throw new CommandError(`client ${id} is public: it has no secret`);
  }
  printRegistered(rotated, context);
}

type RemoveOptions = SharedOptions & { readonly ifExists?: boolean };

export const removeCommand = (terminal: Terminal): Command =>
  new Command('remove')
    .argument('<client>', 'its client_id')
    .description('remove a client, and revoke its grants and tokens')
    .option('--issuer <url>', 'also revoke its JWTs of this issuer', issuer)
    .option('--if-exists', 'succeed if there is no such client')
    .action(clientsAction(terminal, remove));

async function remove(context: ClientsContext<RemoveOptions>, id: string): Promise<void> {
  const { clients, options } = context;
  const isRemoved = await clients.remove(id);
  if (!isRemoved && options.ifExists !== true) {
    throw new CommandError(`no client ${id}`);
  }
  const removed = isRemoved ? id : null;
  printAs(
    context,
    () => JSON.stringify({ removed }),
    () => `Removed: ${removed ?? 'none'}`,
  );
}
