import type { Command } from 'commander';

import type { Client, Clients, RegisteredClient } from '../../authorization-server/clients/client';
import { clientRegistry } from '../../authorization-server/clients/client-registry';
import { encryptedState } from '../../authorization-server/encrypted-state';
import { createGrants } from '../../authorization-server/grants';
import { jwtRevocations } from '../../verifiers/jwt/jwt-revocations';
import { type OpenStore, openStore } from '../open-store';
import { formatClient, printAs, type PrintContext, toJson, withIsoTimes } from '../print';
import { type StoreOptions, storeTarget } from '../store-options';
import { CommandError, type Terminal } from '../terminal';

/** Options of every `clients` command. */
export interface SharedOptions extends StoreOptions {
  readonly json?: boolean;
  readonly issuer?: string;
}

/** What the action of a `clients` command works with. */
export interface ClientsContext<O extends SharedOptions = SharedOptions> {
  readonly clients: Clients;
  readonly options: O;
  readonly terminal: Terminal;
}

/**
 * Returns the action of a command: it opens the store, calls `run` with the first argument of the
 * command, and closes the store.
 */
export const clientsAction =
  <O extends SharedOptions>(
    terminal: Terminal,
    run: (context: ClientsContext<O>, argument: string) => Promise<void>,
  ) =>
  async (...parameters: readonly unknown[]): Promise<void> => {
    const command = parameters.at(-1) as Command;
    const options = command.optsWithGlobals<O>();
    const mayCreate = command.name() === 'register';
    const { store, close } = await openStore(storeTarget(options, terminal.env), mayCreate);
    const clients = openClients(store, options.issuer);
    try {
      await run({ clients, options, terminal }, String(command.processedArgs[0]));
    } finally {
      await close();
    }
  };

const YEAR_MS = 365 * 24 * 3_600_000;
/** More than the lifetime of any grant, and of any JWT. */
const LONGEST_GRANT_MS = 100 * YEAR_MS;
const LONGEST_JWT_MS = YEAR_MS;

/** @param issuer - the issuer whose JWTs are revoked with a client */
function openClients(store: OpenStore['store'], issuer: string | undefined): Clients {
  const { endAll } = createGrants({
    store,
    state: encryptedState(store),
    ttlMs: LONGEST_GRANT_MS,
    revokeTokens: async ({ clientId }) => {
      if (clientId === undefined) {
        return;
      }
      await store.revokeAll({ kind: 'access_token', by: 'client', id: clientId }, Date.now());
      await revokeJwts(store, clientId, issuer);
    },
  });
  return clientRegistry(store, (clientId) => endAll({ clientId })).clients;
}

async function revokeJwts(
  store: OpenStore['store'],
  clientId: string,
  issuer: string | undefined,
): Promise<void> {
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
}

/** Returns a client, or throws the error that it does not exist. */
export function requireClient<T>(value: T | undefined, id: string): T {
  if (value === undefined) {
    throw new CommandError(`no client ${id}`);
  }
  return value;
}

/**
 * Prints a client with a new secret. Only the secret goes to standard output, so that a variable
 * can hold it.
 */
export function printRegistered(
  { client, secret }: RegisteredClient,
  { options, terminal }: PrintContext,
): void {
  if (options.json) {
    terminal.out(toJson({ client: withIsoTimes(client), secret }));
    return;
  }
  terminal.err(formatClient(client));
  if (secret !== undefined) {
    terminal.err('\nThe secret, shown only once:');
    terminal.out(secret);
  }
}

/** Prints a client. */
export const printClient = (client: Client, context: PrintContext): void =>
  printAs(
    context,
    () => toJson(withIsoTimes(client)),
    () => formatClient(client),
  );
