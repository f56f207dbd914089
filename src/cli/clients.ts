import { Command, Option } from 'commander';

import type {
  Client,
  Clients,
  GrantType,
  RegisteredClient,
} from '../authorization-server/clients/client';
import { clientRegistry } from '../authorization-server/clients/client-registry';
import { encryptedState } from '../authorization-server/encrypted-state';
import { createGrants } from '../authorization-server/grants';
import { jwtRevocations } from '../verifiers/jwt/jwt-revocations';
import { openStore } from './open-store';
import { collect, count, duration, issuer } from './option-parsers';
import { onePage } from './paginate';
import { clientDetailsOf, clientTableOf } from './print';
import { type StoreOptions, storeTarget } from './store-options';
import { CommandError, type Terminal, usageError } from './terminal';

interface SharedOptions extends StoreOptions {
  readonly json?: boolean;
  readonly issuer?: string;
}
interface ClientSettings extends SharedOptions {
  readonly name?: string;
  readonly scope?: readonly string[];
  readonly redirectUri?: readonly string[];
  readonly grantType?: readonly GrantType[];
  readonly resourceServer?: boolean;
}
interface RegisterOptions extends ClientSettings {
  readonly name: string;
  readonly id?: string;
  readonly type?: 'confidential' | 'public';
  readonly applicationType?: 'web' | 'native';
}

const YEAR_MS = 365 * 24 * 3_600_000;
/** Longer than any grant lives, and any JWT. */
const LONGEST_GRANT_MS = 100 * YEAR_MS;
const LONGEST_JWT_MS = YEAR_MS;

const EXAMPLES = `
Examples:
  $ export LATCHKEY_STORE=sqlite:./keys.db
  $ latchkey clients register --name "Domain Watch" --scope domains:read --redirect-uri https://yourapp.com/callback
  $ latchkey clients rotate <client id> --overlap 7d`;

/** `latchkey clients …`: manages the clients of an authorization server. */
export function clientsCommand(terminal: Terminal): Command {
  const clients = new Command('clients')
    .description('register, list, change and remove OAuth clients')
    .addHelpText('after', EXAMPLES);
  for (const command of [
    registerCommand,
    listCommand,
    showCommand,
    updateCommand,
    rotateCommand,
    removeCommand,
  ]) {
    clients.addCommand(command(terminal));
  }
  return clients;
}

const registerCommand = (terminal: Terminal): Command =>
  withSettings(
    new Command('register').description(
      'register a client; its secret is printed on standard output, this once',
    ),
  )
    .requiredOption('--name <name>', 'what users read on the consent page')
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
    .action((_, self: Command) =>
      withClients(self, terminal, async (clients, options: RegisterOptions) => {
        const { name, id, type, applicationType, scope = [] } = options;
        const registered = await clients.register({
          ...changesIn(options),
          ...{ name, scopes: scope },
          ...(id !== undefined && { clientId: id }),
          ...(type !== undefined && { type }),
          ...(applicationType !== undefined && { applicationType }),
        });
        printRegistered(registered, options, terminal);
      }),
    );

const listCommand = (terminal: Terminal): Command =>
  new Command('list')
    .description('list all clients in the order of registration')
    .option('--after <client id>', 'begin after this client')
    .option('--limit <n>', 'at most this many (100)', count)
    .action((_, self: Command) =>
      withClients(
        self,
        terminal,
        async (clients, options: SharedOptions & { after?: string; limit?: number }) => {
          const { after, limit } = options;
          if (after !== undefined) {
            required(await clients.get(after), after);
          }
          const page = {
            ...(after !== undefined && { after }),
            ...(limit !== undefined && { limit }),
          };
          const list = (wanted: object) => clients.list(wanted);
          const listed = await onePage(list, ({ clientId }) => clientId, page, terminal);
          terminal.out(options.json ? JSON.stringify(listed, null, 2) : clientTableOf(listed));
        },
      ),
    );

const showCommand = (terminal: Terminal): Command =>
  new Command('show')
    .argument('<client>', 'its client_id')
    .description('show everything that is known of a client')
    .action((id: string, _, self: Command) =>
      withClients(self, terminal, async (clients, options: SharedOptions) =>
        printClient(required(await clients.get(id), id), options, terminal),
      ),
    );

const updateCommand = (terminal: Terminal): Command =>
  withSettings(
    new Command('update').argument('<client>', 'its client_id').description('change a client'),
  )
    .option('--name <name>', 'its new name')
    .action((id: string, _, self: Command) =>
      withClients(self, terminal, async (clients, options: ClientSettings) => {
        const changes = changesIn(options);
        if (Object.keys(changes).length === 0) {
          throw usageError('nothing to change: give --name, --scope or another option');
        }
        printClient(required(await clients.update(id, changes), id), options, terminal);
      }),
    );

