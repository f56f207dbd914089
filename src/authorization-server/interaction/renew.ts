import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Interaction, Provider } from 'oidc-provider';

import { omitUndefined } from '../../internal/objects';
import { renewId } from './interaction-id';
import type { LoginResult } from './login-result';
import { INTERACTION_TTL_S } from './time-to-live';

/** Where the cookies of an interaction are set. */
export interface InteractionCookies {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
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
  { req, res, pagePath, resumePath }: InteractionCookies,
): Promise<Interaction> {
  const { returnTo, prompt, params, trusted, cid, parJti, deviceCode } = pending as Stored;
  const Model = provider.Interaction as unknown as InteractionModel;
  const renewed = new Model(renewId(pending.uid), {
    returnTo,
    prompt,
    params,
    trusted,
    cid,
    ...omitUndefined({ parJti, deviceCode }),
    result: { login },
  });
  await renewed.save(INTERACTION_TTL_S);
  const { cookies } = provider.createContext(req, res);
  const options = {
    httpOnly: true,
    sameSite: 'lax',
    overwrite: true,
    maxAge: INTERACTION_TTL_S * 1000,
  } as const;
  cookies.set(provider.cookieName('interaction'), renewed.uid, { ...options, path: pagePath });
  cookies.set(provider.cookieName('resume'), renewed.uid, { ...options, path: resumePath });
  return renewed;
}

/** `parJti` and `deviceCode` are missing from the types of oidc-provider. */
interface Stored extends Interaction {
  readonly parJti?: string;
  readonly deviceCode?: string;
}

/** The constructor's parameters are missing from the types of oidc-provider. */
type InteractionModel = new (id: string, payload: Partial<Interaction>) => Interaction;
