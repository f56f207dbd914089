import type { Provider } from 'oidc-provider';

import type { LoginResult } from './login-result';
import { redirect, type Step } from './step';

/** How an interaction ends: with a grant, or with an error for the client. */
export type Outcome = Granted | Refused;

export interface Granted {
  readonly login: LoginResult;
  readonly grant: InstanceType<Provider['Grant']>;
  /** Scopes that the user agreed to. */
  readonly scopes: readonly string[];
}

export interface Refused {
  readonly error: string;
  readonly error_description: string;
}

export const isGranted = (outcome: Outcome): outcome is Granted => 'grant' in outcome;

export const DENIED: Refused = {
  error: 'access_denied',
  error_description: 'the user did not allow it',
};

/**
 * Stores the outcome and sends the user to the authorization endpoint, where oidc-provider
 * continues.
 */
export async function continueAtClient(
  { pending, res, authorizePath, publicId }: Step,
  outcome: Outcome,
): Promise<void> {
  pending.result = isGranted(outcome)
    ? { login: outcome.login, consent: { grantId: outcome.grant.jti } }
    : { ...outcome };
  await pending.persist();
  redirect(res, `${authorizePath}/${publicId}`);
}