const rotateCommand = (terminal: Terminal): Command =>
  new Command('rotate')
    .argument('<client>', 'its client_id')
    .description('give a client a new secret, which is printed on standard output, this once')
    .option('--overlap <duration>', 'how long the old secrets remain valid (not at all)', duration)
    .action((id: string, _, self: Command) =>
      withClients(
        self,
        terminal,
        async (clients, options: SharedOptions & { overlap?: number }) => {
          const { overlap } = options;
          required(await clients.get(id), id);
          const rotated = await clients.rotateSecret(
            id,
            overlap === undefined ? {} : { overlapMs: overlap },
          );
          if (!rotated) {
            throw new CommandError(`client ${id} is public: it has no secret`);
          }
          printRegistered(rotated, options, terminal);
        },
      ),
    );

const removeCommand = (terminal: Terminal): Command =>
  new Command('remove')
    .argument('<client>', 'its client_id')
    .description('remove a client, and revoke its grants and tokens')
    .option('--issuer <url>', 'also revoke its JWTs of this issuer', issuer)
    .option('--if-exists', 'succeed if there is no such client')
    .action((id: string, _, self: Command) =>
      withClients(
        self,
        terminal,
        async (clients, { json, ifExists }: SharedOptions & { ifExists?: boolean }) => {
          const isRemoved = await clients.remove(id);
          if (!isRemoved && ifExists !== true) {
            throw new CommandError(`no client ${id}`);
          }
          terminal.out(
            json
              ? JSON.stringify({ removed: isRemoved ? id : null })
              : `Removed: ${isRemoved ? id : 'none'}`,
          );
        },
      ),
    );

const withSettings = (command: Command): Command =>
  command
    .option(
      '--scope <scopes>',
      'scopes that it may request, which replace all old ones; may be repeated',
      collect,
    )
    .option('--redirect-uri <uri>', 'where users are sent back to; may be repeated', collectUris)
    .option(
      '--grant-type <type>',
      'authorization_code, refresh_token, client_credentials; may be repeated',
      collect,
    )
    .option('--resource-server', 'an API that may introspect any token')
    .option('--no-resource-server', 'a client that may introspect only its own tokens');

/** A URI may contain commas. */
const collectUris = (uri: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  uri,
];

const changesIn = ({ name, scope, redirectUri, grantType, resourceServer }: ClientSettings) => ({
  ...(name !== undefined && { name }),
  ...(scope !== undefined && { scopes: scope }),
  ...(redirectUri !== undefined && { redirectUris: redirectUri }),
  ...(grantType !== undefined && { grantTypes: grantType }),
  ...(resourceServer !== undefined && { resourceServer }),
});

/** Opens the store, passes its clients to `work`, and closes the store in any case. */
async function withClients<O extends SharedOptions>(
  command: Command,
  terminal: Terminal,
  work: (clients: Clients, options: O) => Promise<void>,
): Promise<void> {
  const options = command.optsWithGlobals<O>();
  const { store, close } = await openStore(
    storeTarget(options, terminal.env),
    command.name() === 'register',
  );
  const { endAll } = createGrants({
    store,
    state: encryptedState(store),
    ttlMs: LONGEST_GRANT_MS,
    async revokeTokens(whose) {
      const { clientId } = whose as { readonly clientId: string };
      await store.revokeAll({ kind: 'access_token', by: 'client', id: clientId }, Date.now());
      const { issuer } = options;
      if (issuer === undefined) {
        return;
      }
      const policy = {
        issuer,
        lifetimeMs: LONGEST_JWT_MS,
        toleranceMs: 0,
        skewMs: 0,
        isIssuer: (iss: string) => iss === issuer,
      };
      await jwtRevocations(store, policy).revoke({ clientId });
    },
  });
  try {
    await work(clientRegistry(store, (clientId) => endAll({ clientId })).clients, options);
  } finally {
    await close();
  }
}

function required<T>(value: T | undefined, id: string): T {
  if (value === undefined) {
    throw new CommandError(`no client ${id}`);
  }
  return value;
}

/**
 * Prints the secret alone on standard output, so that a variable can hold it. The rest is for the
 * person.
 */
function printRegistered(
  { client, secret }: RegisteredClient,
  { json }: SharedOptions,
  terminal: Terminal,
): void {
  if (json) {
    return terminal.out(JSON.stringify({ client, secret }, null, 2));
  }
  terminal.err(clientDetailsOf(client));
  if (secret === undefined) {
    return;
  }
  terminal.err('\nThe secret, shown this once:');
  terminal.out(secret);
}

const printClient = (client: Client, { json }: SharedOptions, terminal: Terminal): void =>
  terminal.out(json ? JSON.stringify(client, null, 2) : clientDetailsOf(client));
