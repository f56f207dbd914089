import type {
  Client,
  ClientChanges,
  ClientOptions,
  Clients,
} from '../authorization-server/clients/client';
import { omitUndefined } from '../internal/objects';
import { type Account, changeContext } from './account';
import { conflict, fail, NOT_FOUND, type Outcome, succeed } from './faults';
import {
  attempt,
  firstFault,
  nameFault,
  overlapFault,
  readFields,
  scopesFault,
  toNumber,
} from './input';
import type { ManagementContext } from './options';
import { readPage } from './read-page';

/** An app as the account that registered it sees it. */
export interface ManagedApp {
  /** The client ID. */
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly redirectUris: readonly string[];
  readonly grantTypes: readonly string[];
  /** Whether the app can keep a secret. */
  readonly type: 'confidential' | 'public';
  readonly applicationType: 'web' | 'native';
  /** Milliseconds since the epoch. */
  readonly registeredAt: number;
}

/** A new app with its secret, which is not shown again. A public app has none. */
export interface CreatedApp {
  readonly secret: string | null;
  readonly app: ManagedApp;
}

export interface AppPage {
  readonly apps: readonly ManagedApp[];
  readonly next: string | null;
}

/** The context of a server with clients. */
export type AppContext = ManagementContext & { readonly clients: Clients };

/** Whether users manage apps. */
export const hasApps = (context: ManagementContext): context is AppContext =>
  context.clients !== undefined;

export function toManagedApp(client: Client): ManagedApp {
  const { clientId, name, scopes, redirectUris, grantTypes } = client;
  const { type, applicationType, registeredAt } = client;
  return {
    id: clientId,
    name,
    scopes,
    redirectUris,
    grantTypes,
    type,
    applicationType,
    registeredAt,
  };
}

const PAGE_FIELDS = ['after', 'limit'];

/** Lists the apps that the account registered, in the order of registration. */
export async function listApps(
  { clients }: AppContext,
  { subject }: Account,
  input?: unknown,
): Promise<Outcome<AppPage>> {
  const read = readFields(input, PAGE_FIELDS);
  if (!read.ok) {
    return read;
  }
  const { limit, ...others } = read.value;
  return attempt(PAGE_FIELDS, async () => {
    const { items, next } = await readPage(
      limit,
      (page) => clients.list({ ...omitUndefined(others), ...page, owner: subject }),
      ({ clientId }) => clientId,
    );
    return { apps: items.map(toManagedApp), next };
  });
}

async function ownClient(
  { clients }: AppContext,
  { subject }: Account,
  id: string,
): Promise<Client | undefined> {
  const client = id === '' ? undefined : await clients.get(id);
  return client?.owner === subject ? client : undefined;
}

export async function getApp(
  context: AppContext,
  account: Account,
  id: string,
): Promise<Outcome<ManagedApp>> {
  const client = await ownClient(context, account, id);
  return client ? succeed(toManagedApp(client)) : fail(NOT_FOUND);
}

const CREATE_FIELDS = ['name', 'scopes', 'redirectUris', 'type', 'applicationType'];

/** Registers an app. The secret is returned here, and nowhere else. */
export async function createApp(
  context: AppContext,
  account: Account,
  input: unknown,
): Promise<Outcome<CreatedApp>> {
  const read = readFields(input, CREATE_FIELDS);
  if (!read.ok) {
    return read;
  }
  const { name, scopes } = read.value;
  const fault = firstFault(nameFault(name), scopesFault(context, account, scopes));
  if (fault) {
    return fail(fault);
  }
  const wanted = { ...omitUndefined(read.value), owner: account.subject };
  return attempt(CREATE_FIELDS, async () => {
    const options = wanted as unknown as ClientOptions;
    const registered = await context.clients.register(options, changeContext(account));
    return { secret: registered.secret ?? null, app: toManagedApp(registered.client) };
  });
}

const CHANGE_FIELDS = ['name', 'scopes', 'redirectUris'];

/** Changes the name, the scopes or the redirect URIs of an app. */
export async function updateApp(
  context: AppContext,
  account: Account,
  id: string,
  input: unknown,
): Promise<Outcome<ManagedApp>> {
  const client = await ownClient(context, account, id);
  if (!client) {
    return fail(NOT_FOUND);
  }
  const read = readFields(input, CHANGE_FIELDS);
  if (!read.ok) {
    return read;
  }
  const { name, scopes } = read.value;
  const fault = firstFault(
    name === undefined ? undefined : nameFault(name),
    scopes === undefined ? undefined : scopesFault(context, account, scopes, client.scopes),
  );
  if (fault) {
    return fail(fault);
  }
  const changes = omitUndefined(read.value) as ClientChanges;
  const changed = await attempt(CHANGE_FIELDS, () =>
    context.clients.update(id, changes, changeContext(account)),
  );
  if (!changed.ok) {
    return changed;
  }
  return changed.value ? succeed(toManagedApp(changed.value)) : fail(NOT_FOUND);
}

/** Gives an app a new secret. The old one stays valid for `overlapMs`. */
export async function rotateAppSecret(
  context: AppContext,
  account: Account,
  id: string,
  input?: unknown,
): Promise<Outcome<CreatedApp>> {
  if (!(await ownClient(context, account, id))) {
    return fail(NOT_FOUND);
  }
  const read = readFields(input, ['overlapMs']);
  if (!read.ok) {
    return read;
  }
  const overlapMs = toNumber(read.value.overlapMs) as number | undefined;
  const fault = overlapFault(overlapMs);
  if (fault) {
    return fail(fault);
  }
  const rotated = await context.clients.rotateSecret(
    id,
    { overlapMs: overlapMs ?? 0 },
    changeContext(account),
  );
  return rotated
    ? succeed({ secret: rotated.secret ?? null, app: toManagedApp(rotated.client) })
    : fail(conflict('The app has no secret'));
}

/** Removes an app, and ends what users allowed it to do. */
export async function removeApp(
  context: AppContext,
  account: Account,
  id: string,
): Promise<Outcome<ManagedApp>> {
  const client = await ownClient(context, account, id);
  if (!client) {
    return fail(NOT_FOUND);
  }
  await context.clients.remove(id, changeContext(account));
  return succeed(toManagedApp(client));
}
