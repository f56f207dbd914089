import type { IncomingMessage } from 'node:http';

import * as z from 'zod/mini';

import type { Clients } from '../authorization-server/clients/client';
import type { ServerGrants } from '../authorization-server/server-grants';
import {
  isScopeDeclaration,
  type ScopeCatalogue,
  scopeCatalogue,
  type ScopeDeclaration,
} from '../credential/scopes';
import { isSecretWord } from '../credential/secret';
import type { CredentialManager } from '../credentials/manager-types';
import {
  arrayOf,
  check,
  checkOptions,
  durationMs,
  functionOption,
  nonEmptyString,
  objectWithMethods,
} from '../internal/options';
import { isObject } from '../internal/type-guards';
import type { StateStore } from '../stores/store';
import { STATE_STORE_METHODS } from '../stores/store-methods';
import type { FindAccount } from './account';

/** What users manage, and within which limits. */
export interface ManagementOptions<R extends IncomingMessage = IncomingMessage> {
  /** What `apiKeys()` returned. */
  readonly keys: CredentialManager;
  /**
   * `clients` of an authorization server: users register and manage their own apps.
   * @default no apps
   */
  readonly clients?: Clients;
  /**
   * `grants` of an authorization server: users see and revoke the apps that act for them.
   * @default no connected apps
   */
  readonly grants?: ServerGrants;
  /**
   * Returns who is logged in, and which scopes they may grant. Undefined stands for nobody: the API
   * responds with 401, and the pages go to `loginUrl`. If it throws or rejects, the response is
   * 503.
   */
  readonly account: FindAccount<R>;
  /** The scopes as you declared them for `latchkey()`, shown with their descriptions. */
  readonly scopes: ScopeDeclaration;
  /**
   * The environments that keys may be created for. The first is the default.
   * @default that of `apiKeys()`
   */
  readonly environments?: readonly string[];
  /**
   * How many keys an account may have, without those that are expired, revoked or replaced.
   * @default no limit
   */
  readonly maxKeys?: number;
  /**
   * How long a key may be valid after it was created, in milliseconds. It is also the lifetime of
   * keys that are created without an expiry.
   * @default no limit
   */
  readonly maxLifetimeMs?: number;
  /**
   * Where the API keeps the responses to requests with an `Idempotency-Key`, encrypted, for one
   * hour. Pass the store of your keys if several instances serve the API.
   * @default the memory of this instance
   */
  readonly idempotencyStore?: StateStore;
  /** Where the pages send users who are not logged in. The API ignores it. @default none: 401 */
  readonly loginUrl?: string;
  /**
   * A URL of your API, for the test request next to a new key. The API ignores it.
   * @default the origin of the pages
   */
  readonly testUrl?: string;
  /** Look, language and texts of the pages. The API ignores it. @default plain pages */
  readonly pages?: object;
}

/** The options with their defaults. */
export interface ManagementContext<R extends IncomingMessage = IncomingMessage> extends Omit<
  ManagementOptions<R>,
  'scopes'
> {
  readonly scopes: ScopeCatalogue;
  /** The scopes as they were declared. */
  readonly declaration: ScopeDeclaration;
}

const LONGEST_MS = 100 * 365 * 24 * 3_600_000;

const schema = z.strictObject({
  keys: objectWithMethods(
    ...['issue', 'get', 'list', 'update', 'rotate', 'revoke', 'disable', 'enable', 'usage'],
  ),
  clients: z.optional(
    objectWithMethods('register', 'get', 'list', 'update', 'rotateSecret', 'remove'),
  ),
  grants: z.optional(objectWithMethods('list', 'get', 'revoke')),
  account: functionOption,
  scopes: check('a list of scopes, or a record from scope to description', isScopeDeclaration),
  environments: z.optional(
    arrayOf('words of 1 to 32 lower-case letters and digits, a letter first', isSecretWord),
  ),
  maxKeys: z.optional(
    check('a positive whole number', (value) => Number.isSafeInteger(value) && Number(value) > 0),
  ),
  maxLifetimeMs: z.optional(durationMs(1_000, LONGEST_MS)),
  idempotencyStore: z.optional(objectWithMethods(...STATE_STORE_METHODS)),
  loginUrl: z.optional(nonEmptyString),
  testUrl: z.optional(check('a URL', (value) => typeof value === 'string' && URL.canParse(value))),
  pages: z.optional(check('an object', isObject)),
});

/**
 * Checks the options of `managementApi()` and `managementPages()`.
 *
 * @param where The function, such as `managementApi()`, for the message.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is missing, unknown or invalid
 * @throws {TypeError} `ERR_LATCHKEY_SCOPE` if a scope is malformed, or implies one not declared
 */
export function resolveManagementOptions<R extends IncomingMessage>(
  where: string,
  options: ManagementOptions<R>,
): ManagementContext<R> {
  checkOptions(where, schema, options);
  const { scopes, ...others } = options;
  return { ...others, scopes: scopeCatalogue(scopes), declaration: scopes };
}
