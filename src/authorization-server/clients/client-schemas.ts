import * as z from 'zod/mini';

import { isScopeToken } from '../../credential/scopes';
import { ownerId, pageMembers } from '../../credentials/credential-schemas';
import {
  booleanOption,
  check,
  durationMs,
  isSecureUrl,
  nonEmptyString,
} from '../../internal/options';
import {
  AUTH_METHODS,
  type Client,
  type ClientAuthMethod,
  DEVICE_CODE,
  GRANT_TYPES,
} from './client';
import { isPublicJwks } from './client-keys';
import { isAbsoluteUri, isLoopbackHttps, isPrivateUseUri, isWebUri } from './redirect-uris';
import { isVisibleName } from './visible-text';

const LONGEST_MS = 100 * 365 * 24 * 3_600_000;

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
    isListOf((value) => GRANT_TYPES.some((one) => one === value)),
  ),
  resourceServer: booleanOption,
};
const optionalMembers = {
  firstParty: booleanOption,
  accessTokenTtlMs: z.optional(durationMs(1_000, LONGEST_MS)),
  jwks: z.optional(check('a JWK Set { keys: [ … ] } of public keys', isPublicJwks)),
  jwksUri: z.optional(check('an https URL (http on a loopback host)', isSecureUrl)),
};

const describedSchema = z.strictObject({
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
  authMethod: check<ClientAuthMethod>(`one of ${AUTH_METHODS.join(', ')}`, (value) =>
    AUTH_METHODS.some((one) => one === value),
  ),
  ...optionalMembers,
  owner: z.optional(ownerId),
});

/** Stored clients may have invisible names, and are still read. */
const name = check<string>(
  'a non-empty string without control characters',
  (value) => typeof value === 'string' && isVisibleName(value),
);

/** What `clients.register()` accepts. */
export const optionsSchema = z.extend(z.partial(describedSchema), {
  name,
  scopes: members.scopes,
});

/** What `clients.update()` accepts. */
export const changesSchema = z.partial(z.strictObject({ ...members, name, ...optionalMembers }));

export const contextSchema = z.strictObject({ actor: z.optional(nonEmptyString) });

export const rotateSchema = z.strictObject({
  overlapMs: z.optional(durationMs(0, Number.MAX_SAFE_INTEGER)),
});

export const pageSchema = z.strictObject({ ...pageMembers, owner: z.optional(ownerId) });

/** A complete client, with the rules across its members. */
export const clientSchema = z
  .extend(describedSchema, {
    registeredAt: z.number(),
    verified: z.boolean(),
    expiresAt: z.optional(z.number()),
  })
  .check(
    z.superRefine((client, context) => {
      for (const [path, message] of clientFaults(client as unknown as Client)) {
        context.addIssue({ code: 'custom', path: [path], message });
      }
    }),
  );

type Fault = readonly [member: keyof Client, message: string];

const clientFaults = (client: Client): readonly Fault[] => [
  ...grantFaults(client),
  ...authenticationFaults(client),
  ...redirectUriFaults(client),
];

function grantFaults({ type, redirectUris, grantTypes }: Client): readonly Fault[] {
  const faults: Fault[] = [];
  const usesCode = grantTypes.includes('authorization_code');
  if (usesCode !== redirectUris.length > 0) {
    faults.push([
      'redirectUris',
      'must be there for the authorization_code grant, and for it alone',
    ]);
  }
  const hasUsers = usesCode || grantTypes.includes(DEVICE_CODE);
  if (grantTypes.includes('refresh_token') && !hasUsers) {
    faults.push([
      'grantTypes',
      'must not have refresh_token without authorization_code or the device grant',
    ]);
  }
  if (type === 'public' && grantTypes.includes('client_credentials')) {
    faults.push([
      'grantTypes',
      'must not have client_credentials for a public client (RFC 6749 §4.4)',
    ]);
  }
  return faults;
}

function authenticationFaults({ type, authMethod, jwks, jwksUri }: Client): readonly Fault[] {
  const faults: Fault[] = [];
  if ((type === 'public') !== (authMethod === 'none')) {
    faults.push(['authMethod', 'must be "none" for a public client, and for it alone']);
  }
  const hasKeys = jwks !== undefined || jwksUri !== undefined;
  if (hasKeys !== (authMethod === 'private_key_jwt')) {
    faults.push([
      'authMethod',
      'must be "private_key_jwt" for a client with "jwks" or "jwksUri", and for it alone',
    ]);
  }
  if (jwks !== undefined && jwksUri !== undefined) {
    faults.push(['jwksUri', 'must not be given together with "jwks"']);
  }
  return faults;
}

function redirectUriFaults({ applicationType, redirectUris }: Client): readonly Fault[] {
  const isNative = applicationType === 'native';
  if (isNative && redirectUris.some(isLoopbackHttps)) {
    return [['redirectUris', 'must not be https on a loopback host for a native client']];
  }
  if (redirectUris.every((uri) => isWebUri(uri) || (isNative && isPrivateUseUri(uri)))) {
    return [];
  }
  return [
    [
      'redirectUris',
      isNative
        ? 'must be https, http on a loopback host, or of a private-use scheme such as com.example.app or vscode'
        : 'must be https, or http on a loopback host; only a native client may have a private-use scheme',
    ],
  ];
}
