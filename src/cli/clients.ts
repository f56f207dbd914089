import { Command, Option } from 'commander';
import { clientRegistry, type Client, type Clients, type GrantType, type RegisteredClient } from '../authorization-server/clients';
import { createGrants } from '../authorization-server/grants';
import { encryptedState } from '../authorization-server/encrypted-state';
import { jwtRevocations } from '../verifiers/jwt/jwt-revocations';
import { openStore } from './open-store';
import { onePage } from './paginate';
import { clientDetailsOf, clientTableOf } from './print';
import { CommandError, type Terminal } from './terminal';
import { collect, count, duration, issuer } from './option-parsers';

interface Shared {
  readonly store?: string;
  readonly json?: boolean;
  readonly issuer?: string;
}
interface Described extends Shared {
  readonly name?: string;
  readonly scope?: readonly string[];
  readonly redirectUri?: readonly string[];
  readonly grantType?: readonly GrantType[];
  readonly resourceServer?: boolean;
}
interface New extends Described {
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

/** `latchkey clients …`: the clients of an authorization server. */
export function clientsCommand(terminal: Terminal): Command {
  const command = new Command('clients').description('register, list, change and remove OAuth clients').addHelpText('after', EXAMPLES);

  described(command.command('register').description('register a client; its secret is printed on standard output, this once'))
    .requiredOption('--name <name>', 'what users read on the consent page')
    .option('--id <client id>', 'its client_id, instead of one made up')
    .addOption(new Option('--type <type>', 'public for one that can keep no secret').choices(['confidential', 'public']))
    .addOption(new Option('--application-type <type>', 'native for one on a phone or desktop').choices(['web', 'native']))
    .action((_, self: Command) =>
      withClients(self, terminal, async (clients, options: New) => {
        const { name, id, type, applicationType, scope = [] } = options;
        const registered = await clients.register({
          ...changesOf(options),
          ...{ name, scopes: scope },
          ...(id !== undefined && { clientId: id }),
          ...(type !== undefined && { type }),
          ...(applicationType !== undefined && { applicationType }),
        });
        printRegistered(registered, options, terminal);
      }),
    );

  command
    .command('list')
    .description('all clients, in the order of registration')
    .option('--after <client id>', 'begin after this client')
    .option('--limit <n>', 'at most so many (100)', count)
    .action((_, self: Command) =>
      withClients(self, terminal, async (clients, options: Shared & { after?: string; limit?: number }) => {
        const { after, limit } = options;
        if (after !== undefined) found(await clients.get(after), after);
        const page = { ...(after !== undefined && { after }), ...(limit !== undefined && { limit }) };
        const listed = await onePage(
          (wanted) => clients.list(wanted),
          ({ clientId }) => clientId,
          page,
          terminal,
        );
        terminal.out(options.json ? JSON.stringify(listed, null, 2) : clientTableOf(listed));
      }),
    );

  command
    .command('show <client>')
    .description('all that is known of a client')
    .action((id: string, _, self: Command) =>
      withClients(self, terminal, async (clients, options: Shared) => printClient(found(await clients.get(id), id), options, terminal)),
    );

  described(command.command('update <client>').description('change a client'))
    .option('--name <name>', 'its new name')
    .action((id: string, _, self: Command) =>
      withClients(self, terminal, async (clients, options: Described) => {
        const changes = changesOf(options);
        if (Object.keys(changes).length === 0) throw new TypeError('nothing to change: give --name, --scope or another option');
        printClient(found(await clients.update(id, changes), id), options, terminal);
      }),
    );

  command
    .command('rotate <client>')
    .description('give a client a new secret, printed on standard output, this once')
    .option('--overlap <duration>', 'how long the old ones live on (not at all)', duration)
    .action((id: string, _, self: Command) =>
      withClients(self, terminal, async (clients, options: Shared & { overlap?: number }) => {
        const { overlap } = options;
        found(await clients.get(id), id);
        const rotated = await clients.rotateSecret(id, overlap === undefined ? {} : { overlapMs: overlap });
        if (!rotated) throw new CommandError(`client ${id} is public: it has no secret`);
        printRegistered(rotated, options, terminal);
      }),
    );

  command
    .command('remove <client>')
    .description('remove a client, and end all that it holds')
    .option('--issuer <url>', 'end its JWTs of this issuer, too', issuer)
    .action((id: string, _, self: Command) =>
      withClients(self, terminal, async (clients, { json }: Shared) => {
        if (!(await clients.remove(id))) throw new CommandError(`no client ${id}`);
        terminal.out(json ? JSON.stringify({ removed: id }) : `Removed: ${id}`);
      }),
    );

  return command;
}

const described = (command: Command): Command =>
  command
    .option('--scope <scopes>', 'scopes that it may ask for, all of them; may stand more than once', collect)
    .option('--redirect-uri <uri>', 'where users are sent back to; may stand more than once', one)
    .option('--grant-type <type>', 'authorization_code, refresh_token, client_credentials; may stand more than once', collect)
    .option('--resource-server', 'an API that may ask about any token')
    .option('--no-resource-server', 'one that may ask about its own alone');

/** A URI may have commas. */
const one = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const changesOf = ({ name, scope, redirectUri, grantType, resourceServer }: Described) => ({
  ...(name !== undefined && { name }),
  ...(scope !== undefined && { scopes: scope }),
  ...(redirectUri !== undefined && { redirectUris: redirectUri }),
  ...(grantType !== undefined && { grantTypes: grantType }),
  ...(resourceServer !== undefined && { resourceServer }),
});

/** Opens the store, hands its clients to `work`, and closes it, however that ended. */
async function withClients<O extends Shared>(
  command: Command,
  terminal: Terminal,
  work: (clients: Clients, options: O) => Promise<void>,
): Promise<void> {
  const options = command.optsWithGlobals<O>();
  const { store, close } = await openStore(options.store ?? terminal.env.LATCHKEY_STORE, command.name() === 'register');
  const { endAll } = createGrants({
    store,
    state: encryptedState(store),
    ttlMs: LONGEST_GRANT_MS,
    async revokeTokens(whose) {
      const { clientId } = whose as { readonly clientId: string };
      await store.revokeAll({ kind: 'access_token', by: 'client', id: clientId }, Date.now());
      const { issuer } = options;
      if (issuer === undefined) return;
      const policy = { issuer, lifeMs: LONGEST_JWT_MS, toleranceMs: 0, skewMs: 0, isIssuer: (iss: string) => iss === issuer };
      await jwtRevocations(store, policy).revoke({ clientId });
    },
  });
  try {
    await work(clientRegistry(store, (clientId) => endAll({ clientId })).clients, options);
  } finally {
    await close();
  }
}

function found<T>(value: T | undefined, id: string): T {
  if (value === undefined) throw new CommandError(`no client ${id}`);
  return value;
}

/** The secret alone on standard output, so that a variable may hold it; the rest is for the eye. */
function printRegistered({ client, secret }: RegisteredClient, { json }: Shared, terminal: Terminal): void {
  if (json) return terminal.out(JSON.stringify({ client, secret }, null, 2));
  terminal.err(clientDetailsOf(client));
  if (secret === undefined) return;
  terminal.err('\nThe secret, shown this once:');
  terminal.out(secret);
}

const printClient = (client: Client, { json }: Shared, terminal: Terminal): void =>
  terminal.out(json ? JSON.stringify(client, null, 2) : clientDetailsOf(client));
