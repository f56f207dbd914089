import { randomBytes } from 'node:crypto';

import * as z from 'zod';

import { digestOf, idOf } from '../credential/digest';
import { checkRecord } from '../credential/record';
import { isScopeToken } from '../credential/scopes';
import { createCredentialManager } from '../credentials/credential-manager';
import { pageMembers } from '../credentials/credential-schemas';
import { withoutAbsent } from '../credentials/records';
import { codedError, typeError } from '../internal/errors';
import { booleanOption, check, checkOptions, durationMs, isLoopback } from '../internal/options';
import type { CredentialStore, Owner, StoredRecord } from '../stores/store';

/** `authorization_code` (RFC 6749 §4.1), `client_credentials` (§4.4), `refresh_token` (§6). */
export type GrantType = 'authorization_code' | 'client_credentials' | 'refresh_token';

export const GRANT_TYPES: readonly GrantType[] = [
  'authorization_code',
  'client_credentials',
  'refresh_token',
];

/** What to register (RFC 6749 §2). */
export interface ClientOptions<Scope extends string = string> {
  /** The name on the consent page, without control characters. */
  readonly name: string;
  /** Scopes that the client may request. A request without `scope` asks for all of them. */
  readonly scopes: readonly Scope[];
  /**
   * Where users are sent back to, compared exactly: `https`, or `http` on a loopback host. @default
   * []
   */
  readonly redirectUris?: readonly string[];
  /**
   * @default the code flow with refresh tokens if there are redirect URIs, otherwise client
   * credentials
   */
  readonly grantTypes?: readonly GrantType[];
  /**
   * A `'confidential'` client has a secret. A `'public'` one, an app in a browser or on a phone,
   * has none and uses PKCE.
   * @default 'confidential'
   */
  readonly type?: 'confidential' | 'public';
  /**
   * A `'native'` client may have private-use schemes, and any port of a loopback host (RFC 8252
   * §7). @default 'web'
   */
  readonly applicationType?: 'web' | 'native';
  /**
   * Whether the client is an API that may introspect all tokens, not only its own (RFC 7662 §4).
   * @default false
   */
  readonly resourceServer?: boolean;
  /** @default a random ID of 32 characters */
  readonly clientId?: string;
}

/** A registered client, without its secrets. */
export interface Client extends Required<ClientOptions> {
  /** Milliseconds since the epoch. */
  readonly registeredAt: number;
}

/** A client, and its secret if it is confidential. The secret is never returned again. */
export interface RegisteredClient {
  readonly client: Client;
  readonly secret: string | undefined;
}

/** What may be changed of a client. */
export type ClientChanges<Scope extends string = string> = Partial<
  Pick<ClientOptions<Scope>, 'name' | 'scopes' | 'redirectUris' | 'grantTypes' | 'resourceServer'>
>;

/**
 * Manages the clients of an authorization server. Methods reject with a `TypeError` for invalid
 * arguments, and with the store's error if the store fails.
 */
export interface Clients<Scope extends string = string> {
  /**
   * Registers a client. Its secret is returned only here.
   * @throws ERR_LATCHKEY_CLIENT_EXISTS if `clientId` is taken
   */
  register(options: ClientOptions<Scope>): Promise<RegisteredClient>;
  get(clientId: string): Promise<Client | undefined>;
  /**
   * Lists clients in the order of registration, from the one after `after`. `limit` is 100 by
   * default and at most 1 000.
   */
  list(page?: { readonly after?: string; readonly limit?: number }): Promise<readonly Client[]>;
  /** Changes a client. Returns undefined if it does not exist. */
  update(clientId: string, changes: ClientChanges<Scope>): Promise<Client | undefined>;
  /**
   * Gives a confidential client a new secret. Old ones stay valid for `overlapMs` milliseconds, 0
   * by default. Returns undefined if there is no such client.
   */
  rotateSecret(
    clientId: string,
    options?: { readonly overlapMs?: number },
  ): Promise<RegisteredClient | undefined>;
  /** Removes a client and ends its grants and tokens. Returns true if this call removed it. */
  remove(clientId: string): Promise<boolean>;
}

/** The clients, and what the server itself needs of them. */
export interface ClientRegistry {
  readonly clients: Clients;
  /** Whether a secret is a valid one of the client. */
  readonly proves: (clientId: string, secret: string) => Promise<boolean>;
}

const CLIENT = 'oauth_client';
const SECRET = 'client_secret';
const ALL: Owner = { kind: CLIENT, by: 'subject', id: CLIENT };
const secretOwner = (clientId: string): Owner => ({ kind: SECRET, by: 'client', id: clientId });
const MOST_SECRETS = 1_000;

/**
 * Stores clients as records of the credential store, next to their secrets, of which only digests
 * are stored.
 *
 * @param removed Ends the grants and tokens of a removed client.
 */
