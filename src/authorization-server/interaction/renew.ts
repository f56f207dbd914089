import type { Interaction, Provider } from 'oidc-provider';

import { omitUndefined } from '../../internal/objects';
import { renewId } from './interaction-id';
import type { LoginResult } from './login-result';
import {
  type CookiePlace,
  saveInteraction,
  setInteractionCookies,
  type StoredInteraction,
} from './provider-interaction';

/** Where the cookies of an interaction are set. */
export interface InteractionCookies extends CookiePlace {
  /** Path of the login and consent pages. */
  readonly pagePath: string;
  /** Path at which oidc-provider continues. */
  readonly resumePath: string;
}

/**
 * Stores the login under a new ID and gives it to this browser alone. The interaction under the old
 * ID stays without a login, so a browser that knew the ID before (session fixation) gets no further
 * than the login page.
 */
export async function renewInteraction(
  provider: Provider,
  pending: Interaction,
  login: LoginResult,
  { pagePath, resumePath, ...place }: InteractionCookies,
): Promise<Interaction> {
  const { returnTo, prompt, params, trusted, cid, parJti, deviceCode } =
    pending as StoredInteraction;
  const renewed = await saveInteraction(provider, renewId(pending.uid), {
    returnTo,
    prompt,
    params,
    trusted,
    cid,
    ...omitUndefined({ parJti, deviceCode }),
    result: { login },
  });
  setInteractionCookies(provider, renewed, place, { interaction: pagePath, resume: resumePath });
  return renewed;
}
