import type { Interaction as ProviderInteraction } from 'oidc-provider';

import { typeError } from '../../internal/errors';
import { omitUndefined } from '../../internal/objects';
import type { Interaction, User } from './interaction';

/** The login as oidc-provider stores it with the interaction. */
export type LoginResult = {
  readonly accountId: string;
  /** When the user logged in, in seconds since the epoch. */
  readonly ts: number;
  readonly acr?: string;
  readonly name?: string;
};

/**
 * Converts what a `login` function returned.
 * @throws ERR_LATCHKEY_INTERACTION if it is not a user
 */
export function toLoginResult({ subject, name, authTime = Date.now(), acr }: User): LoginResult {
  if (typeof subject !== 'string' || subject === '') {
    throw typeError(
      'ERR_LATCHKEY_INTERACTION',
      'authorizationServer(): login must return a user with a "subject", a non-empty string',
    );
  }
  return {
    accountId: subject,
    ts: Math.floor(authTime / 1000),
    ...omitUndefined({ acr, name }),
  };
}

/** Returns the login of an interaction, or undefined if nobody has logged in yet. */
export const loginOf = ({ result }: ProviderInteraction): LoginResult | undefined =>
  result?.login as LoginResult | undefined;

export const toUser = ({ accountId, name, acr, ts }: LoginResult): User => ({
  subject: accountId,
  authTime: ts * 1000,
  ...omitUndefined({ name, acr }),
});

/**
 * Returns the error code for a login that does not meet the client's request, or undefined. Without
 * the error, the client would repeat the same request in a loop.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9470#section-5
 */
export function unmetRequirement(
  { request, startedAt }: Interaction,
  login: LoginResult,
): string | undefined {
  const { acrValues, maxAgeMs, prompt } = request;
  const isNew = login.ts * 1000 >= startedAt;
  if (acrValues.length > 0 && !acrValues.includes(login.acr ?? '')) {
    return 'unmet_authentication_requirements';
  }
  if (maxAgeMs !== undefined && !isNew && Date.now() - login.ts * 1000 > maxAgeMs) {
    return 'unmet_authentication_requirements';
  }
  return prompt.includes('login') && !isNew ? 'login_required' : undefined;
}
