import { Command } from 'commander';

import { count } from '../option-parsers';
import { onePage } from '../paginate';
import { formatClients, printAs, toJson, withIsoTimes } from '../print';
import type { Terminal } from '../terminal';
import {
  clientsAction,
  type ClientsContext,
  printClient,
  requireClient,
  type SharedOptions,
} from './context';

type ListOptions = SharedOptions & { readonly after?: string; readonly limit?: number };

export const listCommand = (terminal: Terminal): Command =>
  new Command('list')
    .description('list all clients in the order of registration')
    .option('--after <client id>', 'continue after this client')
    .option('--limit <n>', 'at most this many (100)', count)
    .action(clientsAction(terminal, list));

async function list(context: ClientsContext<ListOptions>): Promise<void> {
  const { clients, options, terminal } = context;
  const { after, limit } = options;
  if (after !== undefined) {
    requireClient(await clients.get(after), after);
  }
  const page = await onePage(
    (request) => clients.list(request),
    ({ clientId }) => clientId,
    { after, limit },
    terminal,
  );
  printAs(
    context,
    () => toJson(page.map(withIsoTimes)),
    () => formatClients(page),
  );
}

export const showCommand = (terminal: Terminal): Command =>
  new Command('show')
    .argument('<client>', 'its client_id')
    .description('show a client with all its members')
    .action(clientsAction(terminal, show));

async function show(context: ClientsContext, id: string): Promise<void> {
  printClient(requireClient(await context.clients.get(id), id), context);
}
