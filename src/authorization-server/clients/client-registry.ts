import type { ChangeContext } from '../../credentials/manager-types';
import { typeError } from '../../internal/errors';
import { omitUndefined } from '../../internal/objects';
import { checkOptions } from '../../internal/options';
import type { CredentialStore, StoredRecord } from '../../stores/store';
import { areClientsAudited, memberChanges, publishClientEvent } from '../audit';
import { type Client, type ClientChanges, type Clients, hasSecret } from './client';
import {
  ALL_CLIENTS,
  clientsOf,
  completeClient,
  describeClient,
  isLive,
  liveRecord,
  recordIdOfClient,
  toClient,
  toRecord,
} from './client-records';
import {
  changesSchema,
  clientSchema,
  contextSchema,
  optionsSchema,
  pageSchema,
  rotateSchema,
} from './client-schemas';
import { type ClientSecrets, clientSecrets } from './client-secrets';
import { checkOffered, type Offered } from './offered';

/** The clients, and what the server itself needs of them. */
export interface ClientRegistry {
  readonly clients: Clients;
  readonly secrets: ClientSecrets;
}

/** What the methods of `Clients` work on. */
interface Registry {
  readonly store: CredentialStore;
  readonly secrets: ClientSecrets;
  /** Ends the grants and tokens of a removed client. */
  readonly removed: (clientId: string, context: ChangeContext) => Promise<void>;
  /** What the server offers, if that is known. */
  readonly offered: Offered | undefined;
}

/**
 * Stores clients as records of the credential store, next to their secrets, of which only digests
 * are stored.
 *
 * @param removed Ends the grants and tokens of a removed client.
 * @param offered What clients may be registered for. Undefined if the server is not known.
 */
export function clientRegistry(
  store: CredentialStore,
  removed: Registry['removed'],
  offered?: Offered,
): ClientRegistry {
  const secrets = clientSecrets(store);
  const registry: Registry = { store, secrets, removed, offered };
  return {
    clients: {
      register: (...args) => register(registry, ...args),
      get: (clientId) => find(registry, clientId),
      list: (page) => list(registry, page),
      update: (...args) => update(registry, ...args),
      rotateSecret: (...args) => rotateSecret(registry, ...args),
      remove: (...args) => remove(registry, ...args),
    },
    secrets,
  };
}

async function find({ store }: Registry, clientId: string): Promise<Client | undefined> {
  const record = liveRecord(await store.findById(recordIdOfClient(clientId)), clientId);
  return record && toClient(record);
}

async function register(
  { store, secrets, offered }: Registry,
  ...[options, context = {}]: Parameters<Clients['register']>
): ReturnType<Clients['register']> {
  checkOptions('clients.register()', optionsSchema, options);
  checkOptions('clients.register()', contextSchema, context);
  const client = completeClient(options, Date.now());
  checkOptions('clients.register()', clientSchema, client);
  if (offered) {
    checkOffered('clients.register()', { ...options, authMethod: client.authMethod }, offered);
  }
  if (!(await store.insert(toRecord(client)))) {
    throw typeError('ERR_LATCHKEY_CLIENT_EXISTS', 'clients.register(): option "clientId" is taken');
  }
  publishClientEvent('registered', client, {
    ...context,
    at: client.registeredAt,
    changes: describeClient(client),
  });
  return {
    client,
    secret: hasSecret(client) ? await secrets.issue(client.clientId, null) : undefined,
  };
}

async function list(
  { store }: Registry,
  ...[page = {}]: Parameters<Clients['list']>
): ReturnType<Clients['list']> {
  checkOptions('clients.list()', pageSchema, page);
  const { limit = 100, owner } = page;
  const clients = owner === undefined ? ALL_CLIENTS : clientsOf(owner);
  const live: StoredRecord[] = [];
  let after = page.after === undefined ? undefined : recordIdOfClient(page.after);
  let records: readonly StoredRecord[];
  // The store also lists removed clients, so a page of the store may have fewer clients than the
  // limit.
  do {
    records = await store.list(clients, { after, limit });
    live.push(...records.filter(isLive));
    after = records.at(-1)?.id;
  } while (records.length === limit && live.length < limit);
  return live.slice(0, limit).map(toClient);
}

async function update(
  registry: Registry,
  ...[clientId, changes, context = {}]: Parameters<Clients['update']>
): ReturnType<Clients['update']> {
  checkOptions('clients.update()', changesSchema, changes);
  checkOptions('clients.update()', contextSchema, context);
  const before = await find(registry, clientId);
  if (!before) {
    return undefined;
  }
  const client = {
    ...(hasKeys(changes) ? withoutKeys(before) : before),
    ...omitUndefined(changes),
  };
  checkOptions('clients.update()', clientSchema, client);
  if (registry.offered) {
    checkOffered('clients.update()', changes, registry.offered);
  }
  const { id, name, scopes, metadata } = toRecord(client);
  const record = await registry.store.update(id, { name, scopes, metadata });
  if (!record) {
    return undefined;
  }
  const after = toClient(record);
  const changed = memberChanges(before, after);
  if (Object.keys(changed).length > 0) {
    publishClientEvent('updated', after, { ...context, changes: changed });
  }
  return after;
}

const hasKeys = ({ jwks, jwksUri }: ClientChanges): boolean =>
  jwks !== undefined || jwksUri !== undefined;

const withoutKeys = ({ jwks: _, jwksUri: _uri, ...client }: Client): Client => client;

async function rotateSecret(
  registry: Registry,
  ...[clientId, options = {}, context = {}]: Parameters<Clients['rotateSecret']>
): ReturnType<Clients['rotateSecret']> {
  checkOptions('clients.rotateSecret()', rotateSchema, options);
  checkOptions('clients.rotateSecret()', contextSchema, context);
  const client = await find(registry, clientId);
  if (!client || !hasSecret(client)) {
    return undefined;
  }
  const secret = await registry.secrets.rotate(client, options.overlapMs ?? 0);
  publishClientEvent('rotated', client, context);
  return { client, secret };
}

/**
 * The record goes last, so that a removal that failed half way can be seen and repeated. What was
 * issued in the meantime ends after it.
 */
async function remove(
  registry: Registry,
  ...[clientId, context = {}]: Parameters<Clients['remove']>
): Promise<boolean> {
  checkOptions('clients.remove()', contextSchema, context);
  const { store, secrets, removed } = registry;
  const before = areClientsAudited() ? await find(registry, clientId) : undefined;
  const now = Date.now();
  await secrets.revokeAll(clientId, now);
  await removed(clientId, context);
  const done = await store.revoke(recordIdOfClient(clientId), now);
  await removed(clientId, context);
  if (done && before) {
    publishClientEvent('removed', before, { ...context, at: now });
  }
  return done;
}