export function clientRegistry(
  store: CredentialStore,
  removed: (clientId: string) => Promise<void>,
): ClientRegistry {
  const secrets = createCredentialManager({
    kind: SECRET,
    name: 'clients',
    prefix: 'client',
    environments: ['secret'],
    store,
    ttlMs: null,
    flushUsage: async () => {},
    notify: () => {},
  });

  const find = async (clientId: string): Promise<StoredRecord | undefined> => {
    const digest = digestOfClient(clientId);
    const record = checked(await store.findById(idOf(digest)), digest);
    return record?.revokedAt === null ? record : undefined;
  };
  const get = async (clientId: string): Promise<Client | undefined> => {
    const record = await find(clientId);
    return record && toClient(record);
  };
  const issueSecret = async (clientId: string): Promise<string> =>
    (await secrets.issue({ subject: clientId, clientId, scopes: [] })).secret;
  const endSecrets = async (clientId: string, but: string, overlapMs: number): Promise<void> => {
    const now = Date.now();
    const held = await store.list(secretOwner(clientId), { limit: MOST_SECRETS });
    for (const { id, digest, revokedAt } of held) {
      if (digest === but || revokedAt !== null) {
        continue;
      }
      await (overlapMs === 0 ? store.revoke(id, now) : store.expireAt(id, now + overlapMs));
    }
  };

  const clients: Clients = {
    async register(options) {
      checkOptions('clients.register()', optionsSchema, options);
      const client = complete(options, Date.now());
      checkOptions('clients.register()', clientSchema, client);
      if (!(await store.insert(toRecord(client)))) {
        throw typeError(
          'ERR_LATCHKEY_CLIENT_EXISTS',
          'clients.register(): option "clientId" is taken',
        );
      }
      return {
        client,
        secret: client.type === 'confidential' ? await issueSecret(client.clientId) : undefined,
      };
    },
    get,
    async list(page = {}) {
      checkOptions('clients.list()', pageSchema, page);
      const { limit = 100 } = page;
      const live: StoredRecord[] = [];
      let after = page.after === undefined ? undefined : idOf(digestOfClient(page.after));
      let records: readonly StoredRecord[];
      // The store also lists removed clients, so what is left of one of its pages may be less than
      // a page.
      do {
        records = await store.list(ALL, { after, limit });
        live.push(...records.filter(({ revokedAt }) => revokedAt === null));
        after = records.at(-1)?.id;
      } while (records.length === limit && live.length < limit);
      return live.slice(0, limit).map(toClient);
    },
    async update(clientId, changes) {
      checkOptions('clients.update()', changesSchema, changes);
      const before = await get(clientId);
      if (!before) {
        return undefined;
      }
      const client = { ...before, ...withoutAbsent(changes) };
      checkOptions('clients.update()', clientSchema, client);
      const { id, name, scopes, metadata } = toRecord(client);
      const record = await store.update(id, { name, scopes, metadata });
      return record && toClient(record);
    },
    async rotateSecret(clientId, options = {}) {
      checkOptions('clients.rotateSecret()', rotateSchema, options);
      const client = await get(clientId);
      if (client?.type !== 'confidential') {
        return undefined;
      }
      const secret = await issueSecret(clientId);
      await endSecrets(clientId, digestOf(secret), options.overlapMs ?? 0);
      return { client, secret };
    },
    async remove(clientId) {
      const now = Date.now();
      const done = await store.revoke(idOf(digestOfClient(clientId)), now);
      await store.revokeAll(secretOwner(clientId), now);
      await removed(clientId);
      return done;
    },
  };

  return {
    clients,
    async proves(clientId, secret) {
      const digest = digestOf(secret);
      const record = checked(await store.find(digest), digest);
      return (
        record?.kind === SECRET &&
        record.clientId === clientId &&
        record.revokedAt === null &&
        (record.expiresAt === null || record.expiresAt > Date.now())
      );
    },
  };
}

/** @throws ERR_LATCHKEY_STORE if the store returned another record */
const checked = (record: StoredRecord | undefined, digest: string): StoredRecord | undefined =>
  record && (checkRecord(record, digest) as StoredRecord);

/**
 * The digest that a client is stored under. No credential has it, because none contains a space.
 */
const digestOfClient = (clientId: string): string => digestOf(`${CLIENT} ${clientId}`);

function toRecord({ clientId, name, scopes, registeredAt, ...rest }: Client): StoredRecord {
  const digest = digestOfClient(clientId);
  const { type, applicationType, redirectUris, grantTypes, resourceServer } = rest;
  return {
    id: idOf(digest),
    kind: CLIENT,
    digest,
    subject: CLIENT,
    clientId,
    name,
    scopes,
    issuedAt: registeredAt,
    metadata: { type, applicationType, redirectUris, grantTypes, resourceServer },
    expiresAt: null,
    revokedAt: null,
    hint: '',
    grantId: null,
    environment: null,
    lastUsedAt: null,
    useCount: 0,
    rotatedFrom: null,
    confirmation: null,
  };
}

