import type { AccessToken, ClientCredentials, Configuration } from 'oidc-provider';

import { typeError } from '../../internal/errors';
import { omitUndefined } from '../../internal/objects';
import { isObject } from '../../internal/type-guards';
import type { IssuedFor } from '../feature-options';
import { toClient } from './client-metadata';
import type { WithDeadline } from './deadlines';
import type { ProviderOptions } from './provider-options';

/** Claims that the server sets itself, in JWTs and in introspection responses. */
const RESERVED: ReadonlySet<string> = new Set([
  '__proto__',
  'acr',
  'act',
  'active',
  'aud',
  'auth_time',
  'authorization_details',
  'client_id',
  'cnf',
  'exp',
  'grant_id',
  'iat',
  'iss',
  'jti',
  'nbf',
  'scope',
  'sid',
  'sub',
  'token_type',
]);

/** Returns the claims of an access token that oidc-provider does not set. */
export function tokenClaims(
  options: ProviderOptions,
  deadline: WithDeadline,
): Configuration['extraTokenClaims'] {
  const { signing, features } = options;
  return async ({ oidc: { entities } }, token) => {
    const { authTime, acr } =
      entities.RefreshToken ?? entities.AuthorizationCode ?? entities.DeviceCode ?? {};
    const issued = toIssued(token, options);
    const claims = issued && (await deadline(async () => toClaims(await features.claims(issued))));
    return {
      ...claims,
      ...omitUndefined({
        auth_time: authTime,
        acr,
        // Lets guards reject a JWT whose grant has ended. Records of opaque tokens have it anyway.
        grant_id: signing.opaque ? undefined : grantOf(token),
      }),
    };
  };
}

type IssuedToken = AccessToken | ClientCredentials;

const grantOf = (token: IssuedToken): string | undefined =>
  token.kind === 'AccessToken' ? token.grantId : undefined;

function toIssued(token: IssuedToken, { audiences }: ProviderOptions): IssuedFor | undefined {
  const { client: providerClient, scope, aud = audiences[0] } = token;
  if (!providerClient) {
    return undefined;
  }
  const client = toClient(providerClient);
  return {
    subject: token.kind === 'AccessToken' ? token.accountId : client.clientId,
    client,
    scopes: scope?.split(' ') ?? [],
    audience: String(aud),
  };
}

/**
 * Converts what `claims` returned to JSON without reserved members.
 * @throws {TypeError} `ERR_LATCHKEY_CLAIMS` if it is not an object of JSON values
 */
function toClaims(returned: unknown): object {
  if (!isObject(returned)) {
    throw typeError(
      'ERR_LATCHKEY_CLAIMS',
      'authorizationServer(): claims must return an object of JSON values',
    );
  }
  const claims = Object.entries(returned).filter(([name]) => !RESERVED.has(name));
  return JSON.parse(JSON.stringify(Object.fromEntries(claims))) as object;
}