function toClient({ clientId, name, scopes, issuedAt, metadata }: StoredRecord): Client {
  const client = { ...metadata, clientId, name, scopes, registeredAt: issuedAt };
  if (!clientSchema.safeParse(client).success) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'The credential store returned something that is not a client',
    );
  }
  return client as unknown as Client;
}

function complete(options: ClientOptions, registeredAt: number): Client {
  const {
    redirectUris = [],
    type = 'confidential',
    clientId = randomBytes(16).toString('hex'),
  } = options;
  const grantTypes: readonly GrantType[] =
    redirectUris.length > 0 ? ['authorization_code', 'refresh_token'] : ['client_credentials'];
  return {
    grantTypes: options.resourceServer === true && redirectUris.length === 0 ? [] : grantTypes,
    applicationType: 'web',
    resourceServer: false,
    ...withoutAbsent(options),
    redirectUris,
    type,
    clientId,
    registeredAt,
  };
}

const isListOf = (test: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(test);

const members = {
  name: check(
    'a non-empty string without control characters',
    (value) => typeof value === 'string' && /^\P{Cc}+$/u.test(value),
  ),
  scopes: check(
    'a list of scopes (RFC 6749 §3.3: visible ASCII without space, " and \\)',
    isListOf(isScopeToken),
  ),
  redirectUris: check(
    'a list of absolute URIs without fragment (RFC 6749 §3.1.2), user and password',
    isListOf(isAbsoluteUri),
  ),
  grantTypes: check(
    `a list of ${GRANT_TYPES.join(', ')}`,
    isListOf((value) => GRANT_TYPES.includes(value as GrantType)),
  ),
  resourceServer: booleanOption,
};

const described = z.strictObject({
  ...members,
  type: check(
    '"confidential" or "public"',
    (value) => value === 'confidential' || value === 'public',
  ),
  applicationType: check('"web" or "native"', (value) => value === 'web' || value === 'native'),
  clientId: check(
    '1 to 256 characters of visible ASCII',
    (value) => typeof value === 'string' && /^[!-~]{1,256}$/.test(value),
  ),
});
const optionsSchema = described.partial().extend({ name: members.name, scopes: members.scopes });

const clientSchema = described
  .extend({ registeredAt: z.number() })
  .superRefine((client, context) => {
    const { type, applicationType, redirectUris, grantTypes } = client as unknown as Client;
    const fault = (path: keyof Client, message: string) =>
      void context.addIssue({ code: 'custom', path: [path], message });
    const usesCode = grantTypes.includes('authorization_code');
    if (usesCode !== redirectUris.length > 0) {
      fault('redirectUris', 'must be there for the authorization_code grant, and for it alone');
    }
    if (grantTypes.includes('refresh_token') && !usesCode) {
      fault('grantTypes', 'must not have refresh_token without authorization_code');
    }
    if (type === 'public' && grantTypes.includes('client_credentials')) {
      fault('grantTypes', 'must not have client_credentials for a public client (RFC 6749 §4.4)');
    }
    const isNative = applicationType === 'native';
    if (!redirectUris.every((uri) => isWebUri(uri) || (isNative && isOfOwnScheme(uri)))) {
      fault(
        'redirectUris',
        isNative
          ? 'must be https, http on a loopback host, or of a private-use scheme such as com.example.app or vscode'
          : 'must be https, or http on a loopback host; only a native client may have a private-use scheme',
      );
    }
  });

const changesSchema = z.strictObject(members).partial();
const rotateSchema = z.strictObject({
  overlapMs: durationMs(0, Number.MAX_SAFE_INTEGER).optional(),
});
const pageSchema = z.strictObject(pageMembers);

function isAbsoluteUri(value: unknown): boolean {
  if (
    typeof value !== 'string' ||
    !/^[!-~]+$/.test(value) ||
    value.includes('#') ||
    !URL.canParse(value)
  ) {
    return false;
  }
  const { username, password } = new URL(value);
  return `${username}${password}` === '';
}

/** Schemes that a browser runs, reads or hands to a program other than the client's. */
const FOREIGN_SCHEMES: ReadonlySet<string> = new Set(
  [
    'about android-app blob chrome chrome-extension chrome-search cid content data edge feed file filesystem ftp ftps gopher http https',
    'intent jar javascript ldap ldaps livescript mailto mhtml mid mk mocha moz-extension ms-browser-extension ms-its news nfs res resource',
    'safari-extension safari-web-extension sftp sip sips sms smsto smb ssh tel telnet urn vbscript view-source ws wss wyciwyg',
  ].flatMap((line) => line.split(' ')),
);

/** A private-use scheme (RFC 8252 §7.1). Many apps have one without a dot, such as `vscode:`. */
const isOfOwnScheme = (uri: string): boolean =>
  !FOREIGN_SCHEMES.has(new URL(uri).protocol.slice(0, -1));

/** RFC 9700 §2.6 forbids plain http except on loopback hosts. */
function isWebUri(value: string): boolean {
  const { protocol } = new URL(value);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(value));
}
